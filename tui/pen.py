"""The shortest text that brings characters and styles to places on a terminal."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style

Cell = tuple[str, "Style | None"]
"""A character with its style; the second half of a wide character is an empty one."""

BLANKS = 12
"""Blanks in a row from which erasing is shorter than writing them, the move behind them included."""

ON = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
OFF = ("22", "22", "23", "24", "25", "25", "27", "28", "29")
"""What turns rich's first nine attributes (bold, dim, italic, underline ...) on and off."""

BOLD_AND_DIM, REVERSE_OR_LINES = 0b11, 0b1111101001000


class Pen:
    """Gathers text in `parts`. The terminal's style is its plain one at the beginning, and has to be in between.

    `erases` says that erased cells get the ground that is set, which all terminals but GNU screen do.
    """

    def __init__(self, erases: bool) -> None:
        self.parts: list[str] = []
        self._erases = erases
        self._style: Style | None = None
        self._x = self._y = -1
        self._sure = False

    def write(self, x: int, y: int, cells: list[Cell]) -> None:
        """Write cells from a place on; the last is not the first half of a wide character."""
        at, last = 0, len(cells)
        while at < last:
            blanks = self._blanks(cells, at) if self._erases and cells[at][0] == " " else 0
            self._go(x + at, y)
            self._dip(cells[at])
            if blanks >= BLANKS:
                self.parts.append(f"\x1b[{blanks}X")
                at += blanks
                continue
            self.parts.append(cells[at][0])
            self._sure = self._sure and (cells[at][0].isascii() or "\u2000" <= cells[at][0] < "\u2c00")
            at += 1
            while at < last and not cells[at][0]:
                at += 1
            self._x = x + at

    def end(self) -> str:
        """All of it, the style plain again."""
        self._dip(("", None))
        return "".join(self.parts)

    @staticmethod
    def _blanks(cells: list[Cell], at: int) -> int:
        """How many blanks of one style without lines there are from a place on."""
        style, end = cells[at][1], at
        if style is not None and _attributes(style) & REVERSE_OR_LINES:
            return 0
        while end < len(cells) and alike(cells[end], (" ", style)):
            end += 1
        return end - at

    def _go(self, x: int, y: int) -> None:
        """Move, along the row where it is sure how far the characters before have led."""
        if (x, y) == (self._x, self._y):
            return
        if y == self._y and x > self._x and self._sure:
            self.parts.append(f"\x1b[{x - self._x}C" if x - self._x > 1 else "\x1b[C")
        else:
            self.parts.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
            self._sure = True
        self._x, self._y = x, y

    def _dip(self, cell: Cell) -> None:
        """Take on the style of a cell, where it does not look the same in the one there is."""
        character, style = cell
        if style is not self._style and not (character == " " and same_ground(style, self._style)):
            self.parts.append(turn(self._style, style))
            self._style = style


def alike(one: Cell, other: Cell) -> bool:
    """Whether two cells look the same: of a blank only its ground is seen."""
    return one == other or (one[0] == " " == other[0] and same_ground(one[1], other[1]))


@lru_cache(maxsize=4096)
def same_ground(one: Style | None, other: Style | None) -> bool:
    """Whether blanks look the same in two styles."""
    lines = (_attributes(one) | _attributes(other)) & REVERSE_OR_LINES
    return not lines and _colour(one, foreground=False) == _colour(other, foreground=False)


@lru_cache(maxsize=4096)
def turn(old: Style | None, new: Style | None) -> str:
    """What turns the terminal from one style to another: only what differs, or all anew where that is shorter."""
    anew = [*_changes(0, _attributes(new)), *_colours(None, new)]
    before, after = _attributes(old), _attributes(new)
    known = (before | after) < 1 << len(ON)
    changed = [*_changes(before, after), *_colours(old, new)] if known else anew
    if known and not changed:
        return ""
    short, whole = f"\x1b[{';'.join(changed)}m", f"\x1b[{';'.join(['0', *anew] if anew else [])}m"
    return short if known and len(short) < len(whole) else whole


def _changes(before: int, after: int) -> list[str]:
    gone = before & ~after
    if gone & BOLD_AND_DIM:  # one code turns both off
        before, gone = before & ~BOLD_AND_DIM, gone | before & BOLD_AND_DIM
    off = dict.fromkeys(OFF[bit] for bit in range(len(ON)) if gone >> bit & 1)
    return [*off, *(ON[bit] for bit in range(len(ON)) if (after & ~before) >> bit & 1)]


def _attributes(style: Style | None) -> int:
    return style._attributes & style._set_attributes if style is not None else 0


def _colours(old: Style | None, new: Style | None) -> list[str]:
    parts: list[str] = []
    for foreground in (True, False):
        colour = _colour(new, foreground)
        if colour != _colour(old, foreground):
            parts += colour
    return parts


def _colour(style: Style | None, foreground: bool) -> tuple[str, ...]:
    colour = None if style is None else style.color if foreground else style.bgcolor
    if colour is None:
        return ("39",) if foreground else ("49",)
    return tuple(colour.get_ansi_codes(foreground))
