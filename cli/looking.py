"""What was saved, as commands look at it: a file or a recording, the time that was asked for, the kind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..profiles.source import Source
from ..profiles.view import EVERYTHING, Stretch, View
from .output import Failure

if TYPE_CHECKING:
    from ..profiles.profile import Profile
    from ..snapshots.file_source import FileSource
    from ..snapshots.limits import Limits
    from ..snapshots.recording import Recording

SHOWN_FIRST_NS = 300_000_000_000
"""How much of a recording is read for the screen when no range was asked for: its end."""


def look(paths: Sequence[str], span: str | None, view: View, limits: Limits) -> tuple[Profile, View]:
    """What is saved under these paths, as far as the range needs it, and the view of it: with the kind that there is
    first, where none was asked for, and the stretch that was."""
    from ..snapshots.file_source import FileSource
    from ..snapshots.folder_source import FolderSource

    found = saved(paths, limits)
    if isinstance(found, FileSource):
        profile = found.profile()
        return profile, view_of(profile, paths[0], view, span)
    stretch = stretch_of(found, span)
    profile = FolderSource(found, limits, stretch).profile()
    return profile, replace(view_of(profile, paths[0], view, None), stretch=stretch)


def source_to_show(paths: Sequence[str], span: str | None, view: View, limits: Limits) -> tuple[Source, View]:
    """The same for the screen, which reads it as it goes. Of a recording without a range the end is read, of the rest
    only how busy the machine was."""
    from ..snapshots.file_source import FileSource
    from ..snapshots.folder_source import FolderSource

    found = saved(paths, limits)
    if isinstance(found, FileSource):
        if span is not None:
            view = view_of(found.profile(), paths[0], view, span)
        return found, replace(view, kind=known_kind(paths[0], view.kind, found.context().kinds))
    stretch = stretch_of(found, span) if span is not None else Stretch(found.end_ns - SHOWN_FIRST_NS, None)
    source = FolderSource(found, limits, stretch, outline=True)
    return source, replace(view, kind=known_kind(paths[0], view.kind, source.context().kinds), stretch=stretch)


def saved(paths: Sequence[str], limits: Limits) -> FileSource | Recording:
    """What was saved under these paths. A wrong call for several that are not all folders."""
    from ..snapshots.folder_source import saved_source

    file = next((path for path in paths if not os.path.isdir(path)), None)
    if len(paths) > 1 and file is not None:
        raise click.UsageError(f"{file}: it is no folder: several are shown as one only when they are recordings")
    return saved_source(paths, limits)


def stretch_of(recording: Recording, span: str | None) -> Stretch:
    """The part of a recording that a range means. A wrong call where it is none, Failure where nothing lies in it."""
    stretch = parsed(span, recording.start_ns, recording.end_ns) if span is not None else EVERYTHING
    if not recording.within(stretch):
        from datetime import datetime

        first, last = (
            f"{datetime.fromtimestamp(t / 1e9):%Y-%m-%d %H:%M:%S}" for t in (recording.start_ns, recording.end_ns)
        )
        raise Failure(", ".join(recording.paths), f"nothing was recorded in {span}", f"it has {first} to {last}")
    return stretch


def view_of(profile: Profile, path: str, view: View, span: str | None) -> View:
    """The view with the kind that the profile has first, where none was asked for, and the stretch that was."""
    view = replace(view, kind=known_kind(path, view.kind, profile.kinds()))
    if span is None:
        return view
    return replace(view, stretch=parsed(span, profile.timeline.start_ns, profile.timeline.end_ns))


def parsed(span: str, start_ns: int, end_ns: int) -> Stretch:
    """The stretch that a range means. Raises a usage error."""
    from ..profiles.ranges import parse_range

    try:
        return parse_range(span, start_ns, end_ns)
    except ValueError as error:
        raise click.UsageError(f"--range: {error}") from None


def known_kind(path: str, kind: str, kinds: Sequence[str]) -> str:
    """The kind to look at: the one asked for, or else the first there is."""
    if kind and kind not in kinds:
        raise Failure(path, f"it has no kind '{kind}'", f"it has {', '.join(kinds)}")
    return kind or kinds[0]
