"""Intervals by a wall clock that is set."""

from __future__ import annotations

import time

import pytest
from icetop.sampler.intervals import Intervals

SECOND = 1_000_000_000


def test_intervals_follow_on_one_another_and_begin_anew_where_the_clock_was_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wall, steady = [1000 * SECOND], [5 * SECOND]
    monkeypatch.setattr(time, "time_ns", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic_ns", lambda: steady[0])
    intervals = Intervals()

    def after(wall_s: float, steady_s: float) -> tuple[float, float]:
        wall[0] += round(wall_s * SECOND)
        steady[0] += round(steady_s * SECOND)
        start, end = intervals.next()
        return start / SECOND, end / SECOND

    assert after(1, 1) == (1000, 1001)
    assert after(1.01, 1) == (1001, 1002.01), "a clock that is slewed"
    assert after(-0.5, 0.1) == (1002.01, 1002.01), "never backwards by a little"
    assert after(0.6, 0.1) == (1002.01, 1002.11)
    assert after(-3600, 1) == (-2598.89, -2597.89), "set back an hour"
    assert after(1, 1) == (-2597.89, -2596.89)
    assert after(7200, 2) == (4601.11, 4603.11), "set forward, or slept"
