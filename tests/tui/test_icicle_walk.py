from __future__ import annotations

from icetop.tests.tui.tree_maker import box_named, picture_of
from icetop.tui.anchor import Anchor
from icetop.tui.icicle_walk import Walk
from icetop.tui.picture import Picture

STACKS = {"main;a;x": 50, "main;b;y": 30, "main;b;z": 15} | {f"main;small{i}": 1 for i in range(5)}


def walk_of(picture: Picture, width: int = 50, root: int = 0) -> Walk:
    return Walk(picture.tree, root, width)


def follow(picture: Picture, start: str, *ways: str, width: int = 50) -> str:
    walk, box = walk_of(picture, width), box_named(picture, start)
    for way in ways:
        box = walk.step(box, way)
    return picture.tree.name(box)


def test_moving_goes_where_the_eye_expects() -> None:
    picture = picture_of(STACKS)
    assert follow(picture, "all", "down", "down", "down") == "a"
    assert follow(picture, "a", "right") == "b"
    assert follow(picture, "x", "right") == "y", "over the border of two parents"
    assert follow(picture, "x", "right", "right", "left") == "y"
    assert follow(picture, "z", "up") == "b"
    assert follow(picture, "b", "down") == "y", "the widest child"
    assert follow(picture, "z", "first") == "all"
    assert follow(picture, "all", "last") == "x"
    assert follow(picture, "all", "page_down", "page_up") == "all"


def test_moving_stops_at_the_borders() -> None:
    picture = picture_of(STACKS)
    assert follow(picture, "all", "up", "left") == "all"
    assert follow(picture, "x", "down") == "x"
    assert follow(picture, "x", "left") == "x"


def test_a_block_of_culled_boxes_is_walked_through_one_by_one() -> None:
    picture = picture_of(STACKS)
    walk, box = walk_of(picture), box_named(picture, "b")
    seen = []
    for _ in range(7):
        box = walk.step(box, "right")
        seen.append(picture.tree.name(box))
    assert sorted(seen[:5]) == [f"small{i}" for i in range(5)]
    assert seen[5:] == [seen[4]] * 2, "the end of the row"
    assert walk.culled(box) and not walk.culled(box_named(picture, "b"))
    assert picture.tree.name(walk.step(box, "left")) == seen[3]


def test_an_anchor_survives_new_trees_and_comes_back() -> None:
    before = picture_of({"main;a;x": 5, "main;b": 50})
    anchor = Anchor(before.tree, box_named(before, "x"))
    moved = picture_of({"main;b": 5, "main;new": 70, "main;a;x": 50})
    assert moved.tree.name(anchor.find(moved.tree)) == "x"
    without = picture_of({"main;a": 5, "main;b": 50})
    assert without.tree.name(anchor.find(without.tree)) == "a", "the deepest box that is left"
    assert before.tree.name(anchor.find(before.tree)) == "x"
    assert Anchor().find(before.tree) == 0
