"""Comparisons: what changed is found, and what did not change is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from icetop.profiles.call_tree import FRAME, GROUP, CallTree
from icetop.profiles.comparison import build_comparison
from icetop.profiles.delta import Delta
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.report_text import report_text
from icetop.profiles.series import Series
from icetop.profiles.slices import sliced
from icetop.profiles.target import Target
from icetop.profiles.top_table import top_table
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import Baseline, Stretch, View
from icetop.profiles.with_baseline import WithBaseline
from icetop.tests.profile_maker import PERIOD, SECOND, START, ProfileMaker, rich_profile

from .simulated import HZ, bursty, profile_of, steady

TIMES, LENGTH = 200, 30


def coloured(tree: CallTree) -> bool:
    """Whether a comparison calls anything significant."""
    assert tree.change is not None
    change = tree.change
    return bool(change.steps.any() or change.flat_steps.any() or change.cum_steps.any())


def at(first: int, last: int) -> Stretch:
    """Seconds of a made profile."""
    return Stretch(START + first * SECOND, START + last * SECOND)


def halves(seconds: int = 20) -> View:
    """The second half of a made profile compared with the first."""
    return View(stretch=at(seconds // 2, seconds), baseline=Baseline(at(0, seconds // 2)))


@pytest.mark.parametrize(("program", "measure"), [(steady, "points"), (bursty, "points"), (bursty, "absolute")])
def test_two_stretches_of_one_program_are_hardly_ever_different(
    program: Callable[[int, int], np.ndarray], measure: str
) -> None:
    """60 functions, 200 comparisons: of a test at 5 % each, function by function, next to all would find something."""
    profile = profile_of(program(2 * TIMES * LENGTH, 11))
    found = 0
    for time in range(TIMES):
        begin = START + 2 * time * LENGTH * SECOND
        middle, end = begin + LENGTH * SECOND, begin + 2 * LENGTH * SECOND
        view = View(stretch=Stretch(middle, end), baseline=Baseline(Stretch(begin, middle)), measure=measure)
        found += coloured(build_comparison(profile, view))
    assert found <= 0.05 * TIMES


def test_a_change_of_a_few_points_is_found() -> None:
    """Of 60 functions the first gives a third of its 21 % to another, for 60 seconds at 99 Hz."""
    ticks = steady(120, 5)
    later = ticks[60 * HZ :]
    later[np.flatnonzero(later == 0)[::3]] = 7
    tree = build_comparison(profile_of(ticks), halves(120))
    rows = top_table(tree, View(), "delta")
    found = [(row.frame.name, row.change.flat.step) for row in rows if row.change and row.change.significant]
    assert [name for name, _ in found[:2]] == ["function_7", "function_0"]
    assert found[0][1] > 0 > found[1][1]
    assert len(found) == 2


def two_sided() -> ProfileMaker:
    """Ten seconds of a;b and a;gone, then ten of a;b and a;new."""
    maker = ProfileMaker()
    for second in range(20):
        maker.sample("a;b", 6, process="p").sample("a;gone" if second < 10 else "a;new;k:deep", 4 + 3 * (second >= 10))
        maker.tick()
    return maker


def test_every_number_of_a_comparison_is_that_of_its_two_sides() -> None:
    profile = rich_profile(seconds=20)
    for view in (halves(), replace(halves(), inverted=True), replace(halves(), kernel=False, first_level="thread")):
        tree = build_comparison(profile, view)
        change = tree.change
        assert change is not None
        for side, (flat, cum, samples), stretch in (
            (change.sides.now, (tree.flat, tree.cum, tree.cum_samples), view.stretch),
            (change.sides.was, (change.boxes.flat, change.boxes.cum, change.boxes.cum_samples), view.baseline.stretch),
        ):
            alone = build_call_tree(profile, replace(view, stretch=stretch, baseline=None))
            assert (side.total, side.samples) == (alone.total, alone.samples)
            theirs = {path: place for place, path in enumerate(alone.paths.tolist())}
            seen = 0
            for place, path in enumerate(tree.paths.tolist()):
                other = theirs.get(path)
                wanted = (0, 0, 0) if other is None else (alone.flat[other], alone.cum[other], alone.cum_samples[other])
                assert (flat[place], cum[place], samples[place]) == wanted
                seen += other is not None
            assert seen == len(alone)


def test_functions_that_one_side_lacks_are_listed() -> None:
    report = report_json(build_report(two_sided().profile, halves(), "delta"))
    by_name = {function["name"]: function for function in report["functions"]}
    assert set(by_name) == {"a", "b", "gone", "new", "deep"}
    assert (by_name["gone"]["cum"], by_name["gone"]["baseline_cum_percent"]) == (0, 40)
    assert (by_name["new"]["cum"], by_name["new"]["baseline_cum_percent"]) == (70 * PERIOD, 0)
    assert by_name["b"]["delta_flat_points"] == pytest.approx(100 * (60 / 130 - 60 / 100), abs=0.001)
    assert by_name["gone"]["significant"] and by_name["new"]["significant"]
    assert by_name["a"]["delta_cum_points"] == 0 and not by_name["a"]["significant"]
    assert report["baseline"] == {"total": 100 * PERIOD, "duration_s": 10, "samples": 100}
    assert sum(function["delta_flat_points"] for function in report["functions"]) == pytest.approx(0, abs=0.001)


def test_the_text_marks_what_is_new_and_what_is_gone() -> None:
    text = report_text(build_report(two_sided().profile, halves(), "delta"))
    assert "+ deep" in text and "- gone" in text and "from 0.10 cores to 0.13 cores (+30.0 %)" in text
    assert report_text(build_report(two_sided().profile, replace(halves(), baseline=None))).count("baseline") == 0


def test_absolute_and_relative_measures() -> None:
    profile, view = two_sided().profile, halves()
    changes = {}
    for measure in ("points", "absolute", "relative"):
        rows = top_table(build_comparison(profile, replace(view, measure=measure)), view, "delta")
        changes[measure] = {row.frame.name: row.change.flat for row in rows}
    assert changes["absolute"]["b"].delta == 0 and changes["absolute"]["b"].step == 0
    assert changes["absolute"]["gone"].delta == pytest.approx(-40 * PERIOD / 10)
    assert changes["relative"]["gone"].delta == -100 and changes["relative"]["deep"].delta == np.inf
    assert changes["relative"]["b"].delta == pytest.approx(100 * (60 / 130 / 0.6 - 1))
    assert changes["points"]["b"].points == changes["relative"]["b"].points


def test_two_processes_of_one_profile() -> None:
    """A canary that runs `slow` against one that does not, over the same time."""
    maker = ProfileMaker()
    stable, canary = Series(1, 1, 1, "web"), Series(2, 2, 2, "web")
    for _ in range(10):
        maker.sample("serve;parse", 9, stable, process="web", title="shop")
        maker.sample("serve;parse", 6, canary, process="web", title="shop").sample("serve;slow", 3, canary)
        maker.tick()
    view = View(target=Target(pids=frozenset((2,))), baseline=Baseline(target=Target(pids=frozenset((1,)))))
    tree = build_comparison(maker.profile, view)
    groups = np.flatnonzero(tree.what == GROUP)
    assert len(groups) == 1 and tree.change.boxes.cum[groups[0]] == tree.cum[groups[0]] == 90 * PERIOD
    rows = {row.frame.name: row.change for row in top_table(tree, view, "delta")}
    assert rows["slow"].cum.points == pytest.approx(100 / 3) and rows["slow"].significant
    assert not rows["serve"].significant


class Deltas:
    """A source of what a maker folded."""

    live = False

    def __init__(self, deltas: list[Delta]) -> None:
        self._deltas = deltas

    def deltas(self):
        yield from self._deltas

    def stop(self) -> None:
        pass


class Recorder(Profile):
    """Keeps the deltas that it was made of."""

    def __init__(self) -> None:
        super().__init__()
        self.folded: list[Delta] = []

    def fold(self, delta: Delta) -> None:
        self.folded.append(delta)
        super().fold(delta)


def recorded(stacks: dict[str, int], pid: int, seconds: int = 10) -> Recorder:
    maker = ProfileMaker(Recorder())
    for _ in range(seconds):
        for stack, samples in stacks.items():
            maker.sample(stack, samples, Series(pid, pid, pid, "web"), process="web")
        maker.tick()
    return maker.profile


def test_another_profile_beside_is_the_baseline() -> None:
    """Its ids, pid and library version are others; what is the same program is one all the same."""
    before, after = recorded({"x;y;same": 7, "main;old": 3}, 10), recorded({"main;same": 6, "main;fresh": 4}, 20)
    for delta in before.folded:
        for place, location in enumerate(delta.locations):
            delta.locations[place] = replace(location, binary="/opt/v1/program", build_id="0")
    profile = Profile()
    for delta in WithBaseline(Deltas(after.folded), Deltas(before.folded)).deltas():
        profile.fold(delta)
    view = View(baseline=Baseline(beside=True))
    report = build_report(profile, view)
    assert (report.total, report.samples, report.baseline.samples) == (100 * PERIOD, 100, 100)
    rows = {row.frame.name: row.change for row in report.functions}
    assert rows["same"].cum.points == pytest.approx(-10) and not rows["y"].cum.points + 70
    assert rows["old"].significant and rows["fresh"].significant
    assert len([row for row in report.functions if row.frame.name == "same"]) == 1
    tree = build_comparison(profile, view)
    assert (tree.what == GROUP).sum() == 1
    assert build_report(profile, View()).samples == 100, "what is beside does not count"


def test_workers_of_one_program_are_compared_as_one() -> None:
    """Each of the backends has a sample every few seconds, which is nothing; all together they are green."""
    titles = ("shop shop [local] idle", "shop shop 10.0.0.9(43210) SELECT", "shop shop [local] SELECT")
    maker = ProfileMaker()
    for second in range(20):
        for worker in range(12):
            series = Series(50 + worker, 9, 50 + worker, "postgres")
            idle = second >= 10 or (second + worker) % 2
            maker.sample("main;scan", int(not idle), series, process="postgres", title=titles[worker % 3])
        maker.sample("main;serve", 6, Series(7, 7, 7, "python"), process="python").tick()
    tree = build_comparison(maker.profile, halves())
    steps = {tree.name(box): tree.change.steps[box] for box in tree.children(0)}
    assert steps.keys() == {"python", "postgres: shop shop [local] x8", "postgres: shop shop 10.0.0.9 x4"}
    assert steps["postgres: shop shop [local] x8"] < 0
    (backends,) = (tree.group(box) for box in tree.children(0) if "x8" in tree.name(box))
    assert len(backends.pids) == 8 and backends.pid == 0


def test_a_process_chosen_by_number_is_compared_with_the_same_program() -> None:
    before, after = recorded({"main;old": 3, "main;same": 7}, 10), recorded({"main;same": 6, "main;fresh": 4}, 20)
    profile = Profile()
    for delta in WithBaseline(Deltas(after.folded), Deltas(before.folded)).deltas():
        profile.fold(delta)
    for pid, samples in ((20, (100, 100)), (21, (0, 0))):
        chosen = build_report(profile, View(target=Target(pids=frozenset((pid,))), baseline=Baseline(beside=True)))
        assert (chosen.samples, chosen.baseline.samples) == samples


def test_a_reset_keeps_what_is_beside() -> None:
    before, after = recorded({"main;old": 5}, 10), recorded({"main;new": 5}, 10)
    profile = Profile()
    for delta in WithBaseline(Deltas(after.folded), Deltas(before.folded)).deltas():
        profile.fold(delta)
    again = after.folded[0]
    profile.fold(replace(again, reset=True, start_ns=profile.timeline.end_ns, end_ns=profile.timeline.end_ns + SECOND))
    rows = {row.frame.name: row for row in build_report(profile, View(baseline=Baseline(beside=True))).functions}
    assert rows["old"].change.cum.was_percent == 100 and rows["new"].cum_percent == 100


def test_wall_time_is_compared_with_both_its_parts() -> None:
    maker = ProfileMaker()
    for second in range(20):
        maker.sample("a;b", 6).sample("a;k:wait", 4 if second < 10 else 20, kind="offcpu").tick()
    tree = build_comparison(maker.profile, replace(halves(), kind="wall"))
    assert (tree.change.sides.was.samples, tree.change.sides.now.samples) == (100, 260)
    rows = {row.frame.name: row.change for row in top_table(tree, View(), "delta")}
    assert rows["wait"].significant and rows["b"].flat.points == pytest.approx(100 * (60 / 260 - 60 / 100))


def test_wall_time_that_another_tool_sampled_is_compared_as_it_is() -> None:
    maker = ProfileMaker()
    for second in range(20):
        maker.sample("a;b", 6).sample("a;c", 4 + second, kind="wall").tick()
    tree = build_comparison(maker.profile, replace(halves(), kind="wall"))
    assert tree.change.sides.now.samples == 185 and tree.change.sides.was.samples == 85


def test_parts_of_a_file_without_times_are_no_slices() -> None:
    """Sorted stacks come one kind after the other; as slices of time that would be the wildest of programs."""
    maker = ProfileMaker()
    for stack in ("main;a", "main;b", "main;c", "main;d"):
        maker.sample(stack, 300).tick(0)
    assert len(sliced(maker.profile, View()).lengths) == 1


def test_an_empty_side_changes_nothing() -> None:
    profile = two_sided().profile
    for view in (replace(halves(), baseline=Baseline(at(50, 60))), replace(halves(), stretch=at(50, 60))):
        tree = build_comparison(profile, view)
        assert not coloured(tree)
        report_text(build_report(profile, view))
    assert (build_comparison(Profile(), halves()).what == FRAME).sum() == 0
