"""Priority for a collector, so that a busy machine does not make it lose samples."""

from __future__ import annotations

import os

NICE = -20


def raise_priority() -> str:
    """Give this process the highest priority that there is by nice; says what came of it."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except PermissionError:
        return "the collector runs at normal priority: it may not raise it (CAP_SYS_NICE)"
    return f"the collector runs at nice {NICE}"
