"""The rows of one binary, found on demand: nothing but what is asked for is read or decoded."""

from __future__ import annotations

from collections import Counter

from ..symbols.elf_file import ElfFile, Section
from ..symbols.raw_bytes import BrokenFile
from .cfi_source import CfiSource
from .code_patterns import PltSource, signal_return_in
from .frame_sections import debug_frame, eh_frame
from .go_source import GoSource
from .rows import BAD, FRAME_POINTER_GO, FRAME_POINTER_PLAIN, Row, unpack
from .stretch import LAST_ADDRESS, RowSource, Stretch, gap, one_row

MEMORY_PAGE = 4096
SMALLEST_GAP = 16
"""Bytes without information that may be code; fewer fill the space between two functions."""

GENERATED = 1 << 16
"""Bytes of code without information, in a binary that else has it, that a code generator must have made: V8's built-in
functions are a megabyte. Such code keeps frame pointers."""


class UnwindTable:
    """Rows of one ELF file. Nothing here raises: what cannot be read is a BAD row, and counted.

    `counters` gets `cfi_broken` (functions, or whole sections, that could not be read).
    """

    def __init__(self, elf: ElfFile, counters: Counter[str]) -> None:
        self._elf = elf
        self._counters = counters
        self._code = [segment for segment in elf.segments if segment.executable]
        self._go_section = elf.section(".gopclntab", ".data.rel.ro.gopclntab")
        self._sources: list[RowSource] = [source for source in (self._eh_frame(), self._go()) if source is not None]
        self._plt = PltSource(elf)
        self._debug_frame: CfiSource | None = None
        self._debug_frame_read = False
        self._last = gap(0, 0)

    def row_at(self, offset: int) -> Row:
        """The row of the code at an offset in the file."""
        address = self._address_of(offset)
        return unpack(self.stretch_at(address).row_at(address)) if address is not None else Row(0)

    def rows_between(self, begin: int, end: int) -> list[tuple[int, bytes]]:
        """The rows in force between two offsets in the file: where each starts, the first at `begin`, and the packed row.

        Neighbours differ.
        """
        found: list[tuple[int, bytes]] = []
        offset = begin
        while offset < end:
            address, length = self._code_at(offset, end)
            stretch = gap(offset, offset + length) if address is None else self._part(address, address + length)
            move = offset - stretch.begin
            for start, row in zip(stretch.starts, stretch.rows, strict=True):
                if not found or found[-1][1] != row:
                    found.append((start + move, row))
            offset = stretch.end + move
        return found

    def stretch_at(self, address: int) -> Stretch:
        """The rows around a virtual address of the file."""
        last = self._last
        if not last.begin <= address < last.end:
            try:
                last = self._last = self._find(address)
            except BrokenFile:
                self._counters["cfi_broken"] += 1
                return one_row(address, address + 1, BAD)
        return last
