"""Putting one row of the screen together, cell by cell from the left, never longer than its width."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..profiles.printable import printable
from .labels import cells, cut


class Row:
    """A row under construction. Nothing in a text acts: it is no markup, and what would not print is shown escaped."""

    def __init__(self, width: int, ground: Style, ellipsis: str = "…") -> None:
        self.width = width
        self.used = 0
        self._ground = ground
        self._ellipsis = ellipsis
        self._segments: list[Segment] = []

    @property
    def room(self) -> int:
        """Cells still free."""
        return self.width - self.used

    def put(self, text: str, style: Style | None = None) -> Row:
        """Append text, cut with an ellipsis where it does not fit."""
        if text and self.used < self.width:
            if not text.isprintable():
                text = printable(text)
            size = cells(text)
            if size > self.width - self.used:
                text = cut(text, self.width - self.used, self._ellipsis)
                size = cells(text)
            self._segments.append(Segment(text, style or self._ground))
            self.used += size
        return self

    def to(self, column: int, style: Style | None = None) -> Row:
        """Fill with blanks up to a column."""
        return self.put(" " * (min(column, self.width) - self.used), style)

    def strip(self) -> Strip:
        """The row, filled up to its width."""
        self.to(self.width)
        return Strip(self._segments, self.width)
