"""Who calls the function in focus: rows above the graph of what it calls, its direct callers lowest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..profiles.printable import printable
from .choices import Tint
from .figures import scale_for
from .icicle_brush import Brush
from .look import Look
from .picture import Picture
from .row import Row

if TYPE_CHECKING:
    from ..profiles.call_tree import CallTree
    from .icicle_layout import Placed

LONGEST = 60
"""Cells of the function's name."""


class Callers:
    """The rows of one picture: callers, each as wide as its part of the function's time, and a line that says so."""

    def __init__(self) -> None:
        self._rows: list[list[Placed]] = []
        self._picture: Picture | None = None
        self._words = ""
        self._tree: CallTree | None = None
        self._extent = (0, 0)

    @property
    def height(self) -> int:
        """Rows taken; none without a function in focus, without callers, and where there is no room."""
        return len(self._rows) + 1 if self._rows else 0

    def lay_out(self, picture: Picture, width: int, room: int) -> None:
        """Place the callers of the function in focus on at most so many rows."""
        from .icicle_layout import deepest, lay_out

        tree = picture.callers
        if tree is self._tree and (width, room) == self._extent:
            return
        self._tree, self._extent, self._rows = tree, (width, room), []
        root = _widest(tree, picture.view.focus) if tree is not None else None
        if tree is None or root is None:
            return
        levels = min(deepest(tree, root), room - 1)
        self._rows = [row for row in lay_out(tree, root, width, 1, levels) if row][::-1]
        self._picture = replace(picture, tree=tree)
        whole = scale_for(picture.unit, picture.tree.total).full(int(tree.cum[root]))
        self._words = f"callers of {printable(tree.name(root), LONGEST)}: {whole}"

    def paint(self, y: int, row: Row, look: Look, tint: Tint) -> None:
        """One of the rows."""
        if self._picture is None or y > len(self._rows):
            return
        if y < len(self._rows):
            Brush(look, self._picture, None, tint).paint_level(row, self._rows[y], None)
        else:
            row.put(f" {look.glyphs.up} ", look.palette.accent).put(self._words, look.palette.faint)

    def name_at(self, x: int, y: int) -> str:
        """The caller at a cell; empty where there is none."""
        row = self._rows[y] if y < len(self._rows) else []
        placed = next((box for box in row if box.left <= x < box.right), None)
        frame = self._picture.tree.frame(placed.box) if placed is not None and self._picture is not None else None
        return frame.name if frame is not None else ""


def _widest(tree: CallTree, name: str) -> int | None:
    """The widest box of a function right below the whole."""
    named = [box for box in tree.children(0) if tree.frame(box) is not None and tree.name(box) == name]
    return max(named, key=lambda box: int(tree.drawn[box]), default=None)
