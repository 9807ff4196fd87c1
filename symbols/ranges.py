"""Address ranges with a word attached to each, sorted: what every table of names is made of, at 24 bytes a name."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

WALK_BACK = 32
"""How many earlier ranges are looked at for one that reaches far enough, so that nested ones are found."""


class Ranges:
    """Ranges that may overlap, sorted by their start. `starts`, `sizes` and `words` are parallel, 64 bits each."""

    def __init__(self, starts: array[int], sizes: array[int], words: array[int]) -> None:
        order = sorted(range(len(starts)), key=starts.__getitem__)
        self.starts = array("Q", map(starts.__getitem__, order))
        self.sizes = array("Q", map(sizes.__getitem__, order))
        self.words = array("Q", map(words.__getitem__, order))

        self._largest = max(self.sizes, default=0)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def weight(self) -> int:
        """Bytes held."""
        return 24 * len(self.starts)

    def before(self, address: int) -> Iterator[tuple[int, int, int]]:
        """(start, size, word) of the ranges that start at or before an address, the nearest first, boundedly many.

        It ends where none that follows could reach the address, except for those with the same start as the nearest.
        """
        index = bisect_right(self.starts, address)
        for place in range(index - 1, max(index - 1 - WALK_BACK, -1), -1):
            start = self.starts[place]
            if address - start >= self._largest and start != self.starts[index - 1]:
                return
            yield start, self.sizes[place], self.words[place]
