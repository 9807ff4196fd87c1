"""Pages: the rows of 256 bytes of a file, in the form in which the kernel's walkers look them up.

A page is 32 starts of one byte, sorted, and 32 rows of eight bytes: `struct page` of bpf/types.h.
"""

from __future__ import annotations

from collections import Counter

from .rows import BAD, SPLIT
from .table import UnwindTable

PAGE_SHIFT = 8
PAGE_SIZE = 1 << PAGE_SHIFT
ROWS = 32
PAGE_BYTES = ROWS * 9
HALF_SHIFT = 38
"""Where the low 40 bits of a key say that it is of a half page: 1 or 2 there, 0 for a whole page."""

Rows = list[tuple[int, bytes]]


def page_of(table: UnwindTable, page: int) -> bytes:
    """The 288 bytes of page number `page` (offset in the file >> 8). A SPLIT page's rows are in `pages_of`."""
    return pages_of(table, page)[0][1]


def pages_of(table: UnwindTable, page: int, counters: Counter[str] | None = None) -> list[tuple[int, bytes]]:
    """The low 40 bits of the key, and the bytes, of a page and, where it is split, of its two halves.

    `counters` gets `pages_split`, and `pages_cut` for halves that lost rows all the same.
    """
    begin = page << PAGE_SHIFT
    rows = [(start - begin, row) for start, row in table.rows_between(begin, begin + PAGE_SIZE)]
    if len(rows) <= ROWS:
        return [(page, _packed(rows))]
    counters = Counter() if counters is None else counters
    counters["pages_split"] += 1
    found = [(page, _packed([(0, SPLIT)]))]
    for half, part in enumerate(_halves(rows)):
        if len(part) > ROWS:
            counters["pages_cut"] += 1
            part = [*part[: ROWS - 1], (part[ROWS - 1][0], BAD)]
        found.append((page | 1 + half << HALF_SHIFT, _packed(part)))
    return found


def _halves(rows: Rows) -> tuple[Rows, Rows]:
    middle = PAGE_SIZE // 2
    first = [(start, row) for start, row in rows if start < middle]
    second = [(start - middle, row) for start, row in rows if start > middle]
    at_middle = next((row for start, row in rows if start == middle), first[-1][1])
    return first, [(0, at_middle), *second]


def _packed(rows: Rows) -> bytes:
    """Slots that are not used repeat the last row, so that a search that ends in one of them is right all the same."""
    unused = ROWS - len(rows)
    starts = bytes([start for start, _ in rows]) + b"\xff" * unused
    return starts + b"".join([row for _, row in rows]) + rows[-1][1] * unused


def row_in(page: bytes, within: int) -> bytes:
    """The row at an offset within a page, as the kernel's walkers find it."""
    low = 0
    half = ROWS // 2
    while half:
        if page[low + half] <= within:
            low += half
        half //= 2
    return page[ROWS + 8 * low : ROWS + 8 * low + 8]
