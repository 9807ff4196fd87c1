"""What samples are worth where it is known how long their threads ran."""

from __future__ import annotations

import time

from icetop.sampler.run_times import RunTimes
from icetop.sampler.wait_side import Ran
from icetop.sampler.who import RawCount

MS = 1_000_000
OLD, NEW = 1, time.clock_gettime_ns(time.CLOCK_BOOTTIME) + 1_000_000 * MS


def row(stack: int, samples: int, start_ns: int = NEW, tid: int = 7) -> RawCount:
    return RawCount(stack, start_ns, 0, 7, tid, "x", samples)


def ran(milliseconds: int, start_ns: int = NEW, tid: int = 7) -> Ran:
    return Ran(0, start_ns, 0, 7, tid, "another name", milliseconds * MS)


def values(times: RunTimes, rows: list[RawCount], *turns: Ran) -> list[float]:
    return [value / MS for value in times.values(rows, turns)]


def test_samples_share_what_their_thread_ran() -> None:
    """Each as many parts as it has ticks, to the last nanosecond; another thread's are its own."""
    times = RunTimes(10 * MS)
    assert values(times, [row(1, 2), row(2, 10), row(1, 1, tid=8)], ran(100), ran(50), ran(200, tid=8)) == [
        25,
        125,
        200,
    ]
    thirds = list(times.values([row(1, 1), row(2, 1), row(3, 1)], [Ran(0, NEW, 0, 7, 7, "", 100)]))
    assert sum(thirds) == 100


def test_what_ran_without_a_tick_goes_to_the_next_ones() -> None:
    times = RunTimes(10 * MS)
    assert values(times, [row(1, 10)], ran(110)) == [110]
    assert values(times, [], ran(30)) == []
    assert values(times, [row(1, 1)], ran(4)) == [34]


def test_a_thread_that_runs_for_a_few_ticks_alone_is_left_to_them() -> None:
    """They are right together: some have more than their due and others none. What they had counts later."""
    times = RunTimes(10 * MS)
    assert values(times, [row(1, 3)], ran(8)) == [30]
    assert values(times, [row(1, 1)], ran(3)) == [10]
    assert values(times, [row(1, 8)], ran(120)) == [91]


def test_what_is_not_followed_is_counted_in_ticks() -> None:
    times = RunTimes(10 * MS)
    assert values(times, [row(1, 30)]) == [300]


def test_a_thread_that_ran_before_it_was_followed_has_its_ticks_at_first() -> None:
    times = RunTimes(10 * MS)
    assert values(times, [row(1, 30, OLD)], ran(10, OLD)) == [300]
    assert values(times, [row(1, 30, OLD)], ran(290, OLD)) == [290]
