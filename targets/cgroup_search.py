"""Finding control groups: by the id that the kernel side gives, and by what a person typed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from .cgroups import CgroupLayout, own_layout
from .titles import clean

FOLDERS = 20_000
"""How many groups are looked at and remembered."""

WALK_EVERY_S = 1.0
_MEMBERSHIP = re.compile(r"^\d+:[^:]*:(/.*)$")


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A control group that exists: its path in the hierarchy, its folder, and the folder's id."""

    path: str
    folder: Path
    id: int


class CgroupNotFound(ValueError):
    """Nothing by that name; `near` are paths of groups that may have been meant."""

    def __init__(self, text: str, near: tuple[str, ...], why: str = "") -> None:
        shown = ", ".join(clean(path) for path in near)
        hint = f"; did you mean {shown}?" if near else ""
        super().__init__(f"no control group {clean(text)}{f': {why}' if why else ''}{hint}")
        self.near = near


class CgroupIndex:
    """Paths of groups by their folder's id. Groups that are gone keep their paths until the bound is reached."""

    def __init__(self, layout: CgroupLayout | None = None, bound: int = FOLDERS) -> None:
        self._layout = layout or own_layout()
        self._bound = bound
        self._paths: dict[int, str] = {}
        self._walked = -WALK_EVERY_S

    def path_of(self, folder_id: int) -> str:
        """The path of a group, empty when unknown. Looks through the mounted folders at most once a second."""
        if folder_id not in self._paths and time.monotonic() - self._walked >= WALK_EVERY_S:
            self._walk()
            self._walked = time.monotonic()
        return self._paths.get(folder_id, "")

    def remember(self, path: str) -> None:
        """Know a group while it is there: it may be gone before it is asked for."""
        try:
            if self._layout is not None and path:
                self._paths[self._layout.folder_id(path)] = path
        except OSError:
            pass

    def _walk(self) -> None:
        if self._layout is None:
            return
        for path, folder_id in walk(self._layout, self._bound):
            self._paths.pop(folder_id, None)
            self._paths[folder_id] = path
        while len(self._paths) > self._bound:
            del self._paths[next(iter(self._paths))]


def walk(layout: CgroupLayout, bound: int = FOLDERS) -> Iterator[tuple[str, int]]:
    """Path and id of the groups that are mounted, those near the root first, at most `bound`."""
    try:
        level = [(layout.path_from_folder(layout.mount.folder), layout.mount.folder.stat().st_ino)]
    except OSError:
        return
    while level and bound > 0:
        yield from level[:bound]
        bound -= len(level)
        level = [below for path, _ in level for below in _below(layout, path)] if bound > 0 else []


def resolve_cgroup(text: str, layout: CgroupLayout | None = None) -> Cgroup:
    """The group meant by a folder's path, a path below the mount, or a line or path as in `/proc/PID/cgroup`.

    Raises CgroupNotFound, with near matches.
    """
    layout = layout or own_layout()
    if layout is None:
        raise CgroupNotFound(text, (), "no control groups are mounted here")
    for path in _readings(text, layout):
        folder = layout.folder(path)
        try:
            if folder is not None and folder.is_dir():
                return Cgroup(layout.path_from_folder(folder), folder, folder.stat().st_ino)
        except (OSError, ValueError):
            continue
    raise CgroupNotFound(text, _near(text, layout))


def _below(layout: CgroupLayout, path: str) -> list[tuple[str, int]]:
    folder = layout.folder(path)
    try:
        with os.scandir(folder) as entries:
            return [
                (f"{path.rstrip('/')}/{entry.name}", entry.inode())
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []


def _readings(text: str, layout: CgroupLayout) -> Iterator[str]:
    """The paths in the hierarchy that a text may stand for, the likeliest first."""
    membership = _MEMBERSHIP.match(text)
    if membership:
        yield layout.from_root(membership[1])
        return
    if text.startswith("/"):
        real = Path(os.path.realpath(text)) if "\0" not in text else Path("/")
        for mount in (layout.mount, *layout.mounts):
            seen = CgroupLayout(mount.version, "", mount)
            folder = Path(os.path.realpath(mount.folder))
            if real.is_relative_to(folder):
                yield seen.path_from_folder(mount.folder / real.relative_to(folder))
    yield "/" + text.strip("/")


def _near(text: str, layout: CgroupLayout) -> tuple[str, ...]:
    """Up to three groups whose last folder contains, or nearly is, the last folder asked for."""
    wanted = text.rstrip("/").rsplit("/", 1)[-1]
    by_name: dict[str, str] = {}
    for path, _ in walk(layout):
        by_name.setdefault(path.rsplit("/", 1)[-1], path)
    by_name.pop("", None)
    containing = [name for name in by_name if wanted and wanted in name]
    close = get_close_matches(wanted[:200], by_name, n=3, cutoff=0.6)
    return tuple(by_name[name] for name in list(dict.fromkeys([*containing, *close]))[:3])
