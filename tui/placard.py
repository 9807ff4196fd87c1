"""The body while there is nothing to draw: why that is so."""

from __future__ import annotations

from .look import Look
from .painted import Painted
from .row import Row


class Placard(Painted):
    """A few lines in the middle, the first one strong."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._lines: list[str] = []

    def show(self, lines: list[str]) -> None:
        """Say this from now on."""
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def paint(self, y: int, row: Row) -> None:
        """One of the lines, or nothing."""
        first = max((self.size.height - len(self._lines)) // 2, 0)
        if first <= y < first + len(self._lines):
            text = self._lines[y - first]
            row.to(max((row.width - len(text)) // 2, 1))
            row.put(text, self.look.palette.strong if y == first else self.look.palette.faint)
