"""Folding: tables, late names and labels, accounting, resets, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from icetop.profiles.delta import Context, Counts, Delta, Notice, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import NOTICES, Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language
from icetop.tests.profile_maker import MAIN, SECOND, START, ProfileMaker, rich_profile

PLACE = Location(Language.NATIVE, "/bin/x", "id", 0x10)


def counts(*rows: tuple[int, int, int, int]) -> dict[str, Counts]:
    made = Counts()
    for row in rows:
        made.add(*row)
    return {"cpu": made}


def test_names_that_come_late_reach_what_was_counted_before() -> None:
    profile = Profile()
    profile.fold(Delta(0, SECOND, [PLACE], [(0, 0)], [MAIN], counts=counts((ROOTS, 0, 5, 50))))
    assert build_call_tree(profile, View()).name(2) == "[x+0x10]"
    before = profile.generation
    profile.fold(Delta(SECOND, 2 * SECOND, names={0: (Line("inlined"), Line("outer", "a.c", 7, 5))}))
    tree = build_call_tree(profile, View())
    assert profile.generation > before
    assert [tree.name(box) for box in range(len(tree))] == ["all", "main", "outer", "inlined"]
    assert tree.flat.tolist() == [0, 0, 0, 50]


def test_labels_that_come_late_name_the_process() -> None:
    profile = Profile()
    profile.fold(Delta(0, SECOND, [PLACE], [(0, 0)], [MAIN], counts=counts((ROOTS, 0, 5, 50))))
    profile.fold(Delta(SECOND, 2 * SECOND, labels={0: {"process": "gunicorn", "title": "shop.wsgi"}}))
    profile.fold(Delta(2 * SECOND, 3 * SECOND, labels={0: {"pod": "web-1"}}))
    assert build_call_tree(profile, View()).name(1) == "gunicorn: shop.wsgi"
    assert profile.labels[0]["pod"] == "web-1"


@pytest.mark.parametrize(
    "broken",
    [
        {"nodes": [(ROOTS + 9, 0)]},
        {"nodes": [(0, 5)]},
        {"nodes": [(-1, 0)]},
        {"nodes": [(0, -1)]},
        {"counts": counts((ROOTS + 1, 0, 1, 1))},
        {"counts": counts((ROOTS, 1, 1, 1))},
        {"names": {1: (Line("f"),)}},
        {"names": {-1: (Line("f"),)}},
        {"labels": {3: {"pod": "x"}}},
    ],
)
def test_a_delta_that_speaks_of_what_is_not_there_is_refused_whole(broken: dict[str, object]) -> None:
    profile = Profile()
    good = Delta(0, SECOND, [PLACE], [(0, 0)], [MAIN], counts=counts((ROOTS, 0, 5, 50)))
    profile.fold(good)
    bad = replace(Delta(SECOND, 2 * SECOND, notices=(Notice("info", "x"),)), **broken)
    with pytest.raises(ValueError, match="not there"):
        profile.fold(bad)
    assert (len(profile.locations), len(profile.stacks), len(profile.series)) == (1, ROOTS + 1, 1)
    assert len(profile.timeline) == 1
    assert profile.notices == []


def test_columns_of_different_lengths_are_refused() -> None:
    uneven = counts((ROOTS, 0, 1, 1))
    uneven["cpu"].values.append(1)
    with pytest.raises(ValueError, match="differ in length"):
        Profile().fold(Delta(0, 1, [PLACE], [(0, 0)], [MAIN], counts=uneven))


def test_accounting_adds_up_over_intervals() -> None:
    profile = Profile()
    for second in range(3):
        vitals = Vitals(busy_cores=1.5, run_queue=0.5, profiler_cpu_s=0.25, profiler_rss=second * 10)
        profile.fold(
            Delta(second * SECOND, (second + 1) * SECOND, expected=10, lost={"full": second, "none": 0}, vitals=vitals)
        )
    buckets = list(profile.timeline.buckets())
    assert [bucket.lost for bucket in buckets] == [{}, {"full": 1}, {"full": 2}]
    assert sum(bucket.busy_core_ns for bucket in buckets) == 4.5 * SECOND
    assert (profile.profiler_cpu_s, profile.profiler_peak_rss) == (0.75, 20)


def test_notices_are_bounded_and_the_end_is_remembered() -> None:
    profile = Profile()
    for number in range(NOTICES + 5):
        profile.fold(Delta(0, 0, notices=(Notice("info", str(number)),), last=number == 3, stage="compiling"))
    assert [notice.what for notice in profile.notices] == [str(n) for n in range(5, NOTICES + 5)]
    assert profile.ended
    assert profile.stage == "compiling"
    assert len(profile.timeline) == 0


def test_the_place_shown_for_a_function_does_not_depend_on_what_came_first() -> None:
    places = [
        Location(Language.NATIVE, "/bin/x", "id", offset, (Line("f", file, 9, line),))
        for offset, file, line in ((1, "", 0), (2, "b.c", 3), (3, "a.c", 8), (4, "a.c", 5))
    ]
    for order in (places, places[::-1]):
        profile = Profile()
        profile.fold(Delta(0, 0, list(order)))
        assert [(frame.name, frame.file, frame.line) for frame in profile.frames] == [("f", "a.c", 5)]


def test_a_reset_begins_new_ids_and_keeps_what_was_counted() -> None:
    profile = Profile()
    first, second = Series(1, 0, 1, "first"), Series(2, 0, 2, "second")
    old, unused, new = (replace(PLACE, lines=(Line(name),)) for name in ("old", "unused", "new"))
    profile.fold(
        Delta(0, SECOND, [unused, old], [(0, 0), (0, 1)], [first, second], counts=counts((ROOTS + 1, 1, 5, 50)))
    )
    profile.fold(Delta(SECOND, 2 * SECOND, [new], [(0, 0)], [first], counts=counts((ROOTS, 0, 7, 70)), reset=True))
    profile.fold(
        Delta(
            2 * SECOND,
            3 * SECOND,
            nodes=[(ROOTS, 0)],
            counts=counts((ROOTS + 1, 0, 1, 10)),
            names={0: (Line("renamed"),)},
        )
    )
    tree = build_call_tree(profile, View())
    assert sorted((tree.depths[box], tree.name(box), int(tree.flat[box])) for box in range(len(tree))) == [
        (0, "all", 0),
        (1, "first", 0),
        (1, "second", 0),
        (2, "old", 50),
        (2, "renamed", 70),
        (3, "renamed", 10),
    ]
    assert [location.lines[0].function for location in profile.locations] == ["old", "renamed"]


def test_a_reset_refuses_ids_of_before() -> None:
    profile = Profile()
    profile.fold(Delta(0, SECOND, [PLACE], [(0, 0)], [MAIN], counts=counts((ROOTS, 0, 5, 50))))
    with pytest.raises(ValueError, match="not there"):
        profile.fold(Delta(SECOND, 2 * SECOND, counts=counts((ROOTS, 0, 1, 1)), reset=True))
    assert build_call_tree(profile, View()).total == 50


def test_a_reset_changes_no_report() -> None:
    profile = rich_profile(5)
    before = report_json(build_report(profile, View(), stacks=True))
    stacks = len(profile.stacks)
    profile.fold(Delta(profile.timeline.end_ns, profile.timeline.end_ns, reset=True))
    assert report_json(build_report(profile, View(), stacks=True)) == before
    assert len(profile.stacks) == stacks


def test_kinds_are_those_of_the_context_and_those_counted() -> None:
    profile = Profile(Context(kinds=("cpu", "offcpu")))
    assert profile.kinds() == ("cpu", "offcpu")
    ProfileMaker(profile).sample("a", kind="alloc", value=5).tick()
    assert profile.kinds() == ("cpu", "offcpu", "alloc")
    assert (profile.unit("alloc"), profile.unit("offcpu"), profile.unit("apples")) == ("bytes", "nanoseconds", "count")


def test_the_unit_of_another_tools_kind_is_in_the_context() -> None:
    assert Profile(Context(options={"unit.alloc_space": "bytes"})).unit("alloc_space") == "bytes"


def test_the_time_of_the_maker_is_the_time_of_the_profile() -> None:
    assert rich_profile(3).timeline.start_ns == START
