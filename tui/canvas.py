"""What stands on the terminal, cell by cell, so that only cells that change are ever sent.

Textual renders whole widgets. Here its updates are laid over the cells wanted; `changes` then gives the shortest
sensible text that turns what was sent before into that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import repeat

from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from .labels import cells
from .pen import Cell, Pen, alike

BRIDGE = 4
"""Unchanged cells between two changes that are as cheap sent again as jumped over, as long as the style stays."""

STRETCH = 16
"""Cells that are looked at in one go."""

UNKNOWN: Cell = ("\0", None)
"""What a cell is taken for of which nobody knows what it shows."""


OVERDUE = 6
"""A row that was left out so often comes before smaller ones."""


class Canvas:
    """The cells wanted and the cells sent. `erases`: see `Pen`."""

    def __init__(self, erases: bool = True) -> None:
        self._erases = erases
        self._wanted: list[list[Cell]] = []
        self._sent: list[list[Cell]] = []
        self._dirty: set[int] = set()
        self._left: dict[int, int] = {}

    @property
    def behind(self) -> bool:
        """Whether some of what is wanted has been left for the next time."""
        return bool(self._left)

    def forget(self) -> None:
        """Say that nobody knows what stands on the terminal, so that all of it is sent again."""
        self._sent = [[] for _ in self._wanted]
        self._left = {}
        self._dirty = set(range(len(self._wanted)))

    def resize(self, width: int, height: int) -> None:
        """Fit another size of the terminal, which may have moved or cleared anything."""
        if (width, height) != (len(self._wanted[0]) if self._wanted else 0, len(self._wanted)):
            self._wanted = [[(" ", None)] * width for _ in range(height)]
        self.forget()

    def take(self, update: CompositorUpdate) -> bool:
        """Lay an update of Textual's over the cells wanted; False where it is of a kind not known here."""
        if isinstance(update, LayoutUpdate):
            for y, line in enumerate(update.strips, update.region.y):
                self._lay(update.region.x, y, (segment for strip in line for segment in strip))
        elif isinstance(update, ChopsUpdate):
            for y in {y for y, _, _ in update.spans}:
                for x, strip in update.chops[y].items():
                    self._lay(x, y, strip or ())
        else:
            return False
        return True

    def changes(self, most: int | None = None) -> str:
        """What to write so that the terminal shows the cells wanted, taking it as written. Empty: nothing to do.

        Of more than `most` characters only some rows are given now: those left out often enough, then those that
        change least, as what a key does is small.
        """
        chosen = self._dirty if most is None else self._first({y: self._row(y) for y in self._dirty}, most)
        self._left = {y: self._left.get(y, 0) + 1 for y in self._dirty - chosen}
        self._dirty = set(self._left)
        pen = Pen(self._erases)
        for y in sorted(chosen):
            self._write(pen, y)
            self._sent[y] = self._wanted[y].copy()
        return pen.end()

    def _first(self, rows: dict[int, str], most: int) -> set[int]:
        """The rows to send first, at least one."""
        chosen, size = set[int](), 0
        for y in sorted(rows, key=lambda y: (self._left.get(y, 0) < OVERDUE, len(rows[y]))):
            if chosen and size + len(rows[y]) > most:
                break
            chosen.add(y)
            size += len(rows[y])
        return chosen

    def _row(self, y: int) -> str:
        pen = Pen(self._erases)
        self._write(pen, y)
        return pen.end()

    def _write(self, pen: Pen, y: int) -> None:
        wanted, sent = self._wanted[y], self._sent[y]
        if len(sent) != len(wanted):
            sent = [UNKNOWN] * len(wanted)
        for start, end in _runs(wanted, sent):
            pen.write(start, y, wanted[start:end])

    def lines(self) -> list[str]:
        """The text wanted on each row."""
        return ["".join(character for character, _ in row) for row in self._wanted]

    def _lay(self, x: int, y: int, segments: Iterable[Segment] | Strip) -> None:
        if not 0 <= y < len(self._wanted):
            return
        row = self._wanted[y]
        laid: list[Cell] = []
        for text, style, control in segments:
            if control:
                continue
            if text.isascii():
                laid.extend(zip(text, repeat(style)))
            else:
                laid.extend(zip(_wide(text), repeat(style)))
        laid = laid[: len(row) - x]
        if row[x : x + len(laid)] != laid:
            row[x : x + len(laid)] = laid
            self._dirty.add(y)


@lru_cache(maxsize=2048)
def _wide(text: str) -> list[str]:
    """What is in each cell of text with characters of other widths; what has no width joins the character before it."""
    found: list[str] = []
    for character in text:
        width = cells(character)
        if width == 0 and found:
            found[-1 if found[-1] or len(found) == 1 else -2] += character
        elif width:
            found += [character, *[""] * (width - 1)]
    return found


def _runs(wanted: list[Cell], sent: list[Cell]) -> list[tuple[int, int]]:
    """The stretches [start, end) that differ, near ones joined, none beginning inside a wide character."""
    runs: list[tuple[int, int]] = []
    for place in _different(wanted, sent):
        if runs and place - runs[-1][1] <= BRIDGE and _plain(wanted, runs[-1][1], place):
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return [_whole(wanted, start, end) for start, end in runs]


def _different(wanted: list[Cell], sent: list[Cell]) -> Iterator[int]:
    """The places of cells that look different. Stretches that are equal, as most are, are passed over at once."""
    for begin in range(0, len(wanted), STRETCH):
        new, old = wanted[begin : begin + STRETCH], sent[begin : begin + STRETCH]
        if new != old:
            for place, (cell, before) in enumerate(zip(new, old, strict=True), begin):
                if cell != before and not alike(cell, before):
                    yield place


def _plain(cells: list[Cell], start: int, end: int) -> bool:
    """Whether cells are single bytes that look as they should in the style of the one before them."""
    style = cells[start - 1][1]
    return all(cell[0].isascii() and cell[0] and alike(cell, (cell[0], style)) for cell in cells[start:end])


def _whole(wanted: list[Cell], start: int, end: int) -> tuple[int, int]:
    while start > 0 and not wanted[start][0]:
        start -= 1
    while end < len(wanted) and not wanted[end][0]:
        end += 1
    return start, end
