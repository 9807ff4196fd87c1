from __future__ import annotations

import random
from itertools import pairwise

import pytest
from icetop.tests.tui.tree_maker import box_named, picture_of
from icetop.tui.icicle_layout import deepest, lay_out, place_of
from icetop.tui.picture import Picture


def rows_of(picture: Picture, width: int, root: int = 0, top: int = 0, height: int = 10, minimum: int = 0):
    return lay_out(picture.tree, root, width, top, height, minimum)


def drawn(picture: Picture, row) -> list[tuple[str, int, int, int]]:
    return [(picture.tree.name(p.box), p.left, p.right, p.culled) for p in row]


def test_children_lie_in_their_order_from_the_left_and_flat_value_stays_free_on_the_right() -> None:
    picture = picture_of({"main;a": 60, "main;b": 30, "main": 10})
    rows = rows_of(picture, 100)
    assert drawn(picture, rows[0]) == [("all", 0, 100, 0)]
    assert drawn(picture, rows[1]) == [("app", 0, 100, 0)]
    assert drawn(picture, rows[2]) == [("main", 0, 100, 0)]
    assert drawn(picture, rows[3]) == [("a", 0, 60, 0), ("b", 60, 90, 0)]
    assert rows[4:] == [[]] * 6


def test_flat_value_of_an_earlier_sibling_shifts_the_later_one() -> None:
    picture = picture_of({"a;x": 40, "a": 20, "b;y": 30, "b": 10})
    rows = rows_of(picture, 100)
    assert drawn(picture, rows[2]) == [("a", 0, 60, 0), ("b", 60, 100, 0)]
    assert drawn(picture, rows[3]) == [("x", 0, 40, 0), ("y", 60, 90, 0)]


def test_positions_are_rounded_not_widths() -> None:
    picture = picture_of({"a": 1, "b": 1, "c": 1})
    for width in range(3, 40):
        row = rows_of(picture, width)[2]
        assert row[0].left == 0 and row[-1].right == width
        assert all(left.right == right.left for left, right in pairwise(row))
        assert max(p.width for p in row) - min(p.width for p in row) <= 1


def test_boxes_under_a_cell_become_one_block_that_counts_them() -> None:
    picture = picture_of({"big": 900} | {f"small{i};deep": 4 for i in range(25)})
    rows = rows_of(picture, 100)
    assert drawn(picture, rows[2])[0] == ("big", 0, 90, 0)
    (block,) = rows[2][1:]
    assert (block.left, block.right, block.culled) == (90, 100, 25)
    assert rows[3] == [], "what is below a culled box is not drawn"


def test_blocks_of_different_parents_stay_apart() -> None:
    picture = picture_of({f"a;x{i}": 5 for i in range(10)} | {f"b;y{i}": 5 for i in range(10)})
    row = rows_of(picture, 10)[3]
    assert [(p.left, p.right, p.culled) for p in row] == [(0, 5, 10), (5, 10, 10)]


def test_a_minimum_culls_whatever_the_width() -> None:
    picture = picture_of({"a": 90, "b": 10})
    row = rows_of(picture, 100, minimum=20)[2]
    assert [(p.width, p.culled) for p in row] == [(90, 0), (10, 1)]


def test_zooming_makes_a_box_the_whole_width() -> None:
    picture = picture_of({"main;a;x": 30, "main;a;y": 10, "main;b": 60})
    rows = rows_of(picture, 80, root=box_named(picture, "a"))
    assert drawn(picture, rows[0]) == [("a", 0, 80, 0)]
    assert drawn(picture, rows[1]) == [("x", 0, 60, 0), ("y", 60, 80, 0)]


def test_scrolling_shows_the_same_rows() -> None:
    picture = picture_of({";".join(f"f{i}" for i in range(30)): 7, "f0;other": 3})
    whole = rows_of(picture, 50, height=40)
    assert rows_of(picture, 50, top=11, height=5) == whole[11:16]
    assert deepest(picture.tree, 0) == 31


def test_a_box_is_found_in_its_block() -> None:
    picture = picture_of({"big": 900} | {f"small{i}": 4 for i in range(25)})
    row = rows_of(picture, 100)[2]
    small = box_named(picture, "small7")
    assert place_of(row, picture.tree, small) is row[1]
    assert place_of(row, picture.tree, box_named(picture, "big")) is row[0]
    assert place_of(row, picture.tree, 0) is None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("width", [1, 2, 20, 79, 200, 1000])
def test_rows_never_overlap_and_children_stay_under_their_parents(seed: int, width: int) -> None:
    choose = random.Random(seed)
    stacks = {
        ";".join(choose.choice("abcdefgh") for _ in range(choose.randint(1, 8))): int(choose.paretovariate(0.7) * 1000)
        for _ in range(300)
    }
    picture = picture_of(stacks)
    tree, rows = picture.tree, rows_of(picture, width, height=12)
    spans = {p.box: p for row in rows for p in row if not p.culled}
    for row in rows:
        assert all(0 <= p.left < p.right <= width for p in row)
        assert all(a.right <= b.left for a, b in pairwise(row))
        for placed in row:
            exact = int(tree.cum[placed.box]) * width / tree.total
            if not placed.culled:
                assert exact >= 0.999 and abs(placed.width - exact) < 1.001
            if placed.box:
                parent = spans[int(tree.parents[placed.box])]
                assert parent.left <= placed.left and placed.right <= parent.right


def test_values_beyond_what_integers_carry_are_still_placed() -> None:
    picture = picture_of({"a": 1 << 60, "b": 1 << 60})
    assert [(p.left, p.right) for p in rows_of(picture, 200)[2]] == [(0, 100), (100, 200)]


def test_nothing_to_draw_gives_empty_rows() -> None:
    picture = picture_of({"a": 0})
    assert rows_of(picture, 80) == [[]] * 10
    assert rows_of(picture_of({"a": 1}), 0) == [[]] * 10
    assert rows_of(picture_of({"a": 1}), 80, height=0) == []


def test_places_equal_a_walk_of_the_tree() -> None:
    picture = picture_of({"a;b;c": 5, "a;b": 7, "a;d": 11, "a": 13, "e;f": 17, "e": 19})
    tree = picture.tree
    expected = {0: 0}
    for box in range(len(tree)):
        at = expected[box]
        for child in tree.children(box):
            expected[child] = at
            at += int(tree.cum[child])
    placed = [place for row in rows_of(picture, tree.total) for place in row]
    assert {place.box: place.left for place in placed} == expected


def test_a_box_never_reaches_beyond_the_one_above_it_even_where_values_are_negative() -> None:
    picture = picture_of({"a;x": 50, "a;y": 40, "a;z": -60, "b;w": 30})
    for row in rows_of(picture, 60)[2:]:
        assert all(left.right <= right.left for left, right in pairwise(row))
