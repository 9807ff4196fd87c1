"""Recording without a screen: collect, fold, and hand the window to a sink."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass

from ..profiles.delta import Notice
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
    session = Session(options, lambda stage: None, end_with_target=True)
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True
        session.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    profile = Profile()
    try:
        for delta in session.deltas(seconds):
            profile.fold(delta)
            for notice in delta.notices:
                tell(notice)
        if sink is not None:
            sink.write(profile)
    finally:
        session.close(terminate=interrupted)
    return Recording(profile, session.exit_status)
