"""Strings and bytes in the memory of a CPython.

Format: `PyASCIIObject` and `PyCompactUnicodeObject` of Include/cpython/unicodeobject.h, `PyBytesObject` of
Include/cpython/bytesobject.h.
"""

from __future__ import annotations

import struct

from .layouts import StringOffsets
from .memory import Memory

MOST_CHARACTERS = 4096
"""A longer string is cut: no name that people wrote is."""

FIRST_READ = 160
"""Bytes that hold most names and paths along with their header."""

LENGTH, STATE = 16, 32
COMPACT, ASCII = 1 << 5, 1 << 6
"""Offsets in a string object, and bits of its state."""

_BYTES_HEADER = 32
_HEADER = struct.Struct("<QQQQI")
_CODECS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}


def read_string(memory: Memory, offsets: StringOffsets, address: int) -> str | None:
    """The string object at an address, at most `MOST_CHARACTERS` of it; None when there is none that makes sense."""
    data = memory.read(address, FIRST_READ) or memory.read(address, offsets.ascii_bytes)
    if len(data) < _HEADER.size:
        return None
    _, _, length, _, state = _HEADER.unpack_from(data)
    width = state >> 2 & 7
    if not state & COMPACT or width not in _CODECS or length >= 1 << 32:
        return None
    start = offsets.ascii_bytes if state & ASCII else offsets.compact_bytes
    size = min(length, MOST_CHARACTERS) * width
    text = data[start : start + size] if start + size <= len(data) else memory.read(address + start, size)
    if len(text) != size:
        return None
    return text.decode("ascii" if state & ASCII else _CODECS[width], "replace")


def read_bytes(memory: Memory, address: int, most: int) -> bytes | None:
    """The contents of the bytes object at an address; None when there is none that makes sense, or more than `most`."""
    data = memory.read(address, FIRST_READ) or memory.read(address, _BYTES_HEADER)
    if not data:
        return None
    size = int.from_bytes(data[LENGTH : LENGTH + 8], "little")
    if size > most:
        return None
    if _BYTES_HEADER + size <= len(data):
        return data[_BYTES_HEADER : _BYTES_HEADER + size]
    found = memory.read(address + _BYTES_HEADER, size)
    return found if len(found) == size else None
