"""From rows to boxes: order, inlining, truncation, inversion, what is hidden, first levels, negative values."""

from __future__ import annotations

from collections import Counter

import pytest
from icetop.profiles.call_tree import CallTree
from icetop.profiles.locations import frames_of
from icetop.profiles.order import OrderMemory
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import Stretch, View
from icetop.profiles.vocabulary import StackEnd
from icetop.tests.profile_maker import MAIN, PERIOD, SECOND, START, ProfileMaker, rich_profile

OTHER = Series(200, 7_000, 200, "other")


def drawn(tree: CallTree) -> list[str]:
    """The tree as indented lines: name, flat and cum samples."""
    return [
        f"{'  ' * int(tree.depths[box])}{tree.name(box)} {tree.flat_samples[box]} {tree.cum_samples[box]}"
        for box in range(len(tree))
    ]


def test_boxes_are_in_pre_order_heavier_ones_first() -> None:
    profile = ProfileMaker().sample("main;a;x", 2).sample("main;b", 5).sample("main;a", 1).sample("main", 1).tick()
    tree = build_call_tree(profile, View(first_level="none"))
    assert drawn(tree) == ["all 0 9", "  main 1 9", "    b 5 5", "    a 1 3", "      x 2 2"]
    assert tree.ends.tolist() == [5, 5, 3, 5, 5]
    assert tree.parents.tolist() == [0, 0, 1, 1, 3]
    assert tree.children(1) == [2, 3]
    assert tree.ancestors(4) == [0, 1, 3]
    assert (tree.samples, tree.total) == (9, 9 * PERIOD)


def test_an_empty_profile_is_one_empty_box() -> None:
    for view in (View(), View(inverted=True), View(first_level="none"), View(kind="nothing")):
        assert drawn(build_call_tree(Profile(), view)) == ["all 0 0"]


def test_inlined_functions_are_frames_of_their_own() -> None:
    profile = ProfileMaker().sample("main;inner^middle^outer", 3).tick()
    assert drawn(build_call_tree(profile, View(first_level="none"))) == [
        "all 0 3",
        "  main 0 3",
        "    outer 0 3",
        "      middle 0 3",
        "        inner 3 3",
    ]
    assert drawn(build_call_tree(profile, View(first_level="none", inverted=True))) == [
        "all 0 3",
        "  inner 0 3",
        "    middle 0 3",
        "      outer 0 3",
        "        main 3 3",
    ]


def test_truncated_stacks_stand_under_a_mark_that_is_no_frame() -> None:
    profile = (
        ProfileMaker()
        .sample("main;a", 4)
        .sample("a", 3, end=StackEnd.NO_FRAME_POINTER)
        .sample("", 1, end=StackEnd.PROCESS_GONE)
        .tick()
    )
    tree = build_call_tree(profile, View())
    assert drawn(tree) == [
        "all 0 8",
        "  main 0 8",
        "    main 0 4",
        "      a 4 4",
        "    [truncated: no_frame_pointer] 0 3",
        "      a 3 3",
        "    [truncated: process_gone] 1 1",
    ]
    assert [tree.frame(box) is None for box in (0, 1, 2, 4)] == [True, True, False, True]
    assert tree.group(1) is not None and tree.group(2) is None


def test_inverted_truncated_stacks_end_in_the_mark() -> None:
    profile = ProfileMaker().sample("main;a", 4).sample("a", 3, end=StackEnd.TOO_DEEP).tick()
    assert drawn(build_call_tree(profile, View(inverted=True, first_level="none"))) == [
        "all 0 7",
        "  a 0 7",
        "    main 4 4",
        "    [truncated: too_deep] 3 3",
    ]


def test_hidden_frames_leave_their_time_to_the_caller() -> None:
    profile = (
        ProfileMaker()
        .sample("main;runtime.mcall;work", 2)
        .sample("main;k:sys_read;k:copy", 3)
        .sample("runtime.gc", 5)
        .tick()
    )
    view = View(first_level="none", kernel=False, hidden=("runtime.*",))
    assert drawn(build_call_tree(profile, view)) == ["all 5 10", "  main 3 5", "    work 2 2"]
    upside_down = View(first_level="none", kernel=False, inverted=True)
    assert drawn(build_call_tree(profile, upside_down))[0] == "all 0 10"
    assert "sys_read" not in " ".join(drawn(build_call_tree(profile, upside_down)))


def test_the_first_level_is_the_process_not_the_thread() -> None:
    worker = Series(MAIN.pid, MAIN.start_ns, 101, "worker")
    reused = Series(MAIN.pid, MAIN.start_ns + 1, 100, "later")
    maker = ProfileMaker()
    maker.sample("a", 3, process="shop", title="shop.wsgi", exe="/usr/bin/python3").sample(
        "a", 2, worker, process="shop"
    )
    maker.sample("a", 1, reused).sample("a", 4, OTHER, process="shop", title="shop.wsgi", exe="/usr/bin/python3")
    profile = maker.tick()

    def first(level: str) -> dict[str, int]:
        tree = build_call_tree(profile, View(first_level=level))  # type: ignore[arg-type]
        return {tree.name(box) + str(box): int(tree.cum_samples[box]) for box in tree.children(0)}

    assert list(first("process").values()) == [5, 4, 1]
    assert [name.rstrip("0123456789") for name in first("process")] == ["shop: shop.wsgi", "shop: shop.wsgi", "later"]
    assert list(first("thread").values()) == [4, 3, 2, 1]
    assert list(first("command").values()) == [7, 2, 1]
    assert list(first("binary").values()) == [7, 2, 1]


def test_a_title_that_only_a_later_thread_has_is_the_process_title() -> None:
    worker = Series(MAIN.pid, MAIN.start_ns, 101, "worker")
    profile = (
        ProfileMaker().sample("a", 1, process="java").sample("a", 1, worker, process="java", title="app.jar").tick()
    )
    assert build_call_tree(profile, View()).name(1) == "java: app.jar"


def test_a_stretch_and_a_target_choose_rows() -> None:
    maker = ProfileMaker()
    for second in range(4):
        maker.sample("a", second + 1).sample("b", 10, OTHER).tick()
    stretch = Stretch(START + SECOND, START + 3 * SECOND)
    tree = build_call_tree(maker.profile, View(stretch=stretch, first_level="none"))
    assert drawn(tree) == ["all 0 25", "  b 20 20", "  a 5 5"]


def test_values_below_zero_keep_their_place_and_sum() -> None:
    maker = ProfileMaker()
    maker.sample("main;grow", 1, value=100, kind="inuse").sample("main;shrink", 1, value=-160, kind="inuse")
    tree = build_call_tree(maker.tick(), View(kind="inuse", first_level="none"))
    assert [(tree.name(box), int(tree.flat[box]), int(tree.cum[box])) for box in range(len(tree))] == [
        ("all", 0, -60),
        ("main", 0, -60),
        ("grow", 100, 100),
        ("shrink", -160, -160),
    ]


def test_kinds_do_not_mix() -> None:
    profile = ProfileMaker().sample("a", 3).sample("b", 2, kind="offcpu", value=7).tick()
    assert drawn(build_call_tree(profile, View(first_level="none"))) == ["all 0 3", "  a 3 3"]
    assert build_call_tree(profile, View(kind="offcpu")).total == 7


def test_paths_are_equal_for_equal_names_in_two_trees_and_different_otherwise() -> None:
    first = build_call_tree(ProfileMaker().sample("main;a;b", 2).sample("main;b", 1).tick(), View())
    second = build_call_tree(ProfileMaker().sample("x", 9).sample("main;b", 1).sample("main;a;b", 1).tick(), View())

    def paths(tree: CallTree) -> dict[tuple[str, ...], int]:
        return {
            tuple(tree.name(above) for above in [*tree.ancestors(box), box]): int(tree.paths[box])
            for box in range(len(tree))
        }

    one, two = paths(first), paths(second)
    assert {path: one[path] for path in one} == {path: two[path] for path in one}
    assert len(set(two.values())) == len(two)


def test_siblings_keep_their_places_until_their_weights_really_change() -> None:
    memory = OrderMemory()

    def order(a: int, b: int) -> list[str]:
        profile = ProfileMaker().sample("a", a).sample("b", b).tick()
        tree = build_call_tree(profile, View(first_level="none"), memory)
        return [tree.name(box) for box in tree.children(0)]

    assert order(100, 95) == ["a", "b"]
    assert order(95, 100) == ["a", "b"]
    assert order(90, 110) == ["a", "b"]
    assert order(50, 110) == ["b", "a"]
    assert order(55, 105) == ["b", "a"]


def test_order_memory_forgets_what_is_gone_or_too_small() -> None:
    memory = OrderMemory()
    for round_number in range(5):
        maker = ProfileMaker().sample("big", 100_000)
        for number in range(50):
            maker.sample(f"small{round_number}x{number}", 1)
        build_call_tree(maker.tick(), View(first_level="none"), memory)
    assert len(memory._weights) == 2


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("level", ["process", "none"])
def test_against_a_tree_built_the_slow_way(inverted: bool, level: str) -> None:
    for seed in range(4):
        profile = rich_profile(3, 60, seed)
        tree = build_call_tree(profile, View(first_level=level, inverted=inverted))  # type: ignore[arg-type]
        slow = _slow_tree(profile, inverted, level)
        fast = Counter[tuple[str, ...]]()
        for box in range(len(tree)):
            fast[tuple(tree.name(above) for above in [*tree.ancestors(box), box])] += int(tree.cum_samples[box])
            below = sum(int(tree.cum_samples[child]) for child in tree.children(box))
            assert tree.cum_samples[box] == tree.flat_samples[box] + below
        assert fast == slow


def _slow_tree(profile: Profile, inverted: bool, level: str) -> Counter[tuple[str, ...]]:
    found = Counter[tuple[str, ...]]()
    for bucket in profile.timeline.buckets():
        counts = bucket.counts["cpu"]
        for node, series, samples in zip(counts.nodes, counts.series, counts.samples, strict=True):
            names = [f.name for place in profile.stacks.walk(node) for f in frames_of(profile.locations[place])]
            end = profile.stacks.end(node)
            mark = [] if end is StackEnd.COMPLETE else [f"[truncated: {end.reason}]"]
            labels, who = profile.labels[series], profile.series[series]
            name = labels.get("process") or who.comm
            title = labels.get("title", "")
            group = [f"{name}: {title}" if title else name] if level == "process" else []
            path = ["all", *group, *(names + mark if inverted else mark + names[::-1])]
            for length in range(1, len(path) + 1):
                found[tuple(path[:length])] += samples
    return found
