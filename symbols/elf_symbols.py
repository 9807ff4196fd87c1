"""The names in binaries: finds the best table of symbols that a binary has, and keeps those in use."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from .binaries import Binary
from .debug_files import find_debug_file, unpack_debug_data
from .elf_file import DYNAMIC_SYMBOLS, SYMBOLS, ElfFile
from .go_table import read_go_table
from .plt_table import read_plt_table
from .raw_bytes import BrokenFile
from .symbol_table import read_symbol_table

MOST_TABLES = 256
"""Binaries whose tables are kept, however small: a table may hold a debug file open."""


class Table(Protocol):
    """A table of names: `find` gives the mangled name at a virtual address, `weight` is in bytes."""

    weight: int

    def find(self, address: int) -> bytes | None:
        """The mangled name of the function at a virtual address, None where there is none."""


class _Loaded(NamedTuple):
    """Tables, and the binary whose open file their names are read from."""

    binary: Binary
    tables: list[Table]

    @property
    def weight(self) -> int:
        return sum(table.weight for table in self.tables)


class SymbolTables:
    """The tables of symbols of binaries, at most `max_bytes` of them, the least recently used going first.

    `counters` gets `tables_loaded`, `tables_refused` (damaged, or larger than `max_bytes`) and `tables_dropped`.
    """

    def __init__(self, max_bytes: int, counters: Counter[str]) -> None:
        self._max_bytes = max_bytes
        self._counters = counters
        self._tables: OrderedDict[tuple[str, int], _Loaded] = OrderedDict()
        self._bytes = 0

    def loaded(self, binary: Binary) -> bool:
        """Whether the binary's names are at hand."""
        loaded = self._tables.get(binary.key)
        return loaded is not None and not loaded.binary.file.closed

    def find(self, binary: Binary, offset: int) -> bytes | None:
        """The mangled name of the function at a file offset, None where there is none. Loads the table when needed."""
        address = binary.elf.address_of(offset)
        if address is None:
            return None
        for table in self._load(binary):
            name = table.find(address)
            if name is not None:
                return name
        return None

    def _load(self, binary: Binary) -> list[Table]:
        if self.loaded(binary):
            self._tables.move_to_end(binary.key)
            return self._tables[binary.key].tables
        if binary.key in self._tables:
            self._bytes -= self._tables.pop(binary.key).weight
        loaded = self._tables[binary.key] = _Loaded(binary, list(self._read(binary)))
        self._counters["tables_loaded"] += 1
        self._bytes += loaded.weight
        while (self._bytes > self._max_bytes or len(self._tables) > MOST_TABLES) and len(self._tables) > 1:
            _, dropped = self._tables.popitem(last=False)
            self._bytes -= dropped.weight
            self._counters["tables_dropped"] += 1
        return loaded.tables

    def _read(self, binary: Binary) -> Iterator[Table]:
        """The binary's own full table, or else all that stands in for it, the best first; and the stubs."""
        elf = binary.elf
        full = self._attempt(lambda: read_symbol_table(elf, SYMBOLS, self._max_bytes))
        if full is not None:
            yield full
        for read in () if full is not None else self._stand_ins(binary):
            table = self._attempt(read)
            if table is not None:
                yield table
        stubs = read_plt_table(elf)
        if stubs is not None:
            yield stubs

    def _stand_ins(self, binary: Binary) -> tuple[Callable[[], Table | None], ...]:
        elf = binary.elf
        return (
            lambda: self._full_table(find_debug_file(elf, binary.path)),
            lambda: self._full_table(unpack_debug_data(elf)),
            lambda: read_go_table(elf, self._max_bytes),
            lambda: read_symbol_table(elf, DYNAMIC_SYMBOLS, self._max_bytes),
        )

    def _full_table(self, elf: ElfFile | None) -> Table | None:
        return read_symbol_table(elf, SYMBOLS, self._max_bytes) if elf is not None else None

    def _attempt(self, read: Callable[[], Table | None]) -> Table | None:
        try:
            return read()
        except (BrokenFile, OSError, MemoryError, OverflowError, ValueError):
            self._counters["tables_refused"] += 1
            return None
