"""From an address in a process to its row."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Protocol

from ..symbols.binaries import Binary, BinaryCache
from ..symbols.mappings import AddressSpace, Mapping
from ..symbols.raw_bytes import BrokenFile
from ..symbols.vdso import NAME as VDSO
from ..symbols.vdso import Vdso, own_vdso
from .rows import FRAME_POINTER_JIT, NONE, Row, unpack
from .table import UnwindTable

MOST_TABLES = 256
MOST_ROWS = 1 << 15
"""Binaries whose tables, and addresses whose rows, are remembered: about 5 MB at most."""

_UNKNOWN, _JIT = unpack(NONE), unpack(FRAME_POINTER_JIT)


class Code(Protocol):
    """What the unwinder asks of a process's code."""

    def row_at(self, address: int) -> Row | None:
        """The row of the code at an address, None where no code is mapped."""

    def saved_register(self, address: int, register: int) -> int | None:
        """Where the code at an address has saved a register, in bytes from the CFA; None when it left it alone.

        Raises BrokenFile when that is not known.
        """


class UnwindTables:
    """The tables of all binaries, least recently used first out, with the rows of addresses that were asked for.

    `counters` gets what `UnwindTable` counts.
    """

    def __init__(self, counters: Counter[str] | None = None) -> None:
        self.counters: Counter[str] = Counter() if counters is None else counters
        self._tables: OrderedDict[Binary, UnwindTable] = OrderedDict()
        self._rows: dict[tuple[UnwindTable, int], Row] = {}
        self._vdso: tuple[Vdso, UnwindTable] | None = None
        self._vdso_read = False

    def of(self, binary: Binary) -> UnwindTable:
        """The table of a binary."""
        table = self._tables.get(binary)
        if table is None:
            table = self._tables[binary] = UnwindTable(binary.elf, self.counters)
            if len(self._tables) > MOST_TABLES:
                self._tables.popitem(last=False)
        else:
            self._tables.move_to_end(binary)
        return table

    def of_vdso(self, mapping: Mapping) -> UnwindTable | None:
        """The table of the vDSO when that is what a mapping shows."""
        if mapping.path != VDSO:
            return None
        if not self._vdso_read:
            self._vdso_read = True
            vdso = own_vdso()
            self._vdso = (vdso, UnwindTable(vdso.elf, self.counters)) if vdso is not None else None
        return self._vdso[1] if self._vdso is not None and self._vdso[0].belongs_to(mapping) else None

    def row_at(self, table: UnwindTable, offset: int) -> Row:
        """The row of the code at an offset in a binary's file."""
        row = self._rows.get((table, offset))
        if row is None:
            if len(self._rows) >= MOST_ROWS:
                self._rows.clear()
            row = self._rows[table, offset] = table.row_at(offset)
        return row


class ProcessCode:
    """The code of one process, as its address space was when it was read."""

    def __init__(self, space: AddressSpace, binaries: BinaryCache, tables: UnwindTables) -> None:
        self._space = space
        self._binaries = binaries
        self._tables = tables
        self._found: dict[int, tuple[Binary | None, UnwindTable | None]] = {}

    def row_at(self, address: int) -> Row | None:
        """The row of the code at an address, None where no code is mapped."""
        mapping = self._space.find(address)
        if mapping is None:
            return None
        table = self.table(mapping)
        if table is None:
            return _JIT if is_generated(mapping) else _UNKNOWN
        return self._tables.row_at(table, address - mapping.start + mapping.offset)

    def saved_register(self, address: int, register: int) -> int | None:
        """Where the code at an address has saved a register: see `Code`."""
        mapping = self._space.find(address)
        table = self.table(mapping) if mapping is not None else None
        if mapping is None or table is None:
            raise BrokenFile("no rules there")
        return table.saved_register(address - mapping.start + mapping.offset, register)

    def table(self, mapping: Mapping) -> UnwindTable | None:
        """The table of the binary behind a mapping; None where there is none."""
        known = self._found.get(mapping.start)
        if known is None or (known[0] is not None and known[0].file.closed):
            binary = self._binaries.behind(self._space, mapping)
            table = self._tables.of(binary) if binary is not None else self._tables.of_vdso(mapping)
            known = self._found[mapping.start] = (binary, table)
        return known[1]


def is_generated(mapping: Mapping) -> bool:
    """Whether a mapping holds code that was made while the program ran: it has no file, or one in memory only."""
    return (not mapping.has_file and mapping.path not in (VDSO, "[vsyscall]")) or mapping.in_memory
