"""Walking from box to box of an icicle by keys: what is where on the screen decides, not the tree alone."""

from __future__ import annotations

from collections.abc import Callable

from ..profiles.call_tree import CallTree
from .icicle_layout import Placed, lay_out, place_of

PAGE = 10
"""Levels that a page is."""


class Walk:
    """The ways on from a box, for one tree, zoom and width. `placed` gives the boxes on a level, as far as known."""

    def __init__(
        self, tree: CallTree, root: int, width: int, placed: Callable[[int], list[Placed] | None] = lambda level: None
    ) -> None:
        self._tree = tree
        self._root = root
        self._width = width
        self._placed = placed

    def step(self, box: int, way: str) -> int:
        """The box that one key leads to; `way` is left, right, up, down, first, last, page_up or page_down."""
        if way in ("left", "right"):
            return self._sideways(box, 1 if way == "right" else -1)
        if way == "first":
            return self._root
        if way in ("up", "page_up"):
            return self._up(box, PAGE if way == "page_up" else 1)
        return self._down(box, {"down": 1, "page_down": PAGE}.get(way, int(self._tree.depths.max()) + 1))

    def culled(self, box: int) -> bool:
        """Whether a box is too narrow to be drawn by itself."""
        placed = place_of(self._row(box), self._tree, box)
        return placed is None or bool(placed.culled)

    def _row(self, box: int) -> list[Placed]:
        return self._rows(box, 0, 1)[0]

    def _rows(self, box: int, below: int, levels: int) -> list[list[Placed]]:
        """So many rows of the graph, the first of them `below` a box's own."""
        top = int(self._tree.depths[box]) + below - int(self._tree.depths[self._root])
        return lay_out(self._tree, self._root, self._width, top, levels)

    def _up(self, box: int, levels: int) -> int:
        for _ in range(levels):
            box = box if box == self._root else int(self._tree.parents[box])
        return box

    def _down(self, box: int, levels: int) -> int:
        """From widest to widest of the boxes below that are drawn, as far as there are any."""
        for row in self._rows(box, 1, levels):
            below = [placed for placed in row if int(self._tree.parents[placed.box]) == box]
            if not below:
                break
            box = max(below, key=lambda placed: (placed.culled == 0, placed.width)).box
        return box

    def _sideways(self, box: int, direction: int) -> int:
        """The neighbour on the row; inside a block of culled boxes, the next one of the block."""
        row = self._row(box)
        placed = place_of(row, self._tree, box)
        if placed is None:
            return box
        sibling = self._sibling(box, direction) if placed.culled else None
        if sibling is not None and place_of(row, self._tree, sibling) is placed:
            return sibling
        beside = row.index(placed) + direction
        return row[beside].box if 0 <= beside < len(row) else box

    def _sibling(self, box: int, direction: int) -> int | None:
        siblings = self._tree.children(int(self._tree.parents[box])) if box else [0]
        place = siblings.index(box) + direction
        return siblings[place] if 0 <= place < len(siblings) else None
