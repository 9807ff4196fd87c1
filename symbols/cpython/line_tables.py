"""From an instruction of a code object to its line.

Formats: CPython's Objects/lnotab_notes.txt (3.8 to 3.10) and InternalDocs/code_objects.md, "Source code locations"
(3.11 and later).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right

from .layouts import Version

MOST_BYTES = 1 << 18
"""Bytes of a table that are read; the largest modules' have some 50,000."""

_ENTRY = re.compile(rb"[\x80-\xff][\x00-\x7f]*")
_ONE_LINE, _NO_COLUMNS, _NONE = 10, 13, 15


class Lines:
    """The lines of a code object: `starts` are byte offsets into its byte code, `lines` what runs from there on
    (0: no line)."""

    __slots__ = ("_lines", "_starts")

    def __init__(self, starts: array[int], lines: array[int]) -> None:
        self._starts = starts
        self._lines = lines

    def find(self, offset: int) -> int:
        """The line at a byte offset; 0 when it has none. Before the first instruction it is that of the first."""
        index = max(bisect_right(self._starts, offset) - 1, 0)
        return self._lines[index] if index < len(self._lines) else 0


def read_lines(version: Version, table: bytes, first_line: int) -> Lines:
    """The lines that a table tells. What is damaged gives wrong lines, but never fails."""
    if version >= (3, 11):
        return _from_locations(table, first_line)
    return _from_ranges(table, first_line) if version == (3, 10) else _from_increments(table, first_line)


def _from_increments(table: bytes, first_line: int) -> Lines:
    """3.8, 3.9: pairs of increments of offset (unsigned) and line (signed)."""
    starts, lines = array("I", (0,)), array("i", (_bounded(first_line),))
    offset, line = 0, first_line
    for step, change in zip(table[0::2], table[1::2], strict=False):
        offset += step
        line += change - 256 if change > 127 else change
        starts.append(offset)
        lines.append(_bounded(line))
    return Lines(starts, lines)


def _from_ranges(table: bytes, first_line: int) -> Lines:
    """3.10: pairs of a length in bytes and the change of line that comes before it; -128: these have no line."""
    starts, lines = array("I"), array("i")
    offset, line = 0, first_line
    for length, change in zip(table[0::2], table[1::2], strict=False):
        if change != 128:
            line += change - 256 if change > 127 else change
        starts.append(offset)
        lines.append(_bounded(line) if change != 128 else 0)
        offset += length
    return Lines(starts, lines)


def _from_locations(table: bytes, first_line: int) -> Lines:
    """3.11 and later: entries of a byte with its high bit set, which has kind and length, and bytes without."""
    starts, lines = array("I"), array("i")
    offset, line = 0, first_line
    for entry in _ENTRY.findall(table):
        kind = entry[0] >> 3 & 15
        if _ONE_LINE <= kind < _NO_COLUMNS:
            line += kind - _ONE_LINE
        elif _NO_COLUMNS <= kind < _NONE:
            line += _signed(entry)
        starts.append(offset)
        lines.append(_bounded(line) if kind != _NONE else 0)
        offset += ((entry[0] & 7) + 1) * 2
    return Lines(starts, lines)


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


def _bounded(line: int) -> int:
    return line if 0 <= line < 1 << 31 else 0
