"""Recording without a screen: collect, fold, and hand what there is to a sink, at the end or window by window."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass

from ..profiles.delta import Delta, Notice
from ..profiles.profile import Profile
from ..profiles.source import Sink
from .options import CollectOptions
from .session import Session


@dataclass(frozen=True, slots=True)
class Recording:
    """What came of a recording: the profile, and the exit status of the command that was recorded (None without)."""

    profile: Profile
    exit_status: int | None


def record(
    options: CollectOptions, sink: Sink | None, seconds: float | None, tell: Callable[[Notice], None]
) -> Recording:
    """Collect for so long, until the target has ended, or until SIGINT or SIGTERM; then keep what there is.

    `tell` is told whatever a person should know. A command that still runs when the time is up is
    waited for; after a signal it is asked to end. Raises what `Session` raises, and OSError when the sink fails.
    """
    profile = Profile()
    status = collect(options, profile.fold, seconds, tell, lambda: sink.write(profile) if sink is not None else None)
    return Recording(profile, status)


def collect(
    options: CollectOptions,
    take: Callable[[Delta], None],
    seconds: float | None,
    tell: Callable[[Notice], None],
    finish: Callable[[], object],
) -> int | None:
    """Hand deltas to `take` until the end, as `record` does, then call `finish` before a command is waited for.

    Gives the exit status of the command that was recorded (None without).
    """
    session = Session(options, lambda stage: None, end_with_target=True)
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True
        session.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        for delta in session.deltas(seconds):
            take(delta)
            for notice in delta.notices:
                tell(notice)
        finish()
        if session.is_awaited and not interrupted:
            tell(Notice("info", "the time is up; the command goes on", mend="interrupt ends it"))
    finally:
        session.close(terminate=interrupted)
    return session.exit_status
