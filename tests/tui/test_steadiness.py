"""Boxes stay where they are while their shares waver, and never lie by more than a cell."""

from __future__ import annotations

import random
from itertools import pairwise

from icetop.tests.tui.tree_maker import picture_of
from icetop.tui.icicle_layout import Placed, lay_out
from icetop.tui.picture import Picture
from icetop.tui.steadiness import Steadiness

WIDTH = 120
STACKS = {f"f{n % 4};g{n % 12};h{n}": 900 + 97 * n for n in range(24)}


def drawn(picture: Picture, rows: list[list[Placed]]) -> list[tuple[int, str, int, int]]:
    return [(y, picture.tree.name(p.box), p.left, p.right) for y, row in enumerate(rows) for p in row if not p.culled]


def test_noise_moves_nothing_and_what_really_changed_is_shown() -> None:
    choose, steadiness = random.Random(2), Steadiness()
    first = picture_of(STACKS)
    before = drawn(first, steadiness.settle(first.tree, lay_out(first.tree, 0, WIDTH, 0, 5), WIDTH))
    exact = wavered = 0
    for _ in range(20):
        picture = picture_of({stack: count + choose.randint(-50, 50) for stack, count in STACKS.items()})
        rows = lay_out(picture.tree, 0, WIDTH, 0, 5)
        exact += drawn(picture, rows) != before
        wavered += drawn(picture, steadiness.settle(picture.tree, rows, WIDTH)) != before
    assert exact > 10 and wavered == 0
    picture = picture_of(STACKS | {"f0;g0;h0": 9_000})
    rows = steadiness.settle(picture.tree, lay_out(picture.tree, 0, WIDTH, 0, 5), WIDTH)
    assert drawn(picture, rows) != before


def test_whatever_comes_rows_stay_in_order_inside_their_parents_and_true_to_a_cell() -> None:
    choose, steadiness = random.Random(3), Steadiness()
    counts = dict(STACKS)
    for _ in range(60):
        counts = {stack: max(count + choose.randint(-150, 150), 0) for stack, count in counts.items()}
        picture = picture_of(counts)
        exact = lay_out(picture.tree, 0, WIDTH, 0, 5)
        settled = steadiness.settle(picture.tree, exact, WIDTH)
        spans = {placed.box: placed for row in settled for placed in row}
        for row, truth in zip(settled, exact, strict=True):
            assert all(left.right <= right.left for left, right in pairwise(row))
            edges = {placed.box: placed for placed in truth}
            for placed in row:
                assert 0 <= placed.left < placed.right <= WIDTH
                assert placed.culled == edges[placed.box].culled
                if not placed.culled:
                    assert abs(placed.right - edges[placed.box].right) <= 2
                above = spans.get(int(picture.tree.parents[placed.box])) if placed.box else None
                assert above is None or (above.left <= placed.left and placed.right <= above.right)


def test_another_scale_begins_anew() -> None:
    steadiness, before, after = Steadiness(), picture_of({"a": 500, "b": 500}), picture_of({"a": 503, "b": 497})
    steadiness.settle(before.tree, lay_out(before.tree, 0, WIDTH, 0, 5), WIDTH)
    rows = lay_out(after.tree, 0, 200, 0, 5)
    assert steadiness.settle(after.tree, rows, 200) == rows
