"""When the picture is worked out anew: seldom for data, at once for keys, never twice at the same time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

GAP = 0.9
"""Seconds between two pictures of live data."""

EARLY_GAP, EARLY = 0.1, 2.0
"""The gap in the first seconds after the first picture, when every delta is news."""

REST, LONGEST_REST = 40, 3.0
"""A picture that takes much work is followed by a pause this many times as long, of so many seconds at most: the
screen is not to cost more than it must, and a key that meets with no work is answered at once."""

LEAST_REST = 4
"""The pause that there is however long a picture took, and in the first seconds."""

REPEATING, SETTLED = 0.15, 0.06
"""Seconds between two keys under which a key is held down, and for how long it then has to be let go of."""

QUICK = 0.03
"""A picture that takes less than these seconds need not wait for that."""


class Refresher:
    """`take` works out and shows a picture, and gives the seconds of CPU that took; `start` runs a coroutine; `later`
    calls back after some seconds.

    `eager` says that soon after the first picture every part of the data is worth another one.
    """

    def __init__(
        self,
        take: Callable[[], Awaitable[float]],
        start: Callable[[Coroutine[Any, Any, None]], object],
        later: Callable[[float, Callable[[], None]], object],
        eager: bool = True,
    ) -> None:
        self._take = take
        self._start = start
        self._later = later
        self._eager = eager
        self._began: float | None = None
        self._next = self._asked = self._took = 0.0
        self._stale = self._urgent = self._running = self._timed = False

    def data_came(self) -> None:
        """Show new data when it is time to."""
        self._stale = True
        wait = self._next - time.monotonic()
        if wait <= 0:
            self._go()
        elif not self._timed:
            self._timed = True
            self._later(wait, self._fire)

    def at_once(self) -> None:
        """Show another choice now; while a key is held down and pictures take long, once it is let go of."""
        now = time.monotonic()
        held = now - self._asked < REPEATING and self._took > QUICK
        self._asked, self._stale = now, True
        if held:
            self._later(SETTLED, self._settle)
        else:
            self._urgent = True
            self._go()

    def _settle(self) -> None:
        if self._stale and time.monotonic() - self._asked >= 0.9 * SETTLED:
            self._urgent = True
            self._go()

    def _fire(self) -> None:
        self._timed = False
        if self._stale:
            self._go()

    def _go(self) -> None:
        if not self._running:
            self._running = True
            self._start(self._run())

    async def _run(self) -> None:
        try:
            while self._stale:
                self._stale = self._urgent = False
                begin = time.monotonic()
                self._plan(begin, await self._take())
                if not self._urgent:
                    break
        finally:
            self._running = False
        if self._stale:
            self.data_came()

    def _plan(self, begin: float, work: float) -> None:
        self._took = time.monotonic() - begin
        self._began = self._began or begin
        early = self._eager and time.monotonic() - self._began < EARLY
        gap = EARLY_GAP if early else max(GAP, min(REST * work, LONGEST_REST))
        self._next = begin + max(gap, LEAST_REST * work)
