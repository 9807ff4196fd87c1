"""Reading the terminal: what is typed goes to Textual, what the terminal answers to the app, and nothing is fatal.

This reaches into Textual: its own driver takes answers for keys, and ends over a byte that is no UTF-8.
"""

from __future__ import annotations

import os
import re
import selectors
import time
from codecs import getincrementaldecoder

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from .answers import Answers

STEP = 0.1
"""Seconds between looks at the clock."""


_ESCAPE_AND_A_KEY = re.compile(r"\x1b(?![\[\]OPNX^_\x1b]|\Z)")
"""Escape and a key that came together, as they do over a slow link. Textual's parser takes them for one key, and what
follows for keys of which it knows nothing, once an answer of the terminal has come right behind them."""


class Told(Message):
    """The terminal answered a question."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer


class AskingDriver(LinuxDriver):
    """Textual's driver with answers kept apart."""

    def run_input_thread(self) -> None:
        """Read until the app ends, then once more what has come meanwhile."""
        answers, parser = self._app.answers, XTermParser(self._debug)  # type: ignore[attr-defined]
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            last = False
            while not last:
                last = self.exit_event.is_set()
                came = os.read(self.fileno, 4096) if selector.select(STEP) else None
                self._hand_on(answers, parser, decode(came) if came else "")
                if came == b"":
                    self.exit_event.wait(STEP)
        for _ in parser.feed(""):
            pass

    def _hand_on(self, answers: Answers, parser: XTermParser, text: str) -> None:
        now = time.monotonic()
        typed, found = answers.take(text, now) if text else (answers.overdue(now), [])
        for answer in found:
            self.process_message(Told(answer))
        before, *after = _ESCAPE_AND_A_KEY.split(typed)
        self._feed(parser, before)
        for keys in after:
            self.process_message(_escape())
            self._feed(parser, keys)
        for event in parser.tick():
            for message in _apart(event):
                self.process_message(message)

    def _feed(self, parser: XTermParser, text: str) -> None:
        for event in parser.feed(text) if text else ():
            for message in _apart(event):
                self.process_message(message)


def _escape() -> events.Key:
    return events.Key("escape", "\x1b")


def _apart(event: Message) -> list[Message]:
    """Escape and a key that came one after the other, as two: no key is meant with alt here."""
    if isinstance(event, events.Key) and event.key.startswith("alt+") and event.character:
        return [_escape(), *XTermParser().feed(event.character)]
    return [event]
