"""`record` into a folder, window by window, until stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ..profiles.delta import Delta, Notice
from ..profiles.source import SourceError
from .configuration import setting
from .output import Failure, tell
from .values import Size

if TYPE_CHECKING:
    from ..sampler.options import CollectOptions
    from ..sampler.windows import Tally

DEFAULT_WINDOW = 10.0
PATIENCE = 0.1
"""Seconds that new stacks of processes that are known may wait: a recorder is read later."""

HISTORY_NS, SHORTEST_HISTORY_NS = 3600 * 10**9, 120 * 10**9
"""How much of a running recorder's time is drawn, and how long it has to have run for that."""

FORMATS = (".pb.gz", ".folded", "-")


def folder_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a recording in windows."""
    for option in (
        setting("--keep", type=Size(), metavar="SIZE", help="Into a folder: delete the oldest beyond (default: 1GiB)."),
        setting(
            "--window",
            type=click.FloatRange(1, 3600),
            metavar="SECONDS",
            help="Into a folder: the time that each file holds (default: 10).",
        ),
    ):
        function = option(function)
    return function


def wants_folder(output: str | None, window: float | None, keep: int | None) -> bool:
    """Whether what was asked for is a recording in windows. A wrong call where that does not go with the output."""
    if output is not None and (output.endswith("/") or os.path.isdir(output)):
        return True
    if window is None and keep is None:
        return False
    if output is None or output.endswith(FORMATS):
        raise click.UsageError("--window and --keep are for recording into a folder: -o FOLDER")
    return True


def record_folder(
    options: CollectOptions, folder: str, window: float | None, keep: int | None, seconds: float | None
) -> int:
    """Record windows into a folder until the end; gives the exit status, 1 when the last window could not be kept."""
    from ..profiles.timeline import SECOND
    from ..sampler.record import collect
    from ..sampler.windows import Windows
    from ..snapshots.folder_sink import DEFAULT_KEEP, FolderSink
    from ..targets.recorders import AlreadyRecording

    try:
        sink = FolderSink(folder, keep or DEFAULT_KEEP)
    except AlreadyRecording as error:
        raise Failure(folder, str(error), "one recorder a folder; -o another one") from None
    except OSError as error:
        raise Failure(f"cannot record into {folder}", error.strerror or str(error)) from None
    windows = Windows(sink, round((window or DEFAULT_WINDOW) * SECOND), tell)
    kept_last = False

    def finish() -> None:
        nonlocal kept_last
        kept_last = windows.finish()

    try:
        with failures_told():
            status = collect(replace(options, patience_s=PATIENCE), windows.fold, seconds, tell, finish)
    finally:
        sink.close()
    tell(Notice("info", folder, _summary(windows.tally)))
    return status or int(not kept_last)


def recorded_before() -> Iterator[Delta]:
    """How busy this machine was in the last hour, and what was noted, where a recorder runs: deltas without samples."""
    import time

    from ..profiles.view import Stretch
    from ..snapshots.folder_source import outline
    from ..snapshots.recording import Recording
    from ..targets.recorders import running_recorders

    now = time.time_ns()
    for recorder in running_recorders():
        try:
            recording = Recording([recorder.folder])
        except SourceError:
            continue
        if recording.start_ns < now - SHORTEST_HISTORY_NS and recording.end_ns > now - HISTORY_NS:
            stretch = Stretch(now - HISTORY_NS, now)
            notices: tuple[Notice, ...] = (Notice("info", "recorded before", f"icetop open {recorder.folder}"),)
            for delta in outline(recording, stretch):
                yield replace(delta, stage="starting", notices=notices)
                notices = ()
            return


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn what starting a collection may raise into lines for a person; a command that cannot be run ends icetop with
    the status that a shell would give."""
    from ..sampler.command import CannotStart
    from ..sampler.failures import FAILURES, notice_of

    try:
        yield
    except CannotStart as error:
        tell(notice_of(error))
        raise SystemExit(error.status) from None
    except FAILURES as error:
        raise SourceError(notice_of(error)) from None


def _summary(tally: Tally) -> str:
    dropped = f", {tally.dropped} dropped" if tally.dropped else ""
    return (
        f"{tally.kept} windows{dropped}; {tally.expected - tally.lost} samples of {tally.expected} expected, "
        f"{tally.lost} lost"
    )
