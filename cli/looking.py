"""What was saved, as commands look at it: a file or a recording, the time that was asked for, the kind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..profiles.source import Source
from ..profiles.target import Target
from ..profiles.view import EVERYTHING, Baseline, Stretch, View
from ..profiles.vocabulary import shown_kinds
from ..profiles.with_baseline import WithBaseline
from .output import Failure

if TYPE_CHECKING:
    from ..profiles.profile import Profile
    from ..snapshots.file_source import FileSource
    from ..snapshots.folder_source import FolderSource
    from ..snapshots.limits import Limits
    from ..snapshots.recording import Recording

SHOWN_NAMES = 8
"""How many names are offered instead of one that nothing has."""

SHOWN_FIRST_NS = 60_000_000_000
"""How much of a recording is read for the screen when no range was asked for: its end."""


def look(
    paths: Sequence[str], span: str | None, view: View, limits: Limits, baseline: str | None = None
) -> tuple[Profile, View]:
    """What is saved under these paths, as far as the range needs it, and the view of it: with the kind that there is
    first, where none was asked for, the stretch that was, and what it is compared with."""
    from ..snapshots.file_source import FileSource, whole_profile
    from ..snapshots.folder_source import FolderSource

    found = saved(paths, limits)
    if isinstance(found, FileSource):
        beside, baseline_view = beside_of(found, limits, baseline)
        profile = found.profile() if beside is None else whole_profile(WithBaseline(found, beside), paths[0])
        return profile, with_baseline(view_of(profile, paths[0], view, span), profile, baseline, baseline_view)
    stretch = stretch_of(found, span)
    beside, baseline_view = beside_of(found, limits, baseline)
    source = FolderSource(found, limits, stretch)
    profile = source.profile() if beside is None else whole_profile(WithBaseline(source, beside), paths[0])
    return profile, replace(view_of(profile, paths[0], view, None), stretch=stretch, baseline=baseline_view)


def source_to_show(
    paths: Sequence[str], span: str | None, view: View, limits: Limits, baseline: str | None = None
) -> tuple[Source, View]:
    """The same for the screen, which reads it as it goes. Of a recording without a range the end is read, of the rest
    only how busy the machine was."""
    from ..snapshots.file_source import FileSource
    from ..snapshots.folder_source import FolderSource

    found = saved(paths, limits)
    beside, baseline_view = beside_of(found, limits, baseline)
    source: FileSource | FolderSource
    if isinstance(found, FileSource):
        if span is not None or (baseline is not None and beside is None):
            profile = found.profile()
            view = with_baseline(view_of(profile, paths[0], view, span), profile, baseline, None)
        source = found
    else:
        latest = EVERYTHING if found.of_files else Stretch(found.end_ns - SHOWN_FIRST_NS, None)
        stretch = stretch_of(found, span) if span is not None else latest
        source, view = FolderSource(found, limits, stretch, outline=True), replace(view, stretch=stretch)
    kind = known_kind(paths[0], view.kind, source.context().kinds)
    if beside is None:
        return source, replace(view, kind=kind)
    return WithBaseline(source, beside), replace(view, kind=kind, baseline=baseline_view)


def beside_of(
    found: FileSource | Recording, limits: Limits, baseline: str | None
) -> tuple[FileSource | FolderSource | None, Baseline | None]:
    """Where what is compared with comes from, where that is not what is looked at, and what a view says of it.

    It is another file or folder; of a recording also another range, since only what is needed of it is read.
    """
    from ..snapshots.file_source import FileSource
    from ..snapshots.folder_source import FolderSource

    if baseline is None:
        return None, None
    if os.path.exists(baseline):
        return saved_source_of(baseline, limits), Baseline(beside=True)
    if isinstance(found, FileSource):
        return None, None
    stretch = stretch_of(found, baseline, "--baseline")
    return FolderSource(found, limits, stretch), Baseline(stretch, beside=True)


def saved_source_of(path: str, limits: Limits) -> FileSource | FolderSource:
    """All of a file, or of a recording. Raises SourceError."""
    from ..snapshots.file_source import FileSource
    from ..snapshots.folder_source import FolderSource

    other = saved((path,), limits)
    return other if isinstance(other, FileSource) else FolderSource(other, limits)


def saved_beside(path: str) -> FileSource | FolderSource:
    """All of a file, or of a recording, to stand beside what is live: what cannot be read is said before anything is
    sampled. Raises SourceError."""
    from ..snapshots.limits import DEFAULT_LIMIT, Limits

    source = saved_source_of(path, Limits(DEFAULT_LIMIT))
    source.context()
    return source


def with_baseline(view: View, profile: Profile, baseline: str | None, known: Baseline | None) -> View:
    """The view compared with what is `known`, or else with the range of the same profile that `baseline` is."""
    if baseline is None or known is not None:
        return replace(view, baseline=known)
    line = profile.timeline
    return replace(view, baseline=Baseline(parsed(baseline, line.start_ns, line.end_ns, "--baseline")))


def saved(paths: Sequence[str], limits: Limits) -> FileSource | Recording:
    """What was saved under these paths, or comes through them where they are pipes."""
    from ..snapshots.folder_source import saved_source
    from ..snapshots.spooled import spooled

    return saved_source([spooled(path, limits) for path in paths], limits)


def stretch_of(recording: Recording, span: str | None, option: str = "--range") -> Stretch:
    """The part of a recording that a range means. A wrong call where it is none, Failure where nothing lies in it."""
    stretch = parsed(span, recording.start_ns, recording.end_ns, option) if span is not None else EVERYTHING
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
    check_places(profile, path, view.target)
    if span is None:
        return view
    return replace(view, stretch=parsed(span, profile.timeline.start_ns, profile.timeline.end_ns))


def check_places(profile: Profile, path: str, target: Target) -> None:
    """Raise Failure for the name of a container, pod, namespace or service that the profile does not have."""
    for kind, name, one in target.names():
        who = zip(profile.series, profile.labels, strict=True)
        if not any(one.matches_place(series.cgroup, labels) for series, labels in who):
            there = sorted({labels[kind] for labels in profile.labels if labels.get(kind)})
            more = " ..." if len(there) > SHOWN_NAMES else ""
            listed = f"it has {', '.join(there[:SHOWN_NAMES])}{more}" if there else f"it tells of no {kind}s"
            raise Failure(path, f"it has no {kind} '{name}'", listed)


def parsed(span: str, start_ns: int, end_ns: int, option: str = "--range") -> Stretch:
    """The stretch that an option's range means. Raises a usage error."""
    from ..profiles.ranges import parse_range

    try:
        return parse_range(span, start_ns, end_ns)
    except ValueError as error:
        what = "no such file or folder, and as a range: " if option == "--baseline" else ""
        raise click.UsageError(f"{option}: {what}{error}") from None


def known_kind(path: str, kind: str, kinds: Sequence[str]) -> str:
    """The kind to look at: the one asked for, or else the first there is."""
    there = shown_kinds(kinds)
    if kind and kind not in there:
        raise Failure(path, f"it has no kind '{kind}'", f"it has {', '.join(there)}")
    return kind or kinds[0]
