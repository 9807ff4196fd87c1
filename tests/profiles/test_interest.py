"""Marks on the time line: where something changed, and hardly anywhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from icetop.profiles.interest import Interest
from icetop.profiles.profile import Profile
from icetop.tests.profile_maker import SECOND, START

from .simulated import HZ, bursty, profile_of, steady


@pytest.mark.parametrize("program", [steady, bursty])
def test_an_hour_of_one_program_has_hardly_a_mark(program: Callable[[int, int], np.ndarray]) -> None:
    assert len(Interest().changes(profile_of(program(3600, 3)), "cpu")) <= 1


def changed() -> np.ndarray:
    """Ten minutes, in whose seventh the largest function gives half of its time to another."""
    ticks = steady(600, 4)
    later = ticks[360 * HZ : 420 * HZ]
    later[np.flatnonzero(later == 0)[::2]] = 9
    return ticks


def test_a_change_is_marked_where_it_begins_and_where_it_ends() -> None:
    found = [
        ((start - START) / SECOND, (end - START) / SECOND)
        for start, end in Interest().changes(profile_of(changed()), "cpu")
    ]
    assert 350 <= found[0][0] <= 370 and found[0][1] <= 435
    assert len(found) <= 2


def test_what_grows_is_marked_the_same_as_what_is_there_at_once() -> None:
    whole, growing, interest = profile_of(changed()), profile_of(changed()[: 100 * HZ]), Interest()
    assert interest.changes(growing, "cpu") == []
    assert interest.changes(whole, "cpu") == Interest().changes(whole, "cpu")
    assert interest.changes(whole, "cpu") is interest.changes(whole, "cpu"), "nothing new is not worked out anew"
    assert interest.changes(whole, "offcpu") == [] and interest.changes(Profile(), "cpu") == []
