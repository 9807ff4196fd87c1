"""The line in which something is typed: a search, a time, a note."""

from __future__ import annotations

from typing import Literal

from ..profiles.printable import printable
from .look import Look
from .painted import Painted
from .row import Row

LONGEST = 200
"""Characters that may be typed."""

Purpose = Literal["search", "time", "note"]
SIGNS: dict[Purpose, tuple[str, str]] = {
    "search": (" /", "enter keeps, esc clears"),
    "note": (" note ", "what happened here, such as: deployed v2.31   (enter keeps, esc: back)"),
    "time": (" go to ", "14:03   14:03..14:05   last 15 min   -40..-20   (esc: back)"),
}
"""What stands before the text, and after it."""

Outcome = Literal["typing", "kept", "dropped"]


class Prompt(Painted):
    """Takes all keys while it is open (`display`). The app hands them over itself, one by one as they are read, so that
    what is typed ahead on a slow link is text while the prompt is open, and keys again right after it.
    """

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.text = ""
        self.purpose: Purpose = "search"
        self.display = False

    def open(self, text: str = "", purpose: Purpose = "search") -> None:
        """Begin to take text, starting from `text`."""
        self.purpose = purpose
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
        before, after = SIGNS[self.purpose]
        room = max(row.width - len(before) - len(after) - 4, 8)
        row.put(before, palette.key).put(text[-room:], palette.band).put(" ", palette.cursor.label)
        row.put(f"   {after}", palette.band_faint).to(row.width, palette.band)

    def _become(self, text: str) -> None:
        self.text = text[:LONGEST]
        self.refresh()
