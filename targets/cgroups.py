"""Control groups: which hierarchy icetop goes by, and where a process's group is in it.

The kernel side names a group by the id of its folder (`kn->id`, which is the folder's inode). On cgroup v2 that is the
one hierarchy; on v1 and hybrid systems the v2 root may hold everybody, so that one v1 controller's hierarchy is used.
A process's path is written as in `/proc/PID/cgroup`; inside a private cgroup namespace that begins with `/../..` for
groups outside, and is turned into the path from the host's root when the host's hierarchy is mounted as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PREFERRED_CONTROLLERS = ("memory", "pids", "cpu", "cpuacct", "cpuset", "devices", "freezer", "blkio", "perf_event")
"""In this order: every container runtime makes a folder for memory."""

_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted hierarchy: its controllers (none for v2), where, and which folder of it is seen there."""

    version: int
    controllers: tuple[str, ...]
    folder: Path
    root: str

    @property
    def levels_up(self) -> int:
        """How many folders above icetop's own cgroup namespace the mount begins."""
        return _levels_up(self.root)


@dataclass(frozen=True, slots=True)
class CgroupLayout:
    """The hierarchy that icetop goes by. `controller` is empty on v2.

    `base` is the path of icetop's own cgroup namespace below a mount that begins above it.
    """

    version: int
    controller: str
    mount: Mount
    mounts: tuple[Mount, ...] = ()
    base: tuple[str, ...] = ()

    def path_of(self, memberships: dict[str, str]) -> str:
        """A process's path in this hierarchy, from what `parse_memberships` gave; empty when it is not in it."""
        return self.from_root(memberships.get(self.controller, ""))

    def from_root(self, path: str) -> str:
        """The path from the mounted root of one as in /proc/PID/cgroup; the same where that cannot be known."""
        up = _levels_up(path)
        if not path or not self.mount.levels_up or up > len(self.base):
            return path
        return "/" + "/".join([*self.base[: len(self.base) - up], *_names(path)])

    def folder(self, path: str) -> Path | None:
        """The folder of a path as `path_of` gives it, or of one that begins with `/..`; it need not exist.

        None when it is outside of what is mounted.
        """
        path = self.from_root(path) if _levels_up(path) else path
        if not path.startswith("/") or _levels_up(path) or ".." in _names(path):
            return None
        root = () if self.mount.levels_up else _names(self.mount.root)
        names = _names(path)
        return self.mount.folder.joinpath(*names[len(root) :]) if names[: len(root)] == root else None

    def folder_id(self, path: str) -> int:
        """The id by which the kernel side knows a group. Raises FileNotFoundError when there is no such group."""
        folder = self.folder(path)
        if folder is None:
            raise FileNotFoundError(f"no control group {path}")
        return folder.stat().st_ino

    def path_from_folder(self, folder: Path) -> str:
        """The path of a folder under the mount. Raises ValueError for any other folder."""
        root = () if self.mount.levels_up else _names(self.mount.root)
        return "/" + "/".join([*root, *folder.relative_to(self.mount.folder).parts])


def parse_memberships(text: str) -> dict[str, str]:
    """`/proc/PID/cgroup` as a path for each controller; the v2 hierarchy's key is empty."""
    found = {}
    for line in text.splitlines():
        _, controllers, path = ([*line.split(":", 2), "", ""])[:3]
        path = path.removesuffix(" (deleted)")
        if path.startswith("/"):
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def parse_mounts(mountinfo: str) -> tuple[Mount, ...]:
    """The cgroup mounts that `/proc/PID/mountinfo` lists (fields: proc(5))."""
    found = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind, options = before.split(), *_kind_and_options(after)
        if len(fields) < 5 or kind not in ("cgroup", "cgroup2"):
            continue
        controllers = tuple(option for option in options if option in PREFERRED_CONTROLLERS)
        version = 2 if kind == "cgroup2" else 1
        found.append(Mount(version, controllers, Path(_unescape(fields[4])), _unescape(fields[3])))
    return tuple(found)


def choose_layout(mounts: tuple[Mount, ...]) -> CgroupLayout | None:
    """The hierarchy to go by: a v1 controller's where there is one, else v2; its widest mount. None without cgroups."""
    for controller in PREFERRED_CONTROLLERS:
        chosen = _widest([mount for mount in mounts if controller in mount.controllers])
        if chosen:
            return CgroupLayout(1, controller, chosen, mounts)
    chosen = _widest([mount for mount in mounts if mount.version == 2])
    return CgroupLayout(2, "", chosen, mounts, _own_base(chosen, mounts)) if chosen else None


def read_layout(proc: Path = Path("/proc")) -> CgroupLayout | None:
    """The hierarchy to go by on this machine, None where no cgroups are mounted."""
    try:
        return choose_layout(parse_mounts((proc / "self/mountinfo").read_text(errors="replace")))
    except OSError:
        return None


@lru_cache(maxsize=1)
def own_layout() -> CgroupLayout | None:
    """`read_layout`, read once: mounts of cgroups do not move while icetop runs."""
    return read_layout()


def _kind_and_options(after: str) -> tuple[str, list[str]]:
    fields = after.split()
    return (fields[0], fields[-1].split(",")) if len(fields) >= 3 else ("", [])


def _widest(mounts: list[Mount]) -> Mount | None:
    return min(mounts, key=lambda mount: (-mount.levels_up, len(_names(mount.root))), default=None)


def _own_base(chosen: Mount, mounts: tuple[Mount, ...]) -> tuple[str, ...]:
    """Where icetop's own cgroup namespace is below the chosen mount, found by its root folder's inode."""
    own = next((mount for mount in mounts if mount.version == 2 and mount.root == "/"), None)
    if not chosen.levels_up or own is None:
        return ()
    try:
        inode = own.folder.stat().st_ino
        for folder in chosen.folder.glob("/".join(["*"] * chosen.levels_up)):
            if folder.is_dir() and folder.stat().st_ino == inode:
                return folder.relative_to(chosen.folder).parts
    except OSError:
        pass
    return ()


def _levels_up(path: str) -> int:
    names = _folders(path)
    return next((place for place, name in enumerate(names) if name != ".."), len(names))


def _names(path: str) -> tuple[str, ...]:
    """The folders of a path, without those of leading `..`."""
    return _folders(path)[_levels_up(path) :]


def _folders(path: str) -> tuple[str, ...]:
    """The names in a path that begins with a slash."""
    return tuple(name for name in path.split("/")[1:] if name not in ("", "."))


def _unescape(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)
