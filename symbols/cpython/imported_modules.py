"""The names of the modules that an interpreter has imported: the keys of `sys.modules`.

Read from the dictionary's table of entries. Format: `PyDictObject` and `PyDictKeysObject` of CPython's
Include/internal/pycore_dict.h (Objects/dict-common.h to 3.10).
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Collection

from .layouts import NONE, Layout
from .memory import Memory, read_word
from .runtimes import Runtime
from .strings import ASCII, COMPACT, LENGTH, STATE, read_string

MOST_MODULES = 8192
"""Names that are read of one process; the largest services have some 3,000."""

MOST_KEPT = 64
"""Tables of names kept, of some 50 KB each; forked processes share one."""

LARGEST_INDEX = 24
"""Bits of the size of an index that is believed."""

_KEYS = 32
_OLD_HEADER = struct.Struct("<8xQ16xQ")
_HEADER = struct.Struct("<8xBBB13xQ")
_GENERAL, _UNICODE = struct.Struct("<8xQ8x"), struct.Struct("<Q8x")
_USUAL = 40
"""Bytes of a name that are read at once."""


class ImportedModules:
    """Names of imported modules as one text for each process: each name between line ends.

    A set of them would take five times as much. A text is kept until another module is imported.
    """

    def __init__(self) -> None:
        self._texts: OrderedDict[tuple[object, ...], str] = OrderedDict()

    def text(self, memory: Memory, runtime: Runtime) -> str:
        """The names in `sys.modules` of the first interpreter; empty when they cannot be read."""
        start, count, entry = _table(memory, runtime.layout, modules_of(memory, runtime))
        count = min(count, MOST_MODULES)
        if not count:
            return ""
        last = memory.read(start + (count - 1) * entry.size, entry.size)
        name = read_string(memory, runtime.layout.string, entry.unpack(last)[0]) if last else None
        key = (runtime.address, runtime.build_id, start, count, name)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = "\n".join(("", *_names(memory, runtime, start, count, entry), ""))
            if len(self._texts) > MOST_KEPT:
                self._texts.popitem(last=False)
        self._texts.move_to_end(key)
        return text


def modules_of(memory: Memory, runtime: Runtime) -> int:
    """The address of the dictionary `sys.modules` of the first interpreter; 0 when there is none that can be read."""
    layout = runtime.layout
    interpreter = read_word(memory, runtime.address + layout.runtime.interpreters_head)
    if layout.interpreter.modules == NONE or not interpreter:
        return 0
    return read_word(memory, interpreter + layout.interpreter.modules)


def dict_values(memory: Memory, layout: Layout, address: int, names: Collection[str]) -> list[int]:
    """The values of a dictionary for these keys, as far as it has them; empty where it cannot be read."""
    start, count, entry = _table(memory, layout, address)
    data = memory.read(start, min(count, MOST_MODULES) * entry.size)
    found = []
    for place, (key,) in enumerate(entry.iter_unpack(data)):
        if key and read_string(memory, layout.string, key) in names:
            found.append(int.from_bytes(data[(place + 1) * entry.size - 8 : (place + 1) * entry.size], "little"))
    return found


def _table(memory: Memory, layout: Layout, address: int) -> tuple[int, int, struct.Struct]:
    """Where the entries of a dictionary begin, how many there are, and their form."""
    keys = read_word(memory, address + _KEYS) if address else 0
    if not keys:
        return 0, 0, _GENERAL
    if layout.version < (3, 11):
        header = memory.read(keys, _OLD_HEADER.size)
        size, count = _OLD_HEADER.unpack(header) if header else (0, 0)
        width = 1 if size <= 0xFF else 2 if size <= 0xFFFF else 4
        return keys + _OLD_HEADER.size + min(size, 1 << LARGEST_INDEX) * width, count, _GENERAL
    header = memory.read(keys, _HEADER.size)
    _, index_bytes, kind, count = _HEADER.unpack(header) if header else (0, 0, 0, 0)
    start = keys + _HEADER.size + (1 << min(index_bytes, LARGEST_INDEX))
    return start, count, _UNICODE if kind else _GENERAL


def _names(memory: Memory, runtime: Runtime, start: int, count: int, entry: struct.Struct) -> list[str]:
    """The names that the entries refer to; 2 us each where they are as names usually are: short, and ASCII."""
    strings = runtime.layout.string
    begin = strings.ascii_bytes
    found: list[str | None] = []
    for (key,) in entry.iter_unpack(memory.read(start, count * entry.size)):
        data = memory.read(key, begin + _USUAL) if key else b""
        if data and data[STATE] & (COMPACT | ASCII) == COMPACT | ASCII and data[LENGTH] <= _USUAL:
            found.append(data[begin : begin + data[LENGTH]].decode("ascii", "replace"))
        elif key:
            found.append(read_string(memory, strings, key))
    return [name for name in found if name]
