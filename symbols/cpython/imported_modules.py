"""The names of the modules that an interpreter has imported: the keys of `sys.modules`.

Read from the dictionary's table of entries. Format: `PyDictObject` and `PyDictKeysObject` of CPython's
Include/internal/pycore_dict.h (Objects/dict-common.h to 3.10).
"""

from __future__ import annotations

import struct

from .layouts import NONE
from .memory import Memory, read_word
from .runtimes import Runtime
from .strings import read_string

MOST_MODULES = 8192
"""Names that are read; the largest services have some 3,000."""

LARGEST_INDEX = 24
"""Bits of the size of an index that is believed."""

_KEYS = 32
_OLD_HEADER = struct.Struct("<8xQ16xQ")
_HEADER = struct.Struct("<8xBBB13xQ")
_GENERAL, _UNICODE = struct.Struct("<8xQ8x"), struct.Struct("<Q8x")


def read_imported_modules(memory: Memory, runtime: Runtime) -> list[str]:
    """The names in `sys.modules` of the first interpreter, at most `MOST_MODULES`; empty when they cannot be read."""
    layout = runtime.layout
    interpreter = read_word(memory, runtime.address + layout.runtime.interpreters_head)
    if layout.interpreter.modules == NONE or not interpreter:
        return []
    modules = read_word(memory, interpreter + layout.interpreter.modules)
    keys = read_word(memory, modules + _KEYS) if modules else 0
    names = (read_string(memory, layout.string, key) for key in _keys(memory, layout.version >= (3, 11), keys) if key)
    return [name for name in names if name]


def _keys(memory: Memory, new: bool, address: int) -> list[int]:
    """The addresses of a dictionary's keys, 0 for those that were deleted. `new`: of 3.11 or later."""
    start, count, entry = (_new_table if new else _old_table)(memory, address)
    data = memory.read(start, min(count, MOST_MODULES) * entry.size)
    return [key for (key,) in entry.iter_unpack(data)]


def _new_table(memory: Memory, address: int) -> tuple[int, int, struct.Struct]:
    """Where the entries begin, how many there are, and their form."""
    header = memory.read(address, _HEADER.size)
    _, index_bytes, kind, count = _HEADER.unpack(header) if header else (0, 0, 0, 0)
    start = address + _HEADER.size + (1 << min(index_bytes, LARGEST_INDEX))
    return start, count, _UNICODE if kind else _GENERAL


def _old_table(memory: Memory, address: int) -> tuple[int, int, struct.Struct]:
    header = memory.read(address, _OLD_HEADER.size)
    size, count = _OLD_HEADER.unpack(header) if header else (0, 0)
    width = 1 if size <= 0xFF else 2 if size <= 0xFFFF else 4
    return address + _OLD_HEADER.size + min(size, 1 << LARGEST_INDEX) * width, count, _GENERAL
