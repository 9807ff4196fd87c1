"""Choosing from a list by typing a part of what is wanted: the base of picker and palette."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from ..profiles.printable import printable
from .footer import key_at, put_keys
from .labels import cells
from .look import Look
from .painted import Painted
from .row import Row

LONGEST = 200
"""Characters that a filter may have."""

FRAME_ROWS, HEADS_FROM = 3, 9
"""Rows for title, filter and keys; rows from which the columns have heads."""

STEPS = {"up": -1, "ctrl+p": -1, "down": 1, "ctrl+n": 1, "home": -(10**9), "end": 10**9}

Outcome = Literal["choosing", "chosen", "dropped"]
ENDINGS: dict[str, Outcome] = {"enter": "chosen", "escape": "dropped", "ctrl+c": "dropped"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what it stands for, figures or a key at the left, a name, and what else there is to say.

    Names come from anywhere; they are made safe to print when they are painted. The filter looks into all three.
    """

    key: Hashable
    left: str
    name: str
    more: str = ""

    def matches(self, words: Sequence[str]) -> bool:
        """Whether all of the words (in lower case) are in it."""
        text = f"{self.left} {self.name} {self.more}".lower()
        return all(word in text for word in words)


class Chooser(Painted):
    """The list. Entries keep their places once the cursor has moved, however often they are offered anew.

    `remark` stands beside what is typed.
    """

    class Taken(Message):
        """The entry under the cursor was clicked."""

    class Left(Message):
        """The word for going back was clicked."""

    def __init__(self, look: Look, title: str, heads: str = "", several: bool = False) -> None:
        super().__init__(look)
        self._title, self._heads, self._several = title, heads, several
        self._entries: list[Entry] = []
        self._shown: list[Entry] = []
        self._marked: dict[Hashable, None] = {}
        self._filter = ""
        self.remark = ""
        self._at = self._top = 0
        self._held = False

    @property
    def chosen(self) -> list[Hashable]:
        """The keys of the marked entries, or of the one under the cursor where none is marked."""
        return list(self._marked) or [entry.key for entry in self._shown[self._at : self._at + 1]]

    def offer(self, entries: Sequence[Entry]) -> None:
        """Have these to choose from, the likeliest first."""
        if self._held:
            places = {entry.key: place for place, entry in enumerate(self._entries)}
            entries = sorted(entries, key=lambda entry: places.get(entry.key, len(places)))
        self._entries = list(entries)
        self._narrow()

    def take(self, key: str, character: str | None) -> Outcome:
        """One key (Textual's name), with the character that it stands for, if any."""
        if key in ENDINGS:
            return ENDINGS[key] if self.chosen or ENDINGS[key] == "dropped" else "choosing"
        if key in STEPS or key in ("pageup", "pagedown"):
            page = max(self._room - 1, 1)
            self.move(STEPS.get(key, page if key == "pagedown" else -page))
        elif key == "tab" and self._several:
            self._mark()
        elif key in ("backspace", "ctrl+h"):
            self.type_over(self._filter[:-1])
        elif key in ("ctrl+u", "ctrl+w"):
            self.type_over("")
        elif character is not None and character.isprintable():
            self.type_over(self._filter + character)
        return "choosing"

    def type_over(self, text: str) -> None:
        """Narrow the list down to what matches this text."""
        self._filter, self._at, self._held = text[:LONGEST], 0, False
        self._narrow(follow=False)

    def paste(self, text: str) -> None:
        """Take the first line of what is pasted."""
        self.type_over(self._filter + "".join(text.splitlines()[:1]))

    def move(self, lines: int) -> None:
        """Move the cursor by so many lines."""
        self._at = min(max(self._at + lines, 0), max(len(self._shown) - 1, 0))
        self._held = True
        self._settle()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the entry that has it already, it takes what is chosen. Words of the last line
        are keys."""
        if event.y == self.size.height - 1:
            self._press(key_at(event.x, self._keys))
            return
        place = self._top + event.y - self._first
        if event.y < self._first or place >= len(self._shown):
            return
        if place == self._at:
            self.post_message(self.Taken())
        else:
            self.move(place - self._at)

    def _press(self, key: str) -> None:
        if key == "tab":
            self._mark()
        elif key == "esc":
            self.post_message(self.Left())
        elif key and self.chosen:
            self.post_message(self.Taken())

    def on_mouse_scroll_down(self) -> None:
        """Entries further down."""
        self.move(3)

    def on_mouse_scroll_up(self) -> None:
        """Entries further up."""
        self.move(-3)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._settle()

    def paint(self, y: int, row: Row) -> None:
        """Title, filter, heads, entries, keys."""
        palette, place = self.look.palette, self._top + y - self._first
        if y == 0:
            self._paint_title(row)
        elif y == self.size.height - 1:
            self._paint_keys(row)
        elif y == 1:
            row.put(" / ", palette.accent).put(printable(self._filter)[-max(row.width - 8, 8) :])
            row.put(" ", palette.cursor.label)
            row.put(f"   {printable(self.remark, 400)}" if self.remark else "", palette.faint)
        elif y < self._first:
            row.put(f"   {self._heads}" if y == self._first - 1 else "", palette.faint)
        elif place < len(self._shown):
            self._paint_entry(row, self._shown[place], here=place == self._at)
        elif place == 0:
            row.put("   nothing matches" if self._entries else "   reading", palette.faint)

    @property
    def _keys(self) -> list[tuple[str, str]]:
        return [("enter", "take"), *([("tab", "choose several")] if self._several else []), ("esc", "back")]

    @property
    def _first(self) -> int:
        return FRAME_ROWS + 1 if self._heads and self.size.height >= HEADS_FROM else FRAME_ROWS - 1

    @property
    def _room(self) -> int:
        return max(self.size.height - self._first - 1, 1)

    def _mark(self) -> None:
        for entry in self._shown[self._at : self._at + 1]:
            if entry.key in self._marked:
                del self._marked[entry.key]
            else:
                self._marked[entry.key] = None
            self.move(1)

    def _narrow(self, follow: bool = True) -> None:
        under = self._shown[self._at].key if self._held and self._at < len(self._shown) else None
        words = self._filter.lower().split()
        self._shown = [entry for entry in self._entries if entry.matches(words)] if words else self._entries
        if follow and under is not None:
            self._at = next((place for place, entry in enumerate(self._shown) if entry.key == under), self._at)
        self._settle()

    def _settle(self) -> None:
        self._at = max(min(self._at, len(self._shown) - 1), 0)
        self._top = min(max(self._top, self._at - self._room + 1), self._at)
        self._top = max(min(self._top, len(self._shown) - self._room), 0)
        self.refresh()

    def _paint_title(self, row: Row) -> None:
        palette = self.look.palette
        counted = f"{len(self._shown)} of {len(self._entries)}" if self._filter else f"{len(self._entries)}"
        counted += f", {len(self._marked)} chosen" if self._marked else ""
        row.put(" icetop ", palette.chip).put(f" {self._title}", palette.band)
        row.to(row.width - cells(counted) - 1, palette.band).put(counted, palette.band).to(row.width, palette.band)

    def _paint_keys(self, row: Row) -> None:
        palette = self.look.palette
        put_keys(row, self._keys, self.look).put("type to narrow", palette.band_faint).to(row.width, palette.band)

    def _paint_entry(self, row: Row, entry: Entry, here: bool) -> None:
        palette, marked = self.look.palette, entry.key in self._marked
        plain = palette.selected if here else palette.ground
        faint = palette.selected if here else palette.faint
        mark = self.look.glyphs.chosen if marked else " "
        row.put(f" {mark} ", plain if here else palette.accent).put(f"{entry.left}  ", plain)
        row.put(printable(entry.name, 400), plain if here or not marked else palette.strong)
        row.put(f"  {printable(entry.more, 400)}" if entry.more else "", faint)
        if here:
            row.to(row.width, plain)


class ChooserScreen(Screen["list[Hashable] | None"]):
    """A chooser over the whole screen. Gives the chosen keys, or None where the person went back."""

    def __init__(self, chooser: Chooser) -> None:
        super().__init__()
        self.chooser = chooser

    def compose(self) -> ComposeResult:
        """Only the chooser."""
        yield self.chooser

    def take(self, event: events.Key | events.Paste) -> None:
        """A key, or what is pasted, handed over by the app as soon as it is read."""
        if isinstance(event, events.Paste):
            self.chooser.paste(event.text)
            return
        outcome = self.chooser.take(event.key, event.character)
        if outcome != "choosing":
            self.dismiss(self.chooser.chosen if outcome == "chosen" else None)

    def on_chooser_taken(self) -> None:
        """Give what is chosen, as enter does."""
        self.dismiss(self.chooser.chosen)

    def on_chooser_left(self) -> None:
        """Give nothing, as escape does."""
        self.dismiss(None)

    def dress(self, look: Look) -> None:
        """Take on another look."""
        self.chooser.dress(look)
