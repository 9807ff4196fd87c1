"""From an instruction of a code object to its line.

Formats: CPython's Objects/lnotab_notes.txt (3.8 to 3.10) and InternalDocs/code_objects.md, "Source code locations"
(3.11 and later). Tables are read by operations on whole byte strings, a line at a time: 4 us where a loop over the
entries takes 15, and nothing but the table is kept.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from .layouts import Version

MOST_BYTES = 1 << 18
"""Bytes of a table that are read; the largest modules' have some 50,000."""

LARGEST_LINE = 1 << 31

_LOW = bytes(range(128))
_UNITS = bytes((byte & 7) + 1 for byte in range(256))
_ONE_LINE, _NO_COLUMNS, _NONE = 10, 13, 15
_CHANGES = bytes(
    (byte >> 3 & 15) - _ONE_LINE if _ONE_LINE <= byte >> 3 & 15 < _NO_COLUMNS else 0 for byte in range(256)
)
_WITH_NUMBER = re.compile(rb"[\xe8-\xf7][\x00-\x7f]*")
_OTHERS = bytes(byte for byte in range(256) if not 0xE8 <= byte <= 0xF7)


def find_line(version: Version, table: bytes, first_line: int, offset: int) -> int:
    """The line of the instruction at a byte offset; that of the one before where a compiler gave it none.

    0 for a line that cannot be. What is damaged gives wrong lines, but never fails.
    """
    if version >= (3, 11):
        line = _in_locations(table, first_line, offset)
    elif version == (3, 10):
        line = _in_ranges(table, first_line, offset)
    else:
        line = _by_increments(table, first_line, offset)
    return line if 0 <= line < LARGEST_LINE else 0


def _by_increments(table: bytes, first_line: int, offset: int) -> int:
    """3.8, 3.9: pairs of increments of offset (unsigned) and line (signed)."""
    steps, changes = table[0::2], table[1::2]
    return first_line + _signed_sum(changes[: bisect_right(list(accumulate(steps)), offset)])


def _in_ranges(table: bytes, first_line: int, offset: int) -> int:
    """3.10: pairs of a length in bytes and the change of line that comes before it; -128: these have no line."""
    lengths, changes = table[0::2], table[1::2]
    index = bisect_right(list(accumulate(lengths)), max(offset, 0))
    return first_line + _signed_sum(changes[: index + 1].replace(b"\x80", b""))


def _in_locations(table: bytes, first_line: int, offset: int) -> int:
    """3.11 and later: entries of a byte with its high bit set, which has kind and length, and bytes without."""
    heads = table.translate(None, _LOW)
    index = bisect_right(list(accumulate(heads.translate(_UNITS))), max(offset, 0) // 2)
    heads = heads[: index + 1]
    line = first_line + sum(heads.translate(_CHANGES))
    with_number = len(heads.translate(None, _OTHERS))
    if with_number:
        for entry, _ in zip(_WITH_NUMBER.finditer(table), range(with_number), strict=False):
            line += _signed(entry.group())
    return line


def _signed_sum(numbers: bytes) -> int:
    """The sum of signed bytes."""
    return sum(numbers) - 256 * len(numbers.translate(None, _LOW))


def _signed(entry: bytes) -> int:
    """The first number of an entry: six bits a byte, the lowest first, bit 6 says that more follow; the sign is the
    lowest bit of all."""
    value, shift = 0, 0
    for byte in entry[1:7]:
        value |= (byte & 63) << shift
        shift += 6
        if not byte & 64:
            break
    return -(value >> 1) if value & 1 else value >> 1
