from __future__ import annotations

import random
import re

import pytest
from icetop.tui.canvas import Canvas
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

STYLES = [
    Style.parse("#112233 on #445566"),
    Style.parse("bold #112233 on #445566"),
    Style.parse("color(7) on color(200)"),
    Style.parse("red"),
    Style.parse("none"),
    Style.parse("reverse"),
    Style.parse("bold underline on default"),
    Style.parse("dim italic blink strike"),
    Style.parse("bold dim blink2 conceal frame overline"),
]


class Terminal:
    """As much of a terminal as the canvas uses."""

    def __init__(self, width: int, height: int) -> None:
        self.cells = [[(" ", "")] * width for _ in range(height)]

    def write(self, text: str) -> None:
        state: dict[str, str] = {}
        x = y = 0
        for numbers, what, character in re.findall(r"\x1b\[([\d;]*)([HCXm])|([^\x1b])", text):
            number = int(numbers.split(";")[0] or "1") if what != "m" else 0
            style = " ".join(f"{k}={v}" for k, v in sorted(state.items()))
            if what == "H":
                y, x = number - 1, int(numbers.split(";")[1]) - 1 if ";" in numbers else 0
            elif what == "C":
                x += number
            elif what == "X":
                self.cells[y][x : x + number] = [(" ", style)] * number
            elif what == "m":
                apply_sgr(state, numbers)
            else:
                self.cells[y][x] = (character, style)
                x += 1
                if ord(character) > 0x2E80:
                    self.cells[y][x] = ("", self.cells[y][x - 1][1])
                    x += 1


ENDS = {
    "22": ("a1", "a2"),
    "23": ("a3",),
    "24": ("a4",),
    "25": ("a5", "a6"),
    "27": ("a7",),
    "28": ("a8",),
    "29": ("a9",),
}


def apply_sgr(state: dict[str, str], sgr: str) -> None:
    codes = sgr.split(";")
    while codes:
        code = codes.pop(0)
        if code in ("", "0"):
            state.clear()
        elif code in ("38", "48"):
            size = 4 if codes[0] == "2" else 2
            state[code[0]], codes[:size] = ",".join(codes[:size]), []
        elif code in ("39", "49"):
            state.pop(code[0], None)
        elif code[0] in "34" and len(code) == 2:
            state[code[0]] = code
        elif code in ENDS:
            for attribute in ENDS[code]:
                state.pop(attribute, None)
        else:
            state[f"a{code}"] = "on"


def seen(terminal: Terminal) -> list[list[tuple[str, str]]]:
    """What a person sees: of a blank the ground and lines."""
    shows = ("4=", "a4=", "a7=", "a9=", "a21=", "a51=", "a52=", "a53=")

    def blank(style: str) -> str:
        return " ".join(part for part in style.split() if part.startswith(shows))

    return [[(text, blank(style) if text == " " else style) for text, style in row] for row in terminal.cells]


def strip_of(cells: list[tuple[str, Style]]) -> Strip:
    return Strip([Segment(text, style) for text, style in cells])


def random_row(choose: random.Random, width: int) -> Strip:
    cells: list[tuple[str, Style]] = []
    while width:
        text = "".join(choose.choice("ab ▏…界") for _ in range(choose.randint(1, 6)))
        text = " " * choose.randint(10, 20) if choose.random() < 0.2 else text
        while sum(2 if c == "界" else 1 for c in text) > width:
            text = text[:-1]
        if text:
            cells.append((text, choose.choice(STYLES)))
            width -= sum(2 if c == "界" else 1 for c in text)
        elif width == 1:
            cells.append(("x", STYLES[0]))
            width = 0
    return strip_of(cells)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_sent_makes_the_terminal_equal_to_a_fresh_paint(seed: int) -> None:
    choose = random.Random(seed)
    canvas, terminal = Canvas(erases=seed % 5 > 0), Terminal(30, 4)
    canvas.resize(30, 4)
    for _ in range(12):
        y = choose.randrange(4)
        canvas.take(LayoutUpdate([[random_row(choose, 30)]], Region(0, y, 30, 1)))
        terminal.write(canvas.changes())
        fresh = Terminal(30, 4)
        canvas_again = Canvas(erases=False)
        canvas_again.resize(30, 4)
        canvas_again._wanted = [row.copy() for row in canvas._wanted]
        fresh.write(canvas_again.changes())
        assert seen(terminal) == seen(fresh)


def test_a_blank_keeps_its_style_where_only_its_ground_is_seen() -> None:
    canvas = Canvas(erases=False)
    canvas.resize(12, 1)
    canvas.take(
        LayoutUpdate([[strip_of([("ab", STYLES[0]), ("  ", STYLES[1]), ("cd", STYLES[0])])]], Region(0, 0, 6, 1))
    )
    assert "ab  cd" in canvas.changes()
    canvas.take(
        LayoutUpdate([[strip_of([("ab", STYLES[0]), ("  ", STYLES[0]), ("cd", STYLES[0])])]], Region(0, 0, 6, 1))
    )
    assert canvas.changes() == ""
    canvas.take(LayoutUpdate([[strip_of([("ab", STYLES[0]), ("  ", STYLES[6])])]], Region(0, 0, 4, 1)))
    assert canvas.changes().count(" ") == 2


def test_only_what_differs_is_sent() -> None:
    canvas = Canvas()
    canvas.resize(40, 2)
    row = [("name ", STYLES[0]), ("12.5", STYLES[1]), (" " * 31, STYLES[0])]
    canvas.take(LayoutUpdate([[strip_of(row)]], Region(0, 0, 40, 1)))
    assert "name" in canvas.changes()
    canvas.take(LayoutUpdate([[strip_of(row)]], Region(0, 0, 40, 1)))
    assert canvas.changes() == ""
    row[1] = ("12.7", STYLES[1])
    canvas.take(LayoutUpdate([[strip_of(row)]], Region(0, 0, 40, 1)))
    changes = canvas.changes()
    assert re.sub(r"\x1b\[[\d;]*[mH]", "", changes) == "7"
    assert changes.startswith("\x1b[1;9H")


def test_styles_and_places_are_told_by_how_they_differ() -> None:
    canvas = Canvas()
    canvas.resize(50, 2)
    rows = [[("edge", STYLES[0]), ("label", STYLES[1]), ("x", STYLES[0]), (" " * 40, STYLES[0])]] * 2
    canvas.take(LayoutUpdate([[strip_of(row)] for row in rows], Region(0, 0, 50, 2)))
    first = canvas.changes()
    assert "\x1b[1m" in first and "\x1b[22m" in first, "bold is turned on and off by itself"
    assert first.count("38;2;17;34;51") == 1, "the colours stay from row to row"
    assert first.count(" ") == 0 and first.count("X") == 2, "blanks are erased"
    rows[0] = [("edge", STYLES[0]), ("lAbel", STYLES[1]), ("x", STYLES[0]), (" " * 30 + "!", STYLES[0])]
    canvas.take(LayoutUpdate([[strip_of(rows[0])]], Region(0, 0, 50, 1)))
    assert re.findall(r"\x1b\[[\d;]*[HC]", canvas.changes()) == ["\x1b[1;6H", "\x1b[34C"]


def test_after_forgetting_everything_is_sent_again() -> None:
    canvas = Canvas()
    canvas.resize(10, 1)
    canvas.take(LayoutUpdate([[strip_of([("0123456789", STYLES[0])])]], Region(0, 0, 10, 1)))
    first = canvas.changes()
    canvas.forget()
    assert canvas.changes() == first


def test_what_lies_outside_is_cut_off() -> None:
    canvas = Canvas()
    canvas.resize(5, 1)
    canvas.take(LayoutUpdate([[strip_of([("0123456789", STYLES[0])])]] * 3, Region(2, 0, 10, 3)))
    assert canvas.lines() == ["  012"]
    canvas.resize(0, 0)
    assert canvas.changes() == ""


def test_marks_without_width_join_the_character_before() -> None:
    canvas = Canvas()
    canvas.resize(4, 1)
    canvas.take(LayoutUpdate([[strip_of([("e\u0301xy", STYLES[0])])]], Region(0, 0, 4, 1)))
    assert canvas.lines() == ["e\u0301xy "]


def test_in_pieces_small_changes_come_first_and_everything_comes() -> None:
    canvas, terminal = Canvas(), Terminal(40, 10)
    canvas.resize(40, 10)

    def lay(first: int, texts: list[str]) -> None:
        strips = [[strip_of([(text, STYLES[0])])] for text in texts]
        canvas.take(LayoutUpdate(strips, Region(0, first, 40, len(texts))))

    lay(0, ["x" * 40] * 10)
    terminal.write(canvas.changes())
    lay(0, ["y" * 40] * 10)
    lay(4, ["key" + "x" * 37])
    first = canvas.changes(60)
    assert "key" in first and "yyy" not in first and canvas.behind
    terminal.write(first)
    pieces = 0
    while canvas.behind:
        lay(4, [f"{pieces:3}" + "x" * 37])  # the screen goes on changing
        terminal.write(canvas.changes(60))
        pieces += 1
        assert pieces < 100, "rows that change much never come"
    assert ["".join(text for text, _ in row)[:5] for row in terminal.cells[5:]] == ["yyyyy"] * 5
