"""Priority for a collector, given before its imports: they take seconds where hundreds of threads wait for a CPU."""

from __future__ import annotations

import os

from ..sampler.priority import raise_priority

COLLECTORS = ("agent", "record")


def hurry(words: list[str]) -> None:
    """Raise this process's priority if these words make it a collector, and it may. Not with a command to start, which
    would inherit it. What came of it the collector says itself."""
    if words[:1] and words[0] in COLLECTORS and "--" not in words and hasattr(os, "setpriority"):
        raise_priority()
