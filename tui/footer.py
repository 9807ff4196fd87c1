"""The footer: the keys that matter most, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from .keys import action_of, footer_entries
from .labels import cells
from .look import Look
from .painted import Painted
from .row import Row


class Footer(Painted):
    """One row. The keys at the end of the table's order go first where there is little room, but not `?`."""

    class Pressed(Message):
        """An entry was clicked; `action` is what its key does."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._comparing = False

    def show(self, comparing: bool) -> None:
        """The keys that matter while comparing, or else."""
        if comparing != self._comparing:
            self._comparing = comparing
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click on an entry does what its key does."""
        key = key_at(event.x, self._fitting(self.size.width - 2))
        if key:
            self.post_message(self.Pressed(action_of(key)))

    def paint(self, y: int, row: Row) -> None:
        """The keys and their words."""
        put_keys(row, self._fitting(row.width - 2), self.look).to(row.width, self.look.palette.band)

    def _fitting(self, width: int) -> list[tuple[str, str]]:
        entries = footer_entries(self._comparing)
        while entries and sum(cells(key) + cells(word) + 3 for key, word in entries) - 2 > width:
            spare = [entry for entry in entries if entry[0] != "?"] or entries
            entries.remove(spare[-1])
        return entries


def put_keys(row: Row, entries: Sequence[tuple[str, str]], look: Look) -> Row:
    """Put keys and their words at a last line's beginning."""
    row.put(" ", look.palette.band)
    for key, word in entries:
        row.put(key, look.palette.key).put(f" {word}  ", look.palette.band_faint)
    return row


def key_at(x: int, entries: Sequence[tuple[str, str]]) -> str:
    """The key that stands at a cell of such a line, or whose word does; empty where neither does."""
    right = 1
    for key, word in entries:
        left, right = right, right + cells(key) + cells(word) + 3
        if left <= x < right - 2:
            return key
    return ""
