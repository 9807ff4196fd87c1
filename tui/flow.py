"""Knowing whether the terminal keeps up: it is asked for a sign of life after each paint.

The kernel's own queue says nothing on a pseudo terminal, and a link's buffers hide what is still under way; the
answer to a question sent behind a paint comes when the paint has arrived.
"""

from __future__ import annotations

from collections import deque

ASK = "\x1b[6n"
"""Asks where the cursor is; Textual turns the answer into a CursorPosition event."""

ALLOWED = 2048
"""Characters that may be under way when more is sent: a few keys' worth, so that a far terminal still feels quick."""

PATIENCE = 1.0
"""Seconds after which a terminal that has never answered is taken for one that does not."""

LOST = 10.0
"""Seconds after which an answer is given up."""


SLOW, NARROW = 0.25, 8_000
"""Seconds to the answer from which, and characters a second under which, a link is slow: then paints go in pieces, so
that what a key does is not held up. The seconds alone may be a busy machine's, where half a picture is no help."""

PIECE = 1200
"""Characters of a piece; the answer to less tells nothing of how narrow a link is."""


class Flow:
    """Counts what is under way to the terminal. Times are in seconds on any steady clock."""

    def __init__(self) -> None:
        self._under_way: deque[tuple[float, int, int]] = deque()
        self._answers = False
        self._mute = False
        self._slow = False

    @property
    def piece(self) -> int | None:
        """How much to send at once, None for all there is."""
        return PIECE if self._slow else None

    @property
    def waiting(self) -> bool:
        """Whether an answer is still due."""
        return bool(self._under_way)

    def clear(self, now: float) -> bool:
        """Whether more may be sent."""
        if self._under_way:
            waited = now - self._under_way[0][0]
            if not self._answers and waited > PATIENCE:
                self._mute = True
            if self._mute or waited > LOST:
                self._under_way.clear()
        return self._size <= ALLOWED

    def sent(self, size: int, now: float) -> str:
        """Note a paint of `size` characters; gives the question to send behind it, empty for a mute terminal."""
        if self._mute:
            return ""
        self._under_way.append((now, size, self._size + size))
        return ASK

    def answered(self, now: float) -> None:
        """Note an answer: the oldest paint has arrived."""
        self._answers, self._mute = True, False
        if self._under_way:
            sent, _, all_of_it = self._under_way.popleft()
            took = now - sent
            if took <= SLOW:
                self._slow = False
            elif all_of_it >= PIECE // 2:
                self._slow = all_of_it / took < NARROW

    @property
    def _size(self) -> int:
        return sum(size for _, size, _ in self._under_way)
