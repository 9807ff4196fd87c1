"""Where the boxes of an icicle go: pure arithmetic from values to cells.

Positions are rounded, not widths, so that neighbours share a border and nothing drifts. A box under one cell is
culled; neighbours that are culled become one block that says how many they are.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..profiles.call_tree import CallTree, SmallArray
from ..profiles.selection import IntArray

QUARTERS = 4
"""Parts of a cell that characters can fill."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A box on its row: cells [left, right). `culled` is 0 for a box itself; for a block of boxes too narrow to be
    drawn it is their number, and `box` is the first of them. `rest` is how far the right end really lies beyond
    (or, negative, before) the cell's border, in quarters of a cell.
    """

    box: int
    left: int
    right: int
    culled: int = 0
    rest: int = field(default=0, compare=False)

    @property
    def width(self) -> int:
        """In cells."""
        return self.right - self.left

    def moved(self, left: int, right: int, rest: int) -> Placed:
        """The same somewhere else."""
        return Placed(self.box, left, right, self.culled, rest)


def lay_out(tree: CallTree, root: int, width: int, top: int, height: int, minimum: int = 0) -> list[list[Placed]]:
    """The boxes on each of `height` rows, from left to right, the box `root` being `width` cells wide.

    Row 0 is `top` levels below `root`. Boxes whose value is under `minimum` are culled whatever their width. Goes down
    level by level through the children of boxes that are drawn, so that what is culled costs nothing below it. Boxes
    below one stand side by side from its left; what is flat in it stays free on the right.
    """
    rows: list[list[Placed]] = [[] for _ in range(max(height, 0))]
    whole = int(tree.drawn[root])
    if whole <= 0 or width <= 0 or height <= 0:
        return rows
    depth, drawn, begins, ends = int(tree.depths[root]), np.array([root]), np.array([0]), np.array([whole])
    if top == 0:
        rows[0] = [Placed(root, 0, width)]
    for level in range(1, top + height):
        if depth + level >= len(tree.levels) or not len(drawn):
            break
        boxes, above = _children(tree, tree.levels[depth + level], drawn)
        cum = np.clip(tree.drawn[boxes], 0, whole)
        boxes, above, cum = boxes[cum > 0], above[cum > 0], cum[cum > 0]
        begin = np.minimum(_side_by_side(cum, above, begins), ends[above])
        end = np.minimum(begin + cum, ends[above])
        culled = (cum < minimum) | (cum * float(width) < whole * 0.999999)
        if level >= top:
            left, right = _cells(begin, width, whole), _cells(end, width, whole)
            rest = _cells(end, QUARTERS * width, whole) - QUARTERS * right
            rows[level - top] = _blocks(boxes, above, culled, left, right, rest)
        drawn, begins, ends = boxes[~culled], begin[~culled], end[~culled]
    return rows


def _side_by_side(cum: IntArray, above: IntArray, begins: IntArray) -> IntArray:
    """Where boxes begin, `above` being the place of the box above each in `begins`."""
    before = np.cumsum(cum) - cum
    first = np.searchsorted(above, above)
    begin: IntArray = begins[above] + before - before[first]
    return begin


def _children(tree: CallTree, level: SmallArray, parents: IntArray) -> tuple[IntArray, IntArray]:
    """The children of `parents` on the next level, in order, and for each the place of its parent."""
    first = np.searchsorted(level, parents)
    sizes = np.searchsorted(level, tree.ends[parents]) - first
    shifts = np.repeat(first - (np.cumsum(sizes) - sizes), sizes)
    return level[shifts + np.arange(len(shifts))].astype(np.int64), np.repeat(np.arange(len(parents)), sizes)


def _blocks(
    boxes: IntArray,
    above: IntArray,
    culled: npt.NDArray[np.bool_],
    left: IntArray,
    right: IntArray,
    rest: IntArray,
) -> list[Placed]:
    """One entry a box, culled neighbours of one parent joined; what has no cell is left out."""
    if not len(boxes):
        return []
    joined = culled[1:] & culled[:-1] & (above[1:] == above[:-1])
    first = np.flatnonzero(np.concatenate(([True], ~joined)))
    last = np.concatenate((first[1:], [len(boxes)])) - 1
    seen = left[first] < right[last]
    first, last = first[seen], last[seen]
    counts = np.where(culled[first], last - first + 1, 0)
    columns = (boxes[first], left[first], right[last], counts, rest[last])
    return [Placed(*entry) for entry in zip(*(column.tolist() for column in columns), strict=True)]


def _cells(positions: IntArray, width: int, whole: int) -> IntArray:
    """Positions in the kind's unit as cells, rounded: in integers as far as they carry, so that equal stays equal."""
    if whole < (1 << 62) // (2 * width):
        cells: IntArray = (positions * (2 * width) + whole) // (2 * whole)
        return cells
    rounded: IntArray = np.floor(positions * (width / whole) + 0.5).astype(np.int64)
    return rounded


def place_of(row: list[Placed], tree: CallTree, box: int) -> Placed | None:
    """Where on its row a box is drawn, be it as one of a block of culled ones; None where it is not."""
    place = bisect_right([placed.box for placed in row], box) - 1
    if place < 0:
        return None
    placed = row[place]
    joined = placed.culled and int(tree.parents[placed.box]) == int(tree.parents[box])
    return placed if placed.box == box or joined else None


def deepest(tree: CallTree, root: int) -> int:
    """How many levels there are below `root`."""
    return int(tree.depths[root : int(tree.ends[root])].max()) - int(tree.depths[root])
