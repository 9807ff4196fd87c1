"""An app that asks its terminal for what nobody told it: whether its ground is light, how many colours it has."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from ..themes.palette import DEPTHS, Depth
from .answers import ASK_COLORS, ASK_GROUND, Answers, depth_told, light_ground
from .clipboard import multiplexer, passed_on
from .driver import Told
from .frugal import FrugalApp
from .look import Look, make_look


@dataclass(frozen=True, slots=True)
class Open:
    """What is still to be found out: the theme, the depth of colours."""

    theme: bool = False
    depth: bool = False


class AskingApp(FrugalApp):
    """Takes on the look that fits what the terminal answers; without an answer everything stays as it is."""

    def __init__(self, look: Look, open_to: Open) -> None:
        super().__init__()
        self.answers = Answers()
        self._look = look
        self._open = open_to

    def ask(self) -> None:
        """Put the question. A terminal that answers it can be asked the next; the others may not even skip that."""
        if (self._open.theme or self._open.depth) and os.environ.get("TERM", "") not in ("linux", "dumb", ""):
            self._put(passed_on(ASK_GROUND, os.environ))

    def on_told(self, message: Told) -> None:
        """Take an answer."""
        light, depth = light_ground(message.answer), depth_told(message.answer)
        if light is not None:
            if self._open.theme:
                self._fit("light" if light else "dark", self._look.depth)
            if self._open.depth and not multiplexer(os.environ):
                self._open = Open(self._open.theme)
                self._put(ASK_COLORS)
        elif depth is not None and DEPTHS.index(depth) < DEPTHS.index(self._look.depth):
            self._fit(self._look.theme, depth)

    def theme_is_chosen(self) -> None:
        """A person chose: no answer changes that."""
        self._open = Open(False, self._open.depth)

    def wear(self, look: Look) -> None:
        """Take on another look."""
        self._look = look

    def _fit(self, theme: str, depth: Depth) -> None:
        if (theme, depth) != (self._look.theme, self._look.depth):
            self.wear(make_look(theme, depth, self._look.glyphs, self._look.blue))

    def _put(self, question: str) -> None:
        self.answers.expect(time.monotonic())
        self.send(question)
