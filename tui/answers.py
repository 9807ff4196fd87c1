"""What a terminal says of itself when asked, and how its answers are told from what is typed.

The ground's colour: OSC 11 of xterm's control sequences. Colours: XTGETTCAP for what terminfo calls RGB and colors,
and DECRQSS for a colour just set, which a terminal with full colour reports as it was given.
"""

from __future__ import annotations

import re

from ..themes.palette import Depth

ASK_GROUND = "\x1b]11;?\x07"
ASK_COLORS = "\x1bP+q524742\x1b\\\x1bP+q436F\x1b\\\x1b[48;2;1;2;3m\x1bP$qm\x1b\\\x1b[0m"

EXPECTED = 5.0
"""Seconds after a question in which an escape that comes alone may be the beginning of the answer."""

ALONE = 0.4
"""Seconds after which such an escape is the key."""

_WHOLE = re.compile(r"\x1b(?:\]11;[^\x07\x1b]{0,64}(?:\x07|\x1b\\)|P[01][+$]r[^\x1b]{0,256}\x1b\\)")
_BEGUN = re.compile(
    r"\x1b(?:\](?:1(?:1(?:;[^\x07\x1b]{0,64}\x1b?)?)?)?"
    r"|P(?:[01](?:[+$](?:r[^\x1b]{0,256}\x1b?)?)?)?)?\Z"
)
_RGB = re.compile(r"11;(?:rgba?:|#)([0-9a-fA-F]{1,4})/?([0-9a-fA-F]{1,4})/?([0-9a-fA-F]{1,4})")
_FULL = re.compile(r"P1\+r524742|P1\$r[^m]*48[:;]2[:;](?:\d*[:;])?1[:;]2[:;]3")
_MANY = re.compile(r"P1\+r436[fF]=323536", re.ASCII)


class Answers:
    """Takes answers out of what comes from a terminal. Times are in seconds on any steady clock."""

    def __init__(self) -> None:
        self._held = ""
        self._since = 0.0
        self._until = 0.0

    def expect(self, now: float) -> None:
        """Note that something was asked."""
        self._until = now + EXPECTED

    def take(self, text: str, now: float) -> tuple[str, list[str]]:
        """What was typed, and the whole answers, of what came; a beginning of an answer is kept for the next time."""
        text, self._held = self._held + text, ""
        answers = _WHOLE.findall(text)
        typed = _WHOLE.sub("", text) if answers else text
        begun = _BEGUN.search(typed)
        if begun and (begun.group() != "\x1b" or now < self._until):
            typed, self._held, self._since = typed[: begun.start()], begun.group(), now
        return typed, answers

    def overdue(self, now: float) -> str:
        """An escape that has waited for more long enough: the key."""
        if self._held == "\x1b" and now - self._since > ALONE:
            self._held = ""
            return "\x1b"
        return ""


def light_ground(answer: str) -> bool | None:
    """Whether an answer says that the terminal's ground is light; None where it says nothing of it."""
    found = _RGB.search(answer)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / ((1 << 4 * len(part)) - 1) for part in found.groups())
    return 0.3 * red + 0.59 * green + 0.11 * blue > 0.5


def depth_told(answer: str) -> Depth | None:
    """The colours that an answer speaks of; None where it says nothing of them."""
    return "truecolor" if _FULL.search(answer) else "256" if _MANY.search(answer) else None
