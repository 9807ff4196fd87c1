"""The vDSO: code that the kernel maps into every process, and that no file holds."""

from __future__ import annotations

import ctypes
from typing import NamedTuple

from .elf_file import DYNAMIC_SYMBOLS, ElfFile
from .mappings import Mapping, own_address_space
from .raw_bytes import BrokenFile, MemoryBytes
from .symbol_table import SymbolTable, read_symbol_table

NAME = "[vdso]"
LARGEST = 1 << 20
"""Bytes that a vDSO has at most; in truth they are 8 to 16 KiB."""


class Vdso(NamedTuple):
    """This process's own vDSO, which is every 64-bit process's. `size` is in bytes."""

    build_id: str
    size: int
    elf: ElfFile
    table: SymbolTable | None

    def belongs_to(self, mapping: Mapping) -> bool:
        """Whether a mapping shows this image: that of a 32-bit process is another."""
        return mapping.path == NAME and mapping.end - mapping.start == self.size and mapping.end > 1 << 32

    def find(self, offset: int) -> bytes | None:
        """The function at an offset in the image, None where there is none."""
        address = self.elf.address_of(offset)
        return self.table.find(address) if self.table is not None and address is not None else None


def own_vdso() -> Vdso | None:
    """The vDSO, read from this process's own memory, for which no rights are needed; None when there is none."""
    try:
        mapping = next((found for found in own_address_space().mappings if found.path == NAME), None)
        if mapping is None or mapping.end - mapping.start > LARGEST:
            return None
        image = ctypes.string_at(mapping.start, mapping.end - mapping.start)
        elf = ElfFile(MemoryBytes(image))
        return Vdso(elf.build_id, len(image), elf, read_symbol_table(elf, DYNAMIC_SYMBOLS, LARGEST))
    except (BrokenFile, OSError):
        return None
