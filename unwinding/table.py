"""The rows of one binary, found on demand: nothing but what is asked for is read or decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from ..symbols.elf_file import ElfFile
from ..symbols.go_table import go_section
from ..symbols.raw_bytes import BrokenFile
from . import arm64, x86_64
from .cfa_machine import State
from .cfi_source import CfiSource
from .code_patterns import CodePatterns
from .frame_sections import debug_frame, eh_frame
from .go_source import GoSource
from .rows import BAD, FRAME_POINTER_GO, NONE, Row, unpack
from .stretch import LAST_ADDRESS, Stretch, gap, one_row

Source = TypeVar("Source")

MACHINES, ROWS_FOR = (x86_64.ELF_MACHINE, arm64.ELF_MACHINE), (x86_64.ELF_MACHINE,)
"""Processors whose call frame information is read, and those of which rows are made."""

MOST_LOOKED_AT = 1 << 14
"""Bytes of a function."""

SMALLEST_GAP = 16
"""Bytes without information that may be code; fewer fill the space between two functions."""


class UnwindTable:
    """Rows of one ELF file; none at all of one for another processor, rules alone of one for arm64.

    Nothing here raises: what cannot be read is a BAD row. `counters` gets `cfi_broken` for each function or section
    that could not be read.
    """

    def __init__(self, elf: ElfFile, counters: Counter[str]) -> None:
        self._elf = elf
        self._counters = counters
        self._code = sorted(part for part in elf.segments if part.executable and elf.machine in MACHINES)
        self._has_rows = elf.machine in ROWS_FOR
        self._go_section = go_section(elf) if self._has_rows else None
        self._cfi = self._try(eh_frame)
        self._go = self._try(GoSource.of) if self._go_section is not None else None
        self._debug_frame: CfiSource | None = None
        self._debug_frame_read = self._go_section is not None
        self._known_by_looks = CodePatterns(elf)
        self._stubs = [part for part in elf.sections if part.name.startswith(".plt")]
        self._last = gap(0, 0)

    def row_at(self, offset: int) -> Row:
        """The row of the code at an offset in the file."""
        address, _ = self._code_at(offset, offset + 1)
        return unpack(NONE if address is None or not self._has_rows else self.stretch_at(address).row_at(address))

    def rows_between(self, begin: int, end: int) -> list[tuple[int, bytes]]:
        """The rows in force between two offsets in the file: where each starts, the first at `begin`, and its bytes.

        Neighbours differ.
        """
        found: list[tuple[int, bytes]] = []
        offset = begin
        while offset < end:
            address, length = self._code_at(offset, end)
            if address is None or not self._has_rows:
                part, move = gap(offset, offset + length), 0
            else:
                part, move = self.stretch_at(address).part(address, address + length), offset - address
            for start, row in zip(part.starts, part.rows, strict=True):
                if not found or found[-1][1] != row:
                    found.append((start + move, row))
            offset = part.end + move
        return found

    def stretch_at(self, address: int) -> Stretch:
        """The rows around a virtual address of the file."""
        last = self._last
        if not last.begin <= address < last.end:
            try:
                last = self._find(address)
            except BrokenFile:
                last = gap(0, 0)
            # An index that is not sorted leads anywhere.
            if not last.begin <= address < last.end:
                self._counters["cfi_broken"] += 1
                return one_row(address, address + 1, BAD)
            self._last = last
        return last

    def function_start(self, offset: int) -> int | None:
        """Where the function around an offset in the file begins by its call frame information; None without."""
        function = self._function_at(offset)
        return function[0] if function is not None else None

    def _function_at(self, offset: int) -> tuple[int, int] | None:
        """Where the function around an offset in the file begins and ends."""
        address, _ = self._code_at(offset, offset + 1)
        for source in (self._cfi, self._debug_frame):
            if source is None or address is None:
                continue
            try:
                stretch = source.stretch_at(address)
            except BrokenFile:
                continue
            if not stretch.is_gap:
                return stretch.begin - address + offset, stretch.end - address + offset
        return None

    def saved_register(self, offset: int, register: int) -> int | None:
        """Where the code at an offset in the file has saved a register, in bytes from the CFA.

        None when it left the register alone. Raises BrokenFile when that is not known.
        """
        rule = self.rules_at(offset).rules.get(register)
        if isinstance(rule, tuple):
            raise BrokenFile("a rule of another kind")
        return rule

    def rules_at(self, offset: int) -> State:
        """All rules in force at an offset in the file. Raises BrokenFile where that is not known."""
        address, _ = self._code_at(offset, offset + 1)
        if address is None or self._cfi is None:
            raise BrokenFile("no rules there")
        return self._cfi.rules_at(address)

    def code_around(self, offset: int) -> tuple[bytes, int]:
        """The code of the function around an offset in the file, as far as it is looked at, and how much of it comes
        before. Raises BrokenFile where that is not known."""
        function = self._function_at(offset)
        if function is None:
            raise BrokenFile("no function there")
        begin, end = function
        return self._elf.data.read_up_to(begin, min(end - begin, MOST_LOOKED_AT)), offset - begin

    def is_stub(self, offset: int) -> bool:
        """Whether a stub for calls into shared libraries is at an offset in the file."""
        return any(part.offset <= offset < part.offset + part.size for part in self._stubs)

    def _find(self, address: int) -> Stretch:
        unknown = gap(0, LAST_ADDRESS)
        for source in (self._cfi, self._go):
            if source is not None and not (stretch := source.stretch_at(address)).is_gap:
                return stretch.part(unknown.begin, unknown.end)
            if source is not None:
                unknown = unknown.part(stretch.begin, stretch.end)
        if unknown.end - unknown.begin < SMALLEST_GAP:
            return unknown
        if self._go_section is not None and self._go is None:
            return one_row(unknown.begin, unknown.end, FRAME_POINTER_GO)
        source = self._debug_frames()
        if source is not None and not (stretch := source.stretch_at(address)).is_gap:
            return stretch.part(unknown.begin, unknown.end)
        return self._known_by_looks.stretch_at(address, unknown if source is None else unknown.part(*stretch[:2]))

    def _debug_frames(self) -> CfiSource | None:
        if not self._debug_frame_read:
            self._debug_frame_read = True
            self._debug_frame = self._try(debug_frame)
        return self._debug_frame

    def _try(self, read: Callable[[ElfFile, Counter[str]], Source | None]) -> Source | None:
        try:
            return read(self._elf, self._counters)
        except BrokenFile:
            self._counters["cfi_broken"] += 1
            return None

    def _code_at(self, offset: int, end: int) -> tuple[int | None, int]:
        """The virtual address of the code at an offset, and for how many bytes this holds; None where there is none."""
        for segment in self._code:
            if offset < segment.offset:
                return None, min(end, segment.offset) - offset
            if offset < segment.offset + segment.file_size:
                return offset - segment.offset + segment.address, min(end, segment.offset + segment.file_size) - offset
        return None, end - offset
