"""What a terminal answers, told from what is typed."""

from __future__ import annotations

import pytest
from icetop.tui.answers import ALONE, EXPECTED, Answers, depth_told, light_ground

GROUND = "\x1b]11;rgb:1010/2020/3030\x1b\\"
COLORS = "\x1bP1+r524742=382f382f38\x1b\\"
TYPED = "j\x1b[A\x1b[1;1Rk\x1bOP"


def both(parts: list[str], asked: bool = True) -> tuple[str, list[str]]:
    answers, typed, found = Answers(), "", []
    if asked:
        answers.expect(0.0)
    for part in parts:
        text, more = answers.take(part, 1.0)
        typed, found = typed + text, found + more
    return typed, found


@pytest.mark.parametrize("asked", [True, False])
def test_answers_are_found_however_they_are_split(asked: bool) -> None:
    text = f"j{GROUND}\x1b[A\x1b[1;1R{COLORS}k\x1bOP"
    assert both([text], asked) == (TYPED, [GROUND, COLORS])
    for place in range(len(text)):
        typed, found = both([text[:place], text[place:]], asked)
        if asked or not text[:place].endswith("\x1b"):
            assert (typed, found) == (TYPED, [GROUND, COLORS]), place
    if asked:
        assert both(list(text)) == (TYPED, [GROUND, COLORS])


@pytest.mark.parametrize(
    "text", ["\x1b]x", "\x1bPj", "\x1b]12;x\x07", "\x1b\x1b", "\x1b]11;" + "9" * 99, "]11;", "\x1bj"]
)
def test_what_is_no_answer_is_typed(text: str) -> None:
    typed, found = both([*text, "end"])
    assert (typed, found) == (text + "end", [])


def test_an_escape_alone_is_a_key_after_a_moment_and_at_once_when_nothing_was_asked() -> None:
    answers = Answers()
    assert answers.take("\x1b", 1.0) == ("\x1b", [])
    answers.expect(10.0)
    assert answers.take("\x1b", 11.0) == ("", []) and answers.overdue(11.0 + ALONE / 2) == ""
    assert answers.overdue(11.1 + ALONE) == "\x1b" and answers.overdue(20.0) == ""
    assert answers.take("\x1b", 10.1 + EXPECTED) == ("\x1b", [])


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        (GROUND, False),
        ("\x1b]11;rgb:fd/f6/e3\x07", True),
        ("\x1b]11;rgba:ffff/ffff/ffff/ffff\x07", True),
        ("\x1b]11;#ffffff\x07", True),
        ("\x1b]11;rgb:0/0/0\x07", False),
        ("\x1b]11;\x07", None),
        (COLORS, None),
    ],
)
def test_the_ground(answer: str, light: bool | None) -> None:
    assert light_ground(answer) is light


@pytest.mark.parametrize(
    ("answer", "depth"),
    [
        (COLORS, "truecolor"),
        ("\x1bP1+r524742\x1b\\", "truecolor"),
        ("\x1bP0+r524742\x1b\\", None),
        ("\x1bP1+r436F=323536\x1b\\", "256"),
        ("\x1bP1+r436F=38\x1b\\", None),
        ("\x1bP1$r0;48:2::1:2:3m\x1b\\", "truecolor"),
        ("\x1bP1$r48;2;1;2;3m\x1b\\", "truecolor"),
        ("\x1bP1$r0;48:5:16m\x1b\\", None),
        (GROUND, None),
    ],
)
def test_the_colours(answer: str, depth: str | None) -> None:
    assert depth_told(answer) == depth
