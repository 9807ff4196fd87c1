"""Priority for a collector, so that a busy machine does not make it lose samples."""

from __future__ import annotations

import contextlib
import os

NICE = -20
AUTOGROUP = "/proc/self/autogroup"
"""The nice value of a session (kernel/sched/autogroup.c): that of a process counts within its session alone."""


def raise_priority(whole_session: bool = True) -> str:
    """Give this process the highest priority that there is by nice; says what came of it.

    With `whole_session` also to its session, where it leads one: others in it are there because of it.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except PermissionError:
        return "the collector runs at normal priority: it may not raise it (CAP_SYS_NICE)"
    if whole_session and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError), open(AUTOGROUP, "w") as file:
            file.write(str(NICE))
    return f"the collector runs at nice {NICE}"
