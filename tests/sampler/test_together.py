"""Collectors of several machines as one source."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest
from icetop.profiles.delta import NO_WAITS, Context, Counts, Delta, Notice, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.source import SourceError
from icetop.profiles.stacks import ROOTS
from icetop.profiles.target import Target
from icetop.profiles.top_table import top_table
from icetop.profiles.tree_builder import build_tree
from icetop.profiles.view import Baseline, View
from icetop.profiles.vocabulary import Language
from icetop.sampler.together import Together

SECOND = 1_000_000_000


def tables(host: str, functions: str, pid: int = 5) -> Delta:
    """What a machine tells first: a function a letter, each a stack of its own, and one process."""
    return Delta(
        7, 7,
        locations=[Location(Language.NATIVE, "/bin/x", "ab", 16 * place + 1, (Line(name, "x.c"),))
                   for place, name in enumerate(functions)],
        nodes=[(0, place) for place in range(len(functions))],
        series=[Series(pid, 99, pid, "web")],
        labels={0: {"process": "web"}},
        context=Context(host, "6.1", 2, 7, 99),
    )  # fmt: skip


def counted(*samples: int, busy: float = 1.0, **more: object) -> Delta:
    """A second in which the machine's first functions had so many samples of 10 ms each."""
    counts = Counts(
        array("I", range(ROOTS, ROOTS + len(samples))), array("I", [0] * len(samples)),
        array("I", samples), array("q", [10_000_000 * number for number in samples]),
    )  # fmt: skip
    delta = Delta(7, 7 + SECOND, counts={"cpu": counts}, expected=sum(samples), vitals=Vitals(busy, run_queue=0.5))
    return replace(delta, **more)  # type: ignore[arg-type]


class Machine:
    """Says what it was given; then it fails, or ends, or waits for `stop`."""

    live = True

    def __init__(self, *deltas: Delta, failure: str = "", waits: bool = False) -> None:
        self._deltas, self._failure, self._waits = deltas, failure, waits
        self.stopped = Event()
        self.orders: list[object] = []

    def deltas(self) -> Iterator[Delta]:
        yield from self._deltas
        if self._failure:
            raise SourceError(Notice("error", self._failure))
        if self._waits:
            assert self.stopped.wait(60)
        yield Delta(7, 7, last=True)

    def stop(self) -> None:
        self.stopped.set()

    def retarget(self, target: Target) -> None:
        self.orders.append(target)

    def set_rate(self, frequency_hz: int) -> None:
        self.orders.append(frequency_hz)

    def follow_waits(self) -> None:
        self.orders.append("waits")

    def ask_java_for_names(self) -> None:
        self.orders.append("java")


def folded(source: Together) -> Profile:
    profile = Profile()
    for delta in source.deltas():
        profile.fold(delta)
    return profile


def samples_by(profile: Profile, view: View) -> dict[str, int]:
    """Samples of each box of the first level, and of each function below it by `host function`."""
    tree = build_tree(profile, view)
    found = {}
    for box in tree.children(0):
        found[tree.name(box)] = int(tree.cum_samples[box])
        found |= {f"{tree.name(box)} {tree.name(below)}": int(tree.cum_samples[below]) for below in tree.children(box)}
    return found


BY_HOST = View(first_level="host")


def test_each_machine_keeps_its_host_and_nothing_is_lost() -> None:
    first = Machine(tables("web-3", "ab"), counted(3, 4), counted(1))
    second = Machine(tables("web-4", "bc"), counted(5, 6))
    profile = folded(Together([first, second]))
    assert samples_by(profile, BY_HOST) == {
        "web-3": 8, "web-3 a": 4, "web-3 b": 4, "web-4": 11, "web-4 b": 5, "web-4 c": 6
    }  # fmt: skip
    # Processes of the same number are two; a function that both have is one in the table.
    assert samples_by(profile, View()).keys() >= {"web on web-3", "web on web-4"}
    assert {row.frame.name: row.flat // 10_000_000 for row in top_table(build_tree(profile, View()), View())} == {
        "a": 4,
        "b": 9,
        "c": 6,
    }
    assert sorted(profile.context.host.split(" + ")) == ["web-3", "web-4"]
    assert profile.context.cpus == 4
    assert sum(bucket.expected for bucket in profile.timeline.buckets()) == 19
    assert profile.ended and not profile.notices


def test_machines_of_one_name_get_numbers() -> None:
    profile = folded(Together([Machine(tables("web", "a"), counted(1)), Machine(tables("web", "a"), counted(2))]))
    assert {labels["host"] for labels in profile.labels} == {"web", "web (2)"}


def test_one_that_fails_is_a_notice_and_the_others_go_on() -> None:
    good = Machine(tables("web-4", "a"), counted(1), counted(2))
    profile = folded(Together([Machine(tables("web-3", "a"), counted(7), failure="cut off"), good]))
    assert samples_by(profile, BY_HOST)["web-4"] == 3
    assert samples_by(profile, BY_HOST)["web-3"] == 7
    assert [(notice.level, notice.what) for notice in profile.notices] == [("error", "web-3: cut off")]
    assert profile.ended


def test_when_all_have_failed_it_fails() -> None:
    source = Together([Machine(failure="no route"), Machine(failure="no key")])
    with pytest.raises(SourceError, match=r"no route|no key"):
        folded(source)


def test_one_that_speaks_of_what_it_never_told_is_left_and_the_others_go_on() -> None:
    liar = Machine(tables("web-3", "a"), counted(1), counted(1, 2, 3), waits=True)
    profile = folded(Together([liar, Machine(tables("web-4", "a"), counted(4))]))
    assert samples_by(profile, BY_HOST) == {"web-3": 1, "web-3 a": 1, "web-4": 4, "web-4 a": 4}
    assert liar.stopped.is_set()
    assert any("web-3: what it says makes no sense" in notice.what for notice in profile.notices)


def test_one_that_begins_its_ids_anew_leaves_the_other_s_as_they_were() -> None:
    again = replace(tables("web-3", "xy"), reset=True)
    first = Machine(tables("web-3", "ab"), counted(1, 1), again, counted(2, 3))
    late = replace(tables("web-4", "cd"), names={1: (Line("named later"),)})
    profile = folded(Together([first, Machine(late, counted(4, 5), counted(6, 7))]))
    by_host = samples_by(profile, BY_HOST)
    assert by_host["web-4 c"] == 10 and by_host["web-4 named later"] == 12
    assert {key: by_host[f"web-3 {key}"] for key in "abxy"} == {"a": 1, "b": 1, "x": 2, "y": 3}


def test_orders_go_to_all_and_waits_are_refused_only_when_all_refuse() -> None:
    refusing = tables("web-3", "a")
    assert refusing.context is not None
    refusing = replace(refusing, context=replace(refusing.context, options={NO_WAITS: "old kernel"}))
    machines = [Machine(refusing, counted(1)), Machine(tables("web-4", "a"), counted(1))]
    source, target = Together(machines), Target(frozenset((7,)))
    source.retarget(target)
    source.set_rate(49)
    source.follow_waits()
    source.ask_java_for_names()
    assert [machine.orders for machine in machines] == [[target, 49, "waits", "java"]] * 2
    assert NO_WAITS not in folded(source).context.options
    source.stop()
    assert all(machine.stopped.is_set() for machine in machines)


def test_busy_cores_add_up_over_the_time_that_passed() -> None:
    (told,) = [
        delta.vitals
        for delta in Together([Machine(tables("web-3", "a"), counted(9, busy=1.5))]).deltas()
        if delta.vitals is not None
    ]
    assert (told.busy_cores, told.run_queue) == pytest.approx((1.5, 0.5), rel=0.01)


def test_canary_against_stable_with_the_same_process_under_other_numbers() -> None:
    canary = Machine(tables("canary", "ab", pid=5), *[counted(10, 90)] * 8)
    stable = Machine(tables("stable", "ab", pid=777), *[counted(90, 10)] * 8)
    profile = folded(Together([canary, stable], names=["canary", "stable"]))
    on = {name: Target(hosts=frozenset((name,))) for name in ("canary", "stable")}
    for target in (on["canary"], replace(on["canary"], pids=frozenset((5,)))):
        view = View(target=target, baseline=Baseline(target=on["stable"]))
        tree = build_tree(profile, view)
        assert [tree.name(box) for box in tree.children(0)] == ["web"]
        changes = {row.frame.name: row.change for row in top_table(tree, view)}
        assert {name: round(change.flat.points) for name, change in changes.items() if change} == {"a": -80, "b": 80}
