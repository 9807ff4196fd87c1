"""Recursion as one box, and one function with what it calls or who calls it."""

from __future__ import annotations

import pytest
from icetop.profiles.call_tree import CallTree
from icetop.profiles.comparison import build_comparison
from icetop.profiles.profile import Profile
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import Baseline, View
from icetop.tests.profile_maker import PERIOD, START, ProfileMaker, rich_profile


def made(*stacks: str) -> Profile:
    maker = ProfileMaker()
    for stack in stacks:
        maker.sample(stack, 1)
    return maker.tick()


def drawn(tree: CallTree) -> dict[str, int]:
    """Each box as its way from the group down, and its samples."""
    ways = {}
    for box in range(2, len(tree)):
        ways[";".join(tree.name(place) for place in (*tree.ancestors(box)[2:], box))] = int(tree.cum_samples[box])
    assert len(ways) == max(len(tree) - 2, 0)
    return ways


def test_a_function_that_calls_itself_is_one_box() -> None:
    tree = build_call_tree(made("m;r;r;r;x", "m;r;x", "m;r;r;y", "m;r;s;r;x"), View(collapsed=True))
    assert drawn(tree) == {"m": 4, "m;r": 4, "m;r;x": 2, "m;r;y": 1, "m;r;s": 1, "m;r;s;r": 1, "m;r;s;r;x": 1}


def test_the_callees_of_a_function_whoever_calls_it() -> None:
    profile = made("m;a;f;x", "m;b;f;y", "m;b;f;f;x", "m;c", "f")
    tree = build_call_tree(profile, View(focus="f"))
    assert drawn(tree) == {"f": 4, "f;x": 1, "f;y": 1, "f;f": 1, "f;f;x": 1}
    assert tree.samples == 5 and int(tree.flat_samples[1]) == 1, "what is not under it stays in the group"


def test_the_callers_of_a_function() -> None:
    profile = made("m;a;f;x", "m;b;f;y", "m;c", "m;b;f")
    tree = build_call_tree(profile, View(focus="f", inverted=True))
    assert drawn(tree) == {"f": 3, "f;b": 2, "f;b;m": 2, "f;a": 1, "f;a;m": 1}
    assert build_call_tree(profile, View(focus="no such function")).samples == 4


@pytest.mark.parametrize("view", [View(collapsed=True), View(focus="loop"), View(focus="a", inverted=True)])
def test_totals_stay(view: View) -> None:
    profile = rich_profile(10)
    plain, tree = build_call_tree(profile, View()), build_call_tree(profile, view)
    assert (tree.total, tree.samples) == (plain.total, plain.samples)
    for box in range(len(tree)):
        below = sum(int(tree.cum[child]) for child in tree.children(box))
        assert below + int(tree.flat[box]) == int(tree.cum[box])
        names = [tree.identity(child) for child in tree.children(box)]
        assert len(set(names)) == len(names), "siblings of one name are one"


def test_it_is_so_in_a_comparison_too() -> None:
    maker = ProfileMaker()
    for second in range(20):
        maker.sample("m;r;r;x", 5).sample("m;q;r;y" if second < 10 else "m;r;y", 5).tick()
    from icetop.profiles.view import Stretch

    middle = START + 10 * 10**9
    base = Baseline(Stretch(START, middle))
    tree = build_comparison(maker.profile, View(stretch=Stretch(middle), focus="r", collapsed=True, baseline=base))
    assert drawn(tree) == {"r": 100, "r;x": 50, "r;y": 50}
    assert tree.change is not None and tree.change.boxes.cum[2] == 100 * PERIOD and not tree.change.steps.any()
