"""Causes of waits: as a filter, for each box and function, and the kind that is made of two of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.report_text import report_text
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import View
from icetop.profiles.vocabulary import numbered_kinds, shown_kinds
from icetop.tests.profiles.test_idle import profile as waits

EVERY = View(kind="offcpu", idle=True)


@pytest.fixture(scope="module")
def profile() -> Profile:
    """events 750, network 350, lock 400; 30 ran."""
    return waits()


def test_the_causes_of_all_waits_the_longest_first(profile: Profile) -> None:
    found = build_report(profile, EVERY).causes
    assert [(row.cause, row.value) for row in found] == [("events", 750), ("lock", 400), ("network", 350)]
    assert sum(row.percent for row in found) == pytest.approx(100)


@pytest.mark.parametrize(
    ("kind", "causes", "total"),
    [
        ("offcpu", ("network",), 350),
        ("offcpu", ("network", "lock"), 750),
        ("wall", ("lock",), 400),
        ("wall", (), 1530),
        ("lock", (), 400),
        ("lock", ("lock", "network"), 400),
        ("lock", ("network",), 0),
        ("cpu", ("network",), 30),
    ],
)
def test_waits_for_some_causes_alone(profile: Profile, kind: str, causes: tuple[str, ...], total: int) -> None:
    assert build_report(profile, replace(EVERY, kind=kind, causes=causes)).total == total


@pytest.mark.parametrize("inverted", [False, True])
def test_what_most_of_a_box_waited_for(profile: Profile, inverted: bool) -> None:
    """Leaf first, the boxes below a cause have it as well."""
    tree = build_call_tree(profile, replace(EVERY, inverted=inverted))
    names, places = tree.causes
    assert names[places[0]] == "events"
    of = {tree.name(box): names[places[box]] for box in range(len(tree)) if tree.name(box) not in ("all", "main")}
    assert (of["handler"], of["consume"], of["ep_poll"]) == ("network", "lock", "events")


def test_what_ran_mostly_has_no_cause(profile: Profile) -> None:
    tree = build_call_tree(profile, View(kind="cpu"))
    assert not tree.causes[1].any()


def test_reports_tell_causes(profile: Profile) -> None:
    report = build_report(profile, EVERY, stacks=True)
    found = report_json(report)
    assert {row["name"]: row.get("cause") for row in found["functions"]}["handler"] == "network"
    assert {stack["cause"] for stack in found["stacks"]} == {"events", "lock", "network"}
    assert "waits: events 50.0 % (2), lock 26.7 % (2), network 23.3 % (2)" in report_text(report)
    assert "causes" not in report_json(build_report(profile, View(kind="cpu")))


def test_without_the_kernels_frames_causes_stay(profile: Profile) -> None:
    tree = build_call_tree(profile, replace(EVERY, kernel=False))
    assert "[network]" in {tree.name(box) for box in range(len(tree))}


def test_the_keys_of_kinds() -> None:
    assert numbered_kinds(shown_kinds(("offcpu", "cpu"))) == {1: "cpu", 2: "offcpu", 3: "wall", 5: "lock"}
    assert numbered_kinds(("alloc", "inuse")) == {1: "alloc", 2: "inuse"}
    assert numbered_kinds(("cpu", "offcpu", "wall", "lock", "alloc", "inuse"))[6] == "inuse"
