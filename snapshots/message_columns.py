"""Many small protobuf messages taken apart at once: the tables of a pprof file have thousands, nearly all of one form.

Such a message is nothing but numbers, in pairs of a tag and its value; a message within it begins with a pair, too: its
tag and its length. Messages of any other form are left to protobuf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LONGEST = 10
"""Bytes of a number."""

IntArray = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Columns:
    """The messages of the form, by their places, and the values of each of its tags; and the places of others."""

    places: IntArray
    values: list[Numbers]
    others: list[int]


@dataclass(frozen=True, slots=True)
class Varints:
    """All numbers of a piece of data and where the first and the last byte of each is; `bad` are those that are longer
    than a number can be, whose values mean nothing."""

    numbers: Numbers
    first: IntArray
    last: IntArray
    bad: IntArray


def columns(contents: Sequence[bytes], tags: Sequence[int], optional: int, inner: int = 0) -> Columns:
    """The values of messages whose tags are these, in this order, the last `optional` of which may be missing (their
    value is then 0). The value of tag `inner` is the number of bytes up to the message's end."""
    read, begins, sizes = split(contents)
    pairs, odd = np.divmod(sizes, 2)
    whole = (sizes > 0) & (odd == 0)
    found: list[tuple[IntArray, list[Numbers]]] = []
    for present in range(len(tags) - optional, len(tags) + 1):
        places = np.flatnonzero(whole & (pairs == present))
        rows = begins[places, None] + np.arange(2 * present)
        values = read.numbers[rows]
        fits = (values[:, ::2] == np.array(tags[:present], dtype=np.uint64)).all(axis=1)
        if inner in tags[:present]:
            at = 2 * tags.index(inner) + 1
            left = read.last[rows[:, -1]] - read.last[rows[:, at]]
            fits &= values[:, at] == left.astype(np.uint64)
        kept = values[fits][:, 1::2]
        missing = np.zeros((len(kept), len(tags) - present), dtype=np.uint64)
        found.append((places[fits], [*kept.T, *missing.T]))
    order = np.concatenate([places for places, _ in found])
    others = np.ones(len(contents), dtype=np.bool_)
    others[order] = False
    joined = [np.concatenate([values[place] for _, values in found]) for place in range(len(tags))]
    return Columns(order, joined, np.flatnonzero(others).tolist())


def split(contents: Sequence[bytes]) -> tuple[Varints, IntArray, IntArray]:
    """The numbers in all these pieces, where those of each piece begin, and how many they are: -1 for a piece that is
    not made of numbers alone."""
    lengths = np.fromiter(map(len, contents), dtype=np.int64, count=len(contents))
    ends = np.cumsum(lengths)
    read = varints(np.frombuffer(b"".join(contents), dtype=np.uint8))
    begins = np.searchsorted(read.last, ends - lengths)
    sizes = np.searchsorted(read.last, ends) - begins
    some = np.flatnonzero(sizes)
    starts_there = read.first[begins[some]] == (ends - lengths)[some]
    ends_there = read.last[(begins + sizes)[some] - 1] == ends[some] - 1
    sizes[some[~(starts_there & ends_there)]] = -1
    sizes[(sizes == 0) & (lengths > 0)] = -1
    sizes[np.searchsorted(ends, read.last[read.bad], side="right")] = -1
    return read, begins, sizes


def varints(data: npt.NDArray[np.uint8]) -> Varints:
    """The numbers in a piece of data, up to the last that is whole."""
    last = np.flatnonzero(data < 0x80)
    first = np.concatenate((np.zeros(1, dtype=np.int64), last[:-1] + 1)) if len(last) else last
    sizes = last - first + 1
    numbers = (data[first] & 0x7F).astype(np.uint64)
    for place in range(1, min(int(sizes.max(initial=0)), LONGEST)):
        longer = np.flatnonzero(sizes > place)
        numbers[longer] |= (data[first[longer] + place] & 0x7F).astype(np.uint64) << np.uint64(7 * place)
    return Varints(numbers, first, last, np.flatnonzero(sizes > LONGEST))
