"""Flat and cumulated sums of functions."""

from __future__ import annotations

from collections import Counter

import pytest
from icetop.profiles.locations import frames_of
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.top_table import TopRow, top_table
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import View
from icetop.profiles.vocabulary import StackEnd
from icetop.tests.profile_maker import PERIOD, ProfileMaker, rich_profile


def rows(profile: Profile, view: View | None = None, sort: str = "flat") -> list[TopRow]:
    view = view or View()
    return top_table(build_call_tree(profile, view), view, sort)  # type: ignore[arg-type]


def sums(profile: Profile, view: View | None = None, sort: str = "flat") -> list[tuple[str, int, int]]:
    return [(row.frame.name, row.flat_samples, row.cum_samples) for row in rows(profile, view, sort)]


def test_flat_is_the_leaf_and_cum_everything_below() -> None:
    profile = ProfileMaker().sample("main;a;b", 3).sample("main;a", 2).sample("main;b", 1).tick()
    assert sums(profile) == [("b", 4, 4), ("a", 2, 5), ("main", 0, 6)]


def test_recursion_counts_once() -> None:
    profile = ProfileMaker().sample("main;f;g;f;g;f", 3).sample("main;f", 2).sample("main;g;f", 1).tick()
    assert sums(profile) == [("f", 6, 6), ("main", 0, 6), ("g", 0, 4)]


def test_recursion_through_inlined_lines_and_in_two_branches_counts_once() -> None:
    profile = ProfileMaker().sample("f;x;f^y;f", 1).sample("z;f;f", 2).sample("f^f", 4).tick()
    assert {name: cum for name, _, cum in sums(profile)} == {"f": 7, "x": 1, "y": 1, "z": 2}


def test_the_same_function_in_two_processes_is_one_row() -> None:
    profile = ProfileMaker().sample("main;a", 3).sample("main;a", 2, Series(9, 9, 9, "other")).tick()
    assert sums(profile) == [("a", 5, 5), ("main", 0, 5)]


def test_the_same_name_in_kernel_and_program_is_two_rows() -> None:
    found = rows(ProfileMaker().sample("main;read;k:read", 3).tick())
    assert [(row.frame.name, row.frame.language.value, row.flat_samples) for row in found] == [
        ("read", "kernel", 3),
        ("main", "native", 0),
        ("read", "native", 0),
    ]


def test_percentages_are_of_the_total_and_sums_run_in_the_order_given() -> None:
    profile = ProfileMaker().sample("main;a", 6).sample("main;b", 3).sample("main", 1).tick()
    by_flat = rows(profile)
    assert [round(row.flat_percent, 6) for row in by_flat] == [60, 30, 10]
    assert [round(row.sum_percent, 6) for row in by_flat] == [60, 90, 100]
    assert by_flat[0].flat == 6 * PERIOD
    by_cum = rows(profile, sort="cum")
    assert [(row.frame.name, round(row.sum_percent, 6)) for row in by_cum] == [("main", 10), ("a", 70), ("b", 100)]
    assert [row.frame.name for row in rows(profile, sort="name")] == ["a", "b", "main"]


def test_small_functions_are_left_out_of_the_list_not_of_the_total() -> None:
    profile = ProfileMaker().sample("main;a", 97).sample("main;b", 2).sample("main;c", 1).tick()
    assert sums(profile, View(minimum_samples=2)) == [("a", 97, 97), ("b", 2, 2), ("main", 0, 100)]
    assert sums(profile, View(minimum_share=0.05)) == [("a", 97, 97), ("main", 0, 100)]
    assert rows(profile, View(minimum_share=0.05))[0].flat_percent == pytest.approx(97)


def test_marks_and_processes_are_no_functions() -> None:
    profile = ProfileMaker().sample("a", 3, end=StackEnd.TOO_DEEP).sample("", 2, end=StackEnd.PROCESS_GONE).tick()
    assert sums(profile) == [("a", 3, 3)]
    assert rows(profile)[0].flat_percent == pytest.approx(60)


def test_hidden_frames_give_their_flat_time_to_the_caller() -> None:
    profile = ProfileMaker().sample("main;k:read;k:copy", 4).tick()
    assert sums(profile, View(kernel=False)) == [("main", 4, 4)]


def test_negative_values_are_sorted_and_shown_as_they_are() -> None:
    maker = ProfileMaker().sample("m;up", value=100, kind="inuse").sample("m;down", value=-30, kind="inuse")
    found = rows(maker.tick(), View(kind="inuse"))
    assert [(row.frame.name, row.flat, row.cum) for row in found] == [
        ("up", 100, 100),
        ("m", 0, 70),
        ("down", -30, -30),
    ]
    assert found[2].flat_percent == pytest.approx(-100 * 30 / 70)


def test_a_total_of_zero_has_no_percentages() -> None:
    maker = ProfileMaker().sample("up", value=100, kind="inuse").sample("down", value=-100, kind="inuse")
    assert {row.flat_percent for row in rows(maker.tick(), View(kind="inuse"))} == {0.0}
    assert list(rows(Profile())) == []


def test_against_sums_made_the_slow_way() -> None:
    for seed in range(6):
        profile = rich_profile(2, 80, seed)
        flat, cum = Counter[str](), Counter[str]()
        for bucket in profile.timeline.buckets():
            counts = bucket.counts["cpu"]
            for node, samples in zip(counts.nodes, counts.samples, strict=True):
                names = [f.name for p in profile.stacks.walk(node) for f in frames_of(profile.locations[p])]
                flat.update({names[0]: samples} if names else {})
                cum.update(dict.fromkeys(names, samples))
        assert {name: (f, c) for name, f, c in sums(profile)} == {name: (flat[name], cum[name]) for name in cum}
