"""What other threads ask of a collector: it is woken, and carries it out between two epochs."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress

MOST_ORDERS = 100
"""Orders that wait; the oldest go."""


class Orders:
    """Orders in the sequence in which they came. `fd` is readable when one came, or `wake` was called."""

    def __init__(self) -> None:
        self.fd, self._other_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._waiting: deque[Callable[[], None]] = deque(maxlen=MOST_ORDERS)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, order: Callable[[], None]) -> None:
        """Have this done, asked from any thread."""
        self._waiting.append(order)
        self.wake()

    def wake(self) -> None:
        """Have the collector look at once, from any thread or a signal handler."""
        with suppress(BlockingIOError):
            os.write(self._other_end, b".")

    def awake(self) -> None:
        """The collector looks: `fd` is not readable until there is news."""
        os.read(self.fd, 4096)

    def next(self) -> Callable[[], None]:
        """The oldest order, no longer waiting."""
        return self._waiting.popleft()

    def close(self) -> None:
        """Free the descriptors."""
        os.close(self.fd)
        os.close(self._other_end)
