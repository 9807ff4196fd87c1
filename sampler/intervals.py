"""The time between drains by the wall clock, which may be set, or stand still while the machine sleeps."""

from __future__ import annotations

import time

CLOCK_SET_NS = 1_000_000_000
"""A clock that is this far from where it should be since the last interval was set."""


class Intervals:
    """Hands out intervals that follow on one another, in unix nanoseconds; after a clock was set, anew from there."""

    def __init__(self) -> None:
        self.start_ns = time.time_ns()
        self._end_ns = self.start_ns
        self._at = time.monotonic_ns()

    def next(self) -> tuple[int, int]:
        """From the end of the last one to now."""
        now, at = time.time_ns(), time.monotonic_ns()
        elapsed, self._at = at - self._at, at
        was_set = abs(now - self._end_ns - elapsed) > CLOCK_SET_NS
        start_ns = now - elapsed if was_set else self._end_ns
        self._end_ns = max(now, start_ns)
        return start_ns, self._end_ns
