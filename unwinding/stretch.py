"""A stretch of code and the rows in force on it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from .rows import NONE

LAST_ADDRESS = 1 << 64


class Stretch(NamedTuple):
    """Rows of the addresses from `begin` up to `end` (excluded): `rows[i]` holds from `starts[i]` on.

    `starts` ascends and begins at `begin`; addresses are those of the ELF file, not of a process.
    """

    begin: int
    end: int
    starts: list[int]
    rows: list[bytes]

    @property
    def is_gap(self) -> bool:
        """Whether nothing is known of it."""
        return len(self.rows) == 1 and self.rows[0] == NONE

    def row_at(self, address: int) -> bytes:
        """The row of an address within."""
        return self.rows[bisect_right(self.starts, address) - 1]

    def part(self, begin: int, end: int) -> Stretch:
        """What of it lies between two addresses; they have to enclose some of it."""
        if begin <= self.begin and end >= self.end:
            return self
        begin, end = max(begin, self.begin), min(end, self.end)
        first, last = bisect_right(self.starts, begin) - 1, bisect_right(self.starts, end - 1)
        return Stretch(begin, end, [begin, *self.starts[first + 1 : last]], self.rows[first:last])


def stretch_of(begin: int, end: int, starts: list[int], rows: list[bytes]) -> Stretch:
    """A stretch of rows, the first of which starts at `begin`; rows that start at `end` or behind are left out."""
    inside = bisect_left(starts, end)
    return Stretch(begin, end, starts[:inside], rows[:inside])


def one_row(begin: int, end: int, row: bytes) -> Stretch:
    """A stretch with one row all over."""
    return Stretch(begin, end, [begin], [row])


def gap(begin: int, end: int) -> Stretch:
    """A stretch of which nothing is known."""
    return one_row(begin, end, NONE)
