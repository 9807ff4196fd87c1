"""The line in which a search is typed."""

from __future__ import annotations

from typing import Literal

from ..profiles.printable import printable
from .look import Look
from .painted import Painted
from .row import Row

LONGEST = 200
"""Characters that a search may have."""

Outcome = Literal["typing", "kept", "dropped"]


class Prompt(Painted):
    """Takes all keys while it is open (`display`). The app hands them over itself, one by one as they are read, so that
    what is typed ahead on a slow link is text while the prompt is open, and keys again right after it.
    """

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.text = ""
        self.display = False

    def open(self, text: str = "") -> None:
        """Begin to take text, starting from `text`."""
        self._become(text)
        self.display = True

    def take(self, key: str, character: str | None) -> Outcome:
        """Edit the text by one key (Textual's name) with the character that it stands for, if any."""
        if key in ("enter", "escape", "ctrl+c"):
            self.display = False
            return "kept" if key == "enter" and self.text else "dropped"
        if key in ("backspace", "ctrl+h"):
            self._become(self.text[:-1])
        elif key in ("ctrl+u", "ctrl+w"):
            self._become("")
        elif character is not None and character.isprintable():
            self._become(self.text + character)
        return "typing"

    def paste(self, text: str) -> None:
        """Take the first line of what is pasted."""
        self._become(self.text + "".join(text.splitlines()[:1]))

    def paint(self, y: int, row: Row) -> None:
        """The text, its end in sight, with a block for a cursor."""
        palette = self.look.palette
        text = printable(self.text)
        row.put(" /", palette.key).put(text[-max(row.width - 30, 8) :], palette.band).put(" ", palette.cursor.label)
        row.put("   enter keeps, esc clears", palette.band_faint).to(row.width, palette.band)

    def _become(self, text: str) -> None:
        self.text = text[:LONGEST]
        self.refresh()
