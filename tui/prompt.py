"""The line in which a search is typed."""

from __future__ import annotations

from textual import events
from textual.message import Message

from ..profiles.printable import printable
from .look import Look
from .painted import Painted
from .row import Row

LONGEST = 200


class Prompt(Painted, can_focus=True):
    """Takes all keys while it is open; its text is told at every change."""

    class Changed(Message):
        """Other text stands in the prompt."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Typing has ended; `kept` says whether the search shall stay."""

        def __init__(self, kept: bool) -> None:
            super().__init__()
            self.kept = kept

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._text = ""
        self.display = False

    def open(self, text: str = "") -> None:
        """Begin to take text, starting from `text`."""
        self._text = text
        self.display = True
        self.screen.set_focus(self, scroll_visible=False)
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """Edit the text; no key goes further while the prompt is open."""
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "escape", "ctrl+c"):
            self._close(kept=event.key == "enter")
        elif event.key in ("backspace", "ctrl+h"):
            self._change(self._text[:-1])
        elif event.key in ("ctrl+u", "ctrl+w"):
            self._change("")
        elif event.is_printable and event.character:
            self._change(self._text + event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Take the first line of what is pasted."""
        event.stop()
        self._change(self._text + "".join(event.text.splitlines()[:1]))

    def paint(self, y: int, row: Row) -> None:
        """The text, its end in sight, with a block for a cursor."""
        palette = self.look.palette
        text = printable(self._text)
        row.put(" /", palette.key).put(text[-max(row.width - 30, 8) :], palette.band).put(" ", palette.cursor.label)
        row.put("   enter keeps, esc clears", palette.band_faint).to(row.width, palette.band)

    def _change(self, text: str) -> None:
        self._text = text[:LONGEST]
        self.refresh()
        self.post_message(self.Changed(self._text))

    def _close(self, kept: bool) -> None:
        self.display = False
        self.blur()
        self.post_message(self.Closed(kept and bool(self._text)))
