"""Keeps the one profile: folds deltas in, and lets long work read it in a thread while deltas wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..profiles.delta import Delta, Notice
from ..profiles.profile import Profile

Result = TypeVar("Result")


class Keeper:
    """Owns a profile on the screen's thread. `folded` is called after each delta is dealt with."""

    def __init__(self, folded: Callable[[], None] = lambda: None) -> None:
        self.profile = Profile()
        self._folded = folded
        self._waiting: deque[Delta] = deque()
        self._readers = 0
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
            try:
                self.profile.fold(self._waiting.popleft())
            except ValueError as error:
                self.profile.notices.append(Notice("error", "a part of the data was left out", str(error)))
            self._folded()
