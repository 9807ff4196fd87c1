"""Keeps the one profile: folds deltas in, and lets long work read it in a thread while deltas wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from ..profiles.delta import Delta, Notice
from ..profiles.profile import Profile
from ..profiles.timeline import SECOND
from .figures import length

Result = TypeVar("Result")


class Keeper:
    """Owns a profile on the screen's thread. `folded` is called after each delta is dealt with, `tell` with what is to
    be known of it beyond what it says itself.
    """

    def __init__(
        self, folded: Callable[[], None] = lambda: None, tell: Callable[[Notice], None] = lambda _: None
    ) -> None:
        self.profile = Profile()
        self._folded = folded
        self._tell = tell
        self._waiting: deque[Delta] = deque()
        self._readers = 0
        self._end_ns = self._shift_ns = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="icetop-reader")

    def fold(self, delta: Delta) -> None:
        """Take a delta in: now, or when those who read have finished."""
        self._waiting.append(delta)
        if not self._readers:
            self._fold_waiting()

    async def read(self, reader: Callable[[Profile], Result]) -> Result:
        """Run `reader` over the profile in a thread, one reader at a time; the profile keeps still meanwhile."""
        self._readers += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, reader, self.profile)
        finally:
            self._readers -= 1
            if not self._readers:
                self._fold_waiting()

    def close(self) -> None:
        """Let go of the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fold_waiting(self) -> None:
        while self._waiting:
            delta = self._waiting.popleft()
            delta = delta if delta.beside else self._going_on(delta)
            try:
                self.profile.fold(delta)
            except ValueError as error:
                self.profile.notices.append(Notice("error", "a part of the data was left out", str(error)))
            self._folded()

    def _going_on(self, delta: Delta) -> Delta:
        """The delta at a time that goes on from the last one. After a clock was set back, time would be where there is
        something already; until it has caught up, what comes is put at the end of what there is.
        """
        if delta.start_ns >= self._end_ns - SECOND:
            self._shift_ns = 0
        elif delta.start_ns + self._shift_ns < self._end_ns - SECOND:
            self._shift_ns = self._end_ns - delta.start_ns
            what = f"the clock was set back by {length(self._shift_ns / SECOND)}"
            self._tell(Notice("warning", what, "times go on from before"))
        start, end = delta.start_ns + self._shift_ns, delta.end_ns + self._shift_ns
        self._end_ns = max(self._end_ns, end)
        return replace(delta, start_ns=start, end_ns=end) if self._shift_ns else delta
