"""A sorted table in a file of (start, reference) pairs, searched by reading a few kilobytes of it."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from ..symbols.raw_bytes import RawBytes

BLOCK = 256
"""Pairs that are read together, 2 or 4 KiB."""


class Found(NamedTuple):
    """The pair in force at a value: the last that starts at or before it. `following` is the next start, None at the
    end of the table."""

    start: int
    reference: int
    following: int | None


class SortedPairs:
    """Pairs of numbers in a file, sorted by the first of each.

    `form` is that of each number, as for memoryview.cast: "i", "I", "q" or "Q"; `base` is what all numbers of the file
    are relative to. The first numbers of blocks that a search comes by are kept, at most one a block.
    """

    def __init__(self, data: RawBytes, offset: int, count: int, form: str, base: int = 0) -> None:
        self._base = base
        self._data = data
        self._offset = offset
        self._count = count
        self._form = form
        self._width = 4 if form in "iI" else 8
        self._firsts: dict[int, int] = {}
        self._block = -1
        self._starts: memoryview[int] = memoryview(b"").cast(form)  # type: ignore[call-overload]
        self._references = self._starts

    def find(self, value: int) -> Found | int | None:
        """The pair in force at a value; where all start above it, the first start (None: an empty table).

        Raises BrokenFile when the file is shorter than the table.
        """
        if not self._count:
            return None
        base = self._base
        block = self._block_of(value - base)
        self._load(block)
        index = bisect_right(self._starts, value - base) - 1
        if index < 0:
            return self._starts[0] + base
        following = self._starts[index + 1] if index + 1 < len(self._starts) else self._first_after(block)
        return Found(
            self._starts[index] + base, self._references[index] + base, None if following is None else following + base
        )

    def _block_of(self, value: int) -> int:
        low, high = 0, (self._count + BLOCK - 1) // BLOCK
        while high - low > 1:
            middle = (low + high) // 2
            if self._first(middle) <= value:
                low = middle
            else:
                high = middle
        return low

    def _first_after(self, block: int) -> int | None:
        return self._first(block + 1) if (block + 1) * BLOCK < self._count else None

    def _first(self, block: int) -> int:
        first = self._firsts.get(block)
        if first is None:
            place = self._offset + block * BLOCK * 2 * self._width
            data = self._data.read(place, self._width)
            first = self._firsts[block] = int.from_bytes(data, "little", signed=self._form in "iq")
        return first

    def _load(self, block: int) -> None:
        if block == self._block:
            return
        count = min(BLOCK, self._count - block * BLOCK)
        place = self._offset + block * BLOCK * 2 * self._width
        numbers = memoryview(self._data.read(place, count * 2 * self._width)).cast(self._form)  # type: ignore[call-overload]
        self._starts, self._references = numbers[0::2], numbers[1::2]
        self._block = block
