"""What tells a code object from another that takes its place in memory: the same sum as in bpf/walk_python.h.

The kernel sends the sum over a stack's code objects as they were when the sample was taken. Whoever reads them later
and finds another sum has found others. A code object has its number from 3.12 on; before, its name's hash and the
places of its names and lines speak for it.
"""

from __future__ import annotations

import struct

from ..symbols.cpython.layouts import CodeOffsets, Layout
from ..symbols.cpython.memory import Memory, read_word

WORDS = struct.Struct("<7Q")
STRING_HASH = 24
NUMBERED_SINCE = (3, 12)
MASK = (1 << 64) - 1


def identity_offset(code: CodeOffsets) -> int:
    """Where in a code object the words are that tell it; the last is the reference to its lines."""
    return code.line_table + 8 - WORDS.size


def is_numbered(layout: Layout) -> bool:
    """Whether code objects have numbers, none of which is given twice."""
    return layout.version >= NUMBERED_SINCE


def read_identity(memory: Memory, layout: Layout, code: int) -> int | None:
    """The sum of a code object; None when it cannot be read."""
    data = memory.read(code + identity_offset(layout.code), WORDS.size)
    if not data:
        return None
    words = WORDS.unpack(data)
    name = 0 if is_numbered(layout) else read_word(memory, words[5] + STRING_HASH)
    return int(words[0] + 2 * words[3] + 3 * words[4] + 5 * words[5] + 7 * words[6] + 11 * name) & MASK


def add_identity(total: int, identity: int) -> int:
    """The sum over a stack with one more code object: `mix` of bpf/task.h."""
    total = (total ^ identity) * 0x9E3779B97F4A7C15 & MASK
    return total ^ total >> 29
