"""Names of Go functions from the table that Go's own tracebacks use, which `-ldflags=-s` leaves in the binary.

Format: Go's src/internal/abi/symtab.go and src/runtime/symtab.go, `pcHeader` and `_func`, of Go 1.18 and later.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right

from .elf_file import ElfFile, Section
from .raw_bytes import BrokenFile

_HEADER = struct.Struct("<IHBBQQQQQQQQ")
_MAGICS = (0xFFFFFFF0, 0xFFFFFFF1)
_LONGEST_NAME = 4096


class GoTable:
    """Functions of a Go binary; `weight` is the number of bytes held."""

    def __init__(self, elf: ElfFile, section: Section, most: int) -> None:
        self._data = elf.data
        magic, _, quantum, pointer, count, _, text, names, _, _, _, table = _HEADER.unpack(
            elf.data.read(section.offset, _HEADER.size)
        )
        if magic not in _MAGICS or pointer != 8 or quantum != 1 or count * 8 > min(most, section.size):
            raise BrokenFile("the table of Go's functions is of an unknown form")
        self._text = text or _start_of_text(elf)
        self._names = section.offset + names
        self._table = section.offset + table
        columns = array("I")
        columns.frombytes(elf.data.read(self._table, count * 8 + 4))
        self._starts, self._records = columns[0::2], columns[1::2]
        self.weight = 512 + count * 8

    def __len__(self) -> int:
        return len(self._records)

    def find(self, address: int) -> bytes | None:
        """The name of the function at a virtual address, None where there is none."""
        index = bisect_right(self._starts, address - self._text) - 1
        if not 0 <= index < len(self._records):
            return None
        try:
            record = self._data.read(self._table + self._records[index], 8)
            name = self._data.read_up_to(self._names + int.from_bytes(record[4:], "little", signed=True), _LONGEST_NAME)
        except BrokenFile:
            return None
        return name.partition(b"\0")[0] or None


def read_go_table(elf: ElfFile, most: int) -> GoTable | None:
    """The table of a Go binary, None when there is none. Raises BrokenFile for one that is damaged or too large."""
    section = elf.section(".gopclntab", ".data.rel.ro.gopclntab")
    return GoTable(elf, section, most) if section is not None else None


def _start_of_text(elf: ElfFile) -> int:
    """Where Go's code starts, for those versions whose table does not say so."""
    text = elf.section(".text")
    if text is None or elf.section(".init") is not None:
        raise BrokenFile("where Go's code starts is not known: a C linker put other code before it")
    return text.address
