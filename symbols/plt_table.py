"""Names for the stubs through which a program calls shared libraries: `read@plt`, as perf and objdump call them.

They have no symbols. The stubs of .plt.sec (or of .plt, after one that all share) stand in the order of the relocations
in .rela.plt: System V ABI for x86-64, "Procedure Linkage Table". On arm64 the first takes 32
bytes, and the others 24 where they are marked or signed.
"""

from __future__ import annotations

import struct

from .elf_file import ElfFile, Section
from .raw_bytes import BrokenFile
from .symbol_table import ENTRY

STUB = 16
"""Bytes of a stub."""

ARM64, ARM64_FIRST = 183, 32
"""EM_AARCH64 of elf.h, and bytes of the first stub there."""

_RELOCATION = struct.Struct("<QQq")
_LONGEST_NAME = 1024


class PltTable:
    """The stubs of one binary; nothing but headers is held, so that `weight` is a constant."""

    weight = 512

    def __init__(self, elf: ElfFile, stubs: Section, relocations: Section, symbols: Section, strings: Section) -> None:
        self._data = elf.data
        self._first, self._stub = _shape(elf, stubs, relocations)
        self._end = stubs.address + stubs.size
        self._relocations = relocations
        self._symbols = symbols
        self._strings = strings

    def find(self, address: int) -> bytes | None:
        """The name of the stub at a virtual address, None where there is none."""
        place = (address - self._first) // self._stub * _RELOCATION.size
        if not self._first <= address < self._end or place + _RELOCATION.size > self._relocations.size:
            return None
        try:
            relocation = self._data.read(self._relocations.offset + place, _RELOCATION.size)
            symbol = (_RELOCATION.unpack(relocation)[1] >> 32) * ENTRY
            if not 0 < symbol < self._symbols.size:
                return None
            name = int.from_bytes(self._data.read(self._symbols.offset + symbol, 4), "little")
            if name >= self._strings.size:
                return None
            text = self._data.read_up_to(self._strings.offset + name, _LONGEST_NAME).partition(b"\0")[0]
        except BrokenFile:
            return None
        return text + b"@plt" if text else None


def _shape(elf: ElfFile, stubs: Section, relocations: Section) -> tuple[int, int]:
    """The address of the first stub that has a name, and the bytes of each."""
    if elf.machine == ARM64:
        number = max(relocations.size // _RELOCATION.size, 1)
        return stubs.address + ARM64_FIRST, max((stubs.size - ARM64_FIRST) // number, STUB)
    return stubs.address if stubs.name == ".plt.sec" else stubs.address + STUB, STUB


def read_plt_table(elf: ElfFile) -> PltTable | None:
    """The stubs of a binary, None when it has none."""
    stubs, relocations = elf.section(".plt.sec") or elf.section(".plt"), elf.section(".rela.plt")
    if stubs is None or relocations is None or relocations.link >= len(elf.sections):
        return None
    symbols = elf.sections[relocations.link]
    if symbols.link >= len(elf.sections):
        return None
    return PltTable(elf, stubs, relocations, symbols, elf.sections[symbols.link])
