"""A link between a program's terminal and the person who looks at it: narrow, and far away."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from icetop.tests.tui.pseudo_terminal import PATIENCE, Terminal


class SlowLink:
    """Reads a terminal as a link of `rate` bytes a second does; what is typed and answered takes `delay` seconds."""

    def __init__(self, terminal: Terminal, rate: int, delay: float) -> None:
        self._terminal, self._rate, self._delay = terminal, rate, delay
        self._typed: list[tuple[float, bytes]] = []
        terminal.answer = self.type  # type: ignore[method-assign]

    def type(self, keys: bytes) -> None:
        self._typed.append((time.monotonic() + self._delay, keys))

    def sees(self, wanted: str) -> None:
        self.run(lambda: wanted in self._terminal.text)

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.run(lambda: time.monotonic() > end)

    def run(self, until: Callable[[], bool]) -> None:
        end, step = time.monotonic() + PATIENCE, 0.02
        while not until():
            assert time.monotonic() < end, self._terminal.text
            begin = time.monotonic()
            while self._typed and self._typed[0][0] <= begin:
                os.write(self._terminal.descriptor, self._typed.pop(0)[1])
            if select.select([self._terminal.descriptor], [], [], step)[0]:
                self._terminal.show(os.read(self._terminal.descriptor, max(int(self._rate * step), 1)))
            time.sleep(max(begin + step - time.monotonic(), 0))
