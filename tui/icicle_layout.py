"""Where the boxes of an icicle go: pure arithmetic from values to cells.

Positions are rounded, not widths, so that neighbours share a border and nothing drifts. A box under one cell is
culled; neighbours that are culled become one block that says how many they are.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from ..profiles.call_tree import CallTree
from ..profiles.selection import IntArray


@dataclass(frozen=True, slots=True)
class Placed:
    """A box on its row: cells [left, right). `culled` is 0 for a box itself; for a block of boxes too narrow to be
    drawn it is their number, and `box` is the first of them.
    """

    box: int
    left: int
    right: int
    culled: int = 0

    @property
    def width(self) -> int:
        """In cells."""
        return self.right - self.left


def lay_out(
    tree: CallTree, starts: IntArray, root: int, width: int, top: int, height: int, minimum: int = 0
) -> list[list[Placed]]:
    """The boxes on each of `height` rows, from left to right, the box `root` being `width` cells wide.

    Row 0 is `top` levels below `root`. `starts` is as `picture.box_starts` gives it. Boxes whose value is under
    `minimum` are culled whatever their width.
    """
    rows: list[list[Placed]] = [[] for _ in range(max(height, 0))]
    whole = int(tree.cum[root])
    if whole <= 0 or width <= 0 or height <= 0:
        return rows
    inside = slice(root, int(tree.ends[root]))
    cum = np.clip(tree.cum[inside], 0, whole)
    row = tree.depths[inside] - int(tree.depths[root]) - top
    culled = (cum < max(minimum, 1)) | (cum * float(width) < whole * 0.999999)
    culled[0] = False
    above = np.maximum(tree.parents[inside] - root, 0)
    drawn = np.flatnonzero((row >= 0) & (row < height) & ~culled[above] & (cum > 0))
    begin = np.clip(starts[inside][drawn] - int(starts[root]), 0, whole)
    left = _cells(begin, width, whole)
    right = _cells(np.minimum(begin + cum[drawn], whole), width, whole)
    columns = (drawn + root, row[drawn], left, right, culled[drawn], tree.parents[inside][drawn])
    for box, level, first, last, small, parent in zip(*(column.tolist() for column in columns), strict=True):
        _place(rows[level], tree, Placed(box, first, last, int(small)), parent)
    return [[placed for placed in level if placed.width > 0] for level in rows]


def _place(row: list[Placed], tree: CallTree, placed: Placed, parent: int) -> None:
    """Append a box, or join it to the block of culled neighbours before it."""
    if placed.culled and row and row[-1].culled and int(tree.parents[row[-1].box]) == parent:
        block = row[-1]
        row[-1] = Placed(block.box, block.left, placed.right, block.culled + 1)
    else:
        row.append(placed)


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
