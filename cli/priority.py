"""Priority for a collector, given before its imports: they take seconds where hundreds of threads wait for a CPU."""

from __future__ import annotations

import os

COLLECTORS = ("agent", "record")
NICE = -20


def hurry(words: list[str]) -> None:
    """Raise this process's priority if these words make it a collector, and it may. Not with a command to start, which
    would inherit it."""
    if words[:1] and words[0] in COLLECTORS and "--" not in words and hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
        except OSError:
            return  # the collector says so itself
