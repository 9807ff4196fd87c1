"""The base of all widgets: a rectangle that is painted row by row."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from .look import Look
from .row import Row


class Painted(Widget):
    """A widget without Textual's own decoration: it paints all of its cells itself, through `paint`."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.look = look

    def dress(self, look: Look) -> None:
        """Take on another look."""
        self.look = look
        self.refresh()

    def paint(self, y: int, row: Row) -> None:
        """Put the row `y` of the widget into `row`; what is left free shows the ground."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """One row of the widget as Textual wants it."""
        row = Row(self.size.width, self.look.palette.ground, self.look.glyphs.ellipsis)
        self.paint(y, row)
        return row.strip()
