"""Which part of a wait that lasts is told at a reading."""

from __future__ import annotations

import pytest
from icetop.sampler.wait_side import untold

S = 1_000_000_000


@pytest.mark.parametrize(
    ("since", "woken", "accounted", "now", "parts"),
    [
        (5 * S, 0, 4 * S, 7 * S, [(2 * S, False)]),  # it began after the last reading
        (5 * S, 0, 36_000 * S, 36_001 * S, [(S, False)]),  # longer than any history: each second has its own
        (5 * S, 6 * S, 4 * S, 7 * S, [(S, False), (S, True)]),  # it may run, and has no CPU yet
        (5 * S, 5 * S, 4 * S, 7 * S, [(2 * S, True)]),  # it was preempted
        (5 * S, 6 * S, 7 * S, 8 * S, [(S, True)]),  # what lies before was told
        (5 * S, 0, 7 * S, 7 * S, []),
        (8 * S, 0, 7 * S, 7 * S, []),  # it began while this was read
        (5 * S, 9 * S, 4 * S, 7 * S, [(2 * S, False)]),  # it was woken while this was read
    ],
)
def test_each_moment_is_told_once(
    since: int, woken: int, accounted: int, now: int, parts: list[tuple[int, bool]]
) -> None:
    assert list(untold(since, woken, accounted, now)) == parts


def test_no_time_passes_while_the_machine_sleeps() -> None:
    """The clock of the kernel's programs stands still then, and so does that of readings."""
    assert list(untold(5 * S, 0, 9 * S, 9 * S + S // 10)) == [(S // 10, False)]
