"""A page of text over the whole screen: help, messages, a whole stack."""

from __future__ import annotations

from textwrap import wrap

from rich.cells import chop_cells
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen

from ..profiles.printable import printable
from .footer import key_at, put_keys
from .look import Look
from .painted import Painted
from .row import Row

Line = tuple[str, str]
"""A word at the left, and what is said of it. Without the word the line is a heading."""

WORD, INDENT = 8, 12
"""Cells of the word, and where what is said of it begins."""


KEYS = (("esc", "back"), ("j k", "scroll"))
"""What the last line says of keys."""


class Sheet(Painted):
    """The lines of a page, scrolled."""

    class Left(Message):
        """The word for going back was clicked."""

    def __init__(self, look: Look, title: str, lines: list[Line]) -> None:
        super().__init__(look)
        self._title = title
        self._said = [(printable(word), printable(text)) for word, text in lines]
        self._lines: list[Line] = []
        self._top = 0

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._lines = [line for word, text in self._said for line in _broken(word, text, self.size.width)]
        self.scroll(0)

    def scroll(self, lines: int) -> None:
        """Move by so many lines."""
        last = max(len(self._lines) - self._room, 0)
        self._top = min(max(self._top + lines, 0), last)
        self.refresh()

    @property
    def _room(self) -> int:
        return max(self.size.height - 2, 1)

    def paint(self, y: int, row: Row) -> None:
        """Title, lines, and how to leave."""
        palette = self.look.palette
        if y == 0:
            row.put(" icetop ", palette.chip).put(f" {self._title}", palette.band).to(row.width, palette.band)
        elif y == self.size.height - 1:
            put_keys(row, KEYS, self.look)
            left = len(self._lines) - self._top - self._room
            row.put(f" {left} more" if left > 0 else "", palette.band_faint).to(row.width, palette.band)
        elif self._top + y - 1 < len(self._lines):
            self._paint_line(row, *self._lines[self._top + y - 1])

    def _paint_line(self, row: Row, word: str, text: str) -> None:
        palette = self.look.palette
        if not word:
            row.put(" ").put(text, palette.strong)
        else:
            row.put("  ").put(f"{word:<{WORD}}", palette.accent).to(INDENT).put(text)

    def on_click(self, event: events.Click) -> None:
        """A click on the last line does what the key there does."""
        key = key_at(event.x, KEYS) if event.y == self.size.height - 1 else ""
        if key == "esc":
            self.post_message(self.Left())
        elif key:
            self.scroll(self._room)

    def on_mouse_scroll_down(self) -> None:
        """Further down."""
        self.scroll(3)

    def on_mouse_scroll_up(self) -> None:
        """Further up."""
        self.scroll(-3)


def _broken(word: str, text: str, width: int) -> list[Line]:
    """A line as many lines that fit into `width` cells; those after the first have a blank for a word."""
    room = max(width - (INDENT if word else 1) - 1, 8)
    parts = [part for line in wrap(text, room) for part in chop_cells(line, room)]
    return [(word, parts[0] if parts else ""), *((" " if word else "", part) for part in parts[1:])]


class Page(Screen[None]):
    """A sheet with the keys to scroll and leave it. They have priority: what is typed behind them is the app's."""

    BINDINGS = [  # noqa: RUF012  (Textual's own way)
        Binding("escape,q,ctrl+c,question_mark,enter,exclamation_mark,d", "app.pop_screen", show=False, priority=True),
        Binding("down,j", "scroll(1)", show=False, priority=True),
        Binding("up,k", "scroll(-1)", show=False, priority=True),
        Binding("pagedown,space,ctrl+d", "scroll(10)", show=False, priority=True),
        Binding("pageup,ctrl+u", "scroll(-10)", show=False, priority=True),
        Binding("home,g", "scroll(-1000000)", show=False, priority=True),
        Binding("end,G", "scroll(1000000)", show=False, priority=True),
    ]

    def __init__(self, look: Look, title: str, lines: list[Line]) -> None:
        super().__init__()
        self._sheet = Sheet(look, title, lines)

    def compose(self) -> ComposeResult:
        """Only the sheet."""
        yield self._sheet

    def on_sheet_left(self) -> None:
        """Go back, as escape does."""
        self.dismiss()

    def dress(self, look: Look) -> None:
        """Take on another look."""
        self._sheet.dress(look)

    def action_scroll(self, lines: int) -> None:
        """Move by so many lines."""
        self._sheet.scroll(lines)
