"""From what stands on a terminal, as `tmux capture-pane -e -N -p` prints it, to an SVG picture."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby
from unicodedata import east_asian_width

FONT_SIZE, CELL_WIDTH, CELL_HEIGHT, BASELINE, MARGIN = 14.0, 8.43, 18.0, 13.5, 12.0
"""A cell is as wide as the characters of nearly all fixed-width fonts, so that nothing has to be stretched."""

GROUND, TEXT = "#0f1419", "#c9d1d9"
DARK = ("#1d2229", "#e0565b", "#57ab5a", "#c69026", "#539bf5", "#b083f0", "#39c5cf", "#adbac7")
BRIGHT = ("#768390", "#ff938a", "#6bc46d", "#daaa3f", "#6cb6ff", "#dcbdfb", "#56d4dd", "#f0f3f6")
SIXTEEN = DARK + BRIGHT
"""A usual set of the colours that a terminal's owner chooses."""

SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b[()][A-Z0-9]|[\x0e\x0f]")
EIGHTHS_UP = tuple("▁▂▃▄▅▆▇█")
EIGHTHS_RIGHT = tuple("▏▎▍▌▋▊▉")
BLOCKS = frozenset(EIGHTHS_UP + EIGHTHS_RIGHT)


@dataclass(frozen=True)
class Pen:
    """How a cell is drawn; None is the terminal's own colour."""

    color: str | None = None
    ground: str | None = None
    bold: bool = False
    underline: bool = False
    reverse: bool = False

    @property
    def drawn(self) -> tuple[str, str]:
        """The colours of character and ground."""
        pair = (self.color or TEXT, self.ground or GROUND)
        return (pair[1], pair[0]) if self.reverse else pair


def picture(capture: str, columns: int) -> str:
    """An SVG of all lines of a capture, `columns` cells wide."""
    rows = list(_rows(capture, columns))
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(rows) * CELL_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}">',
        f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>',
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,DejaVu Sans Mono,monospace" font-size="{FONT_SIZE:g}">',
    ]
    for y, row in enumerate(rows):
        parts += _row(row, MARGIN + y * CELL_HEIGHT)
    return "\n".join([*parts, "</g></svg>", ""])


def _rows(capture: str, columns: int) -> list[list[tuple[str, Pen]]]:
    """The cells of each line. A pen stays from one line to the next, as tmux means it."""
    rows, pen = [], Pen()
    for line in capture.rstrip("\n").split("\n"):
        cells: list[tuple[str, Pen]] = []
        place = 0
        for match in SEQUENCE.finditer(line):
            cells += _cells(line[place : match.start()], pen)
            pen, place = _turned(pen, match.group(1)), match.end()
        cells += _cells(line[place:], pen)
        rows.append((cells + [(" ", Pen())] * columns)[:columns])
    return rows


def _cells(text: str, pen: Pen) -> list[tuple[str, Pen]]:
    """A wide character is followed by an empty cell."""
    found = []
    for character in text:
        found.append((character, pen))
        if east_asian_width(character) in "WF":
            found.append(("", pen))
    return found


def _turned(pen: Pen, codes: str | None) -> Pen:
    """The pen after a sequence of SGR codes."""
    numbers = [int(code or 0) for code in re.split("[;:]", codes or "0")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            pen = Pen()
        elif code in (1, 4, 7):
            pen = replace(pen, **{{1: "bold", 4: "underline", 7: "reverse"}[code]: True})
        elif code in (22, 24, 27):
            pen = replace(pen, **{{22: "bold", 24: "underline", 27: "reverse"}[code]: False})
        elif code in (38, 48):
            pen = replace(pen, **{"color" if code == 38 else "ground": _extended(numbers)})
        elif code in (39, 49):
            pen = replace(pen, **{"color" if code == 39 else "ground": None})
        elif code // 10 in (3, 4, 9, 10):
            field = "color" if code // 10 in (3, 9) else "ground"
            pen = replace(pen, **{field: SIXTEEN[code % 10 + (8 if code >= 90 else 0)]})
    return pen


def _extended(numbers: list[int]) -> str:
    if numbers.pop(0) == 2:
        red, green, blue = (numbers.pop(0) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    number = numbers.pop(0)
    if number < 16:
        return SIXTEEN[number]
    if number >= 232:
        return f"#{8 + 10 * (number - 232):02x}" + f"{8 + 10 * (number - 232):02x}" * 2
    steps = (0, 95, 135, 175, 215, 255)
    red, green, blue = (steps[(number - 16) // part % 6] for part in (36, 6, 1))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _row(cells: list[tuple[str, Pen]], top: float) -> list[str]:
    """One row: grounds, then blocks as shapes, then text in runs of one pen."""
    parts, x = [], 0
    for pen, run in groupby(cells, key=lambda cell: cell[1]):
        text = [character for character, _ in run]
        color, ground = pen.drawn
        if ground != GROUND:
            parts.append(_box(x, len(text), top, 0, CELL_HEIGHT, ground))
        parts += _blocks(text, x, top, color)
        plain = "".join(" " if c in BLOCKS else c for c in text)
        if plain.strip():
            parts.append(_text(plain, x, len(text), top, color, pen))
        x += len(text)
    return parts


def _box(x: float, cells: float, top: float, down: float, height: float, color: str) -> str:
    left, width = MARGIN + x * CELL_WIDTH, cells * CELL_WIDTH
    return (
        f'<rect x="{left:.2f}" y="{top + down:.2f}" width="{width:.2f}" height="{height + 0.05:.2f}" fill="{color}"/>'
    )


def _blocks(text: list[str], x: int, top: float, color: str) -> list[str]:
    """The block characters of a run as shapes, equal neighbours as one, so that no seam shows."""
    parts = []
    for character, run in groupby(text):
        cells = len(list(run))
        if character in EIGHTHS_UP:
            height = (EIGHTHS_UP.index(character) + 1) / 8 * CELL_HEIGHT
            parts.append(_box(x, cells, top, CELL_HEIGHT - height, height, color))
        elif character in EIGHTHS_RIGHT:
            width = (EIGHTHS_RIGHT.index(character) + 1) / 8
            parts += [_box(x + n, width, top, 0, CELL_HEIGHT, color) for n in range(cells)]
        x += cells
    return parts


def _text(text: str, x: int, cells: int, top: float, color: str, pen: Pen) -> str:
    lead = len(text) - len(text.lstrip(" "))
    shown = text.strip(" ")
    width = (cells - lead - (len(text) - len(text.rstrip(" ")))) * CELL_WIDTH
    weight = ' font-weight="bold"' if pen.bold else ""
    line = ' text-decoration="underline"' if pen.underline else ""
    return (
        f'<text x="{MARGIN + (x + lead) * CELL_WIDTH:.2f}" y="{top + BASELINE:.2f}" fill="{color}"{weight}{line} '
        f'textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(shown)}</text>'
    )
