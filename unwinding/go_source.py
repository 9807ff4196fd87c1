"""Rows of Go's functions, from the table that Go's own tracebacks use: how far rsp is from the return address, by pc.

Formats: Go's src/runtime/symtab.go (`pcHeader`, `funcdata`, `step`) and src/runtime/runtime2.go (`_func`) of Go 1.18
and later. Where the runtime switches stacks (flag SPWRITE) frame pointers lead on, as they do for Go's own tracer.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict

from ..symbols.elf_file import ElfFile, Section
from ..symbols.go_table import go_section, start_of_text
from ..symbols.raw_bytes import BrokenFile
from .code_patterns import SIGNAL_ROW
from .encoding import unsigned
from .rows import BAD, END, FRAME_POINTER_GO, INJECTED, RBP_UNCHANGED, Row, RowKind
from .sorted_pairs import Found, SortedPairs
from .stretch import Stretch, gap, one_row, stretch_of
from .x86_64 import SAVES_RBP, SIGNAL_RETURN

TOP_FRAME, SP_WRITE, ASSEMBLY = 1, 2, 4
"""Flags of functions: internal/abi/symtab.go, FuncFlagTopFrame, FuncFlagSPWrite and FuncFlagAsm. Of those with the
first, only the entry of signal handlers is no special function: it has a caller, the code that the signal stopped."""

ASYNC_PREEMPT = 3
"""internal/abi/symtab.go, FuncID_asyncPreempt, of all versions since 1.18: the signal that takes the CPU from a
goroutine makes it look as if the interrupted code had called this function."""

LONGEST_TABLE = 1 << 14
MOST_DECODED = 32
PROLOGUE = 96
"""Bounds: bytes of a function's table, functions kept, bytes in which the instruction that saves rbp is looked for."""

_HEADER = struct.Struct("<IHBBQQQQQQQQ")
_FUNCTION = {0xFFFFFFF0: struct.Struct("<IiiIIIIIIBB"), 0xFFFFFFF1: struct.Struct("<IiiIIIIIIiBB")}
"""`_func` by the magic number of the table: of Go 1.18 and 1.19, and with the line of the function's start since."""

_FRAME_SLOT = -16
"""Where push at a function's start puts rbp, from the CFA."""


class GoSource:
    """Rows of the functions in a Go binary's table. Raises BrokenFile for a table of an unknown form."""

    def __init__(self, elf: ElfFile, section: Section) -> None:
        magic, _, quantum, pointer, count, _, text, _, _, _, steps, functions = _HEADER.unpack(
            elf.data.read(section.offset, _HEADER.size)
        )
        if magic not in _FUNCTION or (quantum, pointer) != (1, 8) or not 0 < count * 8 <= section.size:
            raise BrokenFile("the table of Go's functions is of an unknown form")
        self._elf = elf
        self._function = _FUNCTION[magic]
        self._text = text or start_of_text(elf, section)
        self._steps = section.offset + steps
        self._functions = section.offset + functions
        self._index = SortedPairs(elf.data, self._functions, count, "I")
        self._end: int = self._text + int.from_bytes(elf.data.read(self._functions + count * 8, 4), "little")
        self._decoded: OrderedDict[int, Stretch] = OrderedDict()

    @classmethod
    def of(cls, elf: ElfFile, counters: Counter[str]) -> GoSource | None:
        """What an ELF file has of it; None without. Raises BrokenFile as above."""
        section = go_section(elf)
        return cls(elf, section) if section is not None else None

    def stretch_at(self, address: int) -> Stretch:
        """The rows of the function around an address; a gap outside of Go's code."""
        if not self._text <= address < self._end:
            return gap(0, self._text) if address < self._text else gap(self._end, 1 << 64)
        found = self._index.find(address - self._text)
        if not isinstance(found, Found):
            return gap(self._text, self._text + (found or 0))
        stretch = self._decoded.get(found.start)
        if stretch is None:
            end = self._end if found.following is None else self._text + found.following
            stretch = self._decode(self._text + found.start, max(end, address + 1), found.reference)
            self._decoded[found.start] = stretch
            if len(self._decoded) > MOST_DECODED:
                self._decoded.popitem(last=False)
        return stretch

    def _decode(self, begin: int, end: int, reference: int) -> Stretch:
        try:
            layout = self._function
            function = layout.unpack(self._elf.data.read(self._functions + reference, layout.size))
            steps, special, flag = function[4], function[-2], function[-1]
            if flag & TOP_FRAME and special:
                return one_row(begin, end, END)
            if flag & ASSEMBLY and SIGNAL_RETURN.match(self._code(begin, 16)):
                return one_row(begin, end, SIGNAL_ROW)
            if flag & SP_WRITE or not steps:
                return one_row(begin, end, FRAME_POINTER_GO)
            injected = INJECTED if special == ASYNC_PREEMPT else 0
            found = self._rows(begin, end, self._elf.data.read_up_to(self._steps + steps, LONGEST_TABLE), injected)
            if flag & ASSEMBLY and SIGNAL_RETURN.match(self._code(end, 16)):
                # Entered by a return, so that the call is looked for one byte ahead of it.
                _add(found, end - 1, SIGNAL_ROW)
            return found
        except BrokenFile:
            return one_row(begin, end, BAD)

    def _rows(self, begin: int, end: int, steps: bytes, aux: int) -> Stretch:
        """The rows of a function from its steps: pairs of a change of rsp and the bytes of code it holds for."""
        saved_from, slot = self._saved_rbp(begin, end)
        saved: int | None = None
        found = Stretch(begin, end, [], [])
        place, pc, depth = 0, begin, -1
        while pc < end and (steps[place : place + 1] != b"\0" or not found.rows):
            change, place = unsigned(steps, place)
            length, place = unsigned(steps, place)
            depth += -(change >> 1) - 1 if change & 1 else change >> 1
            _add(found, pc, _row(depth, saved, aux))
            if pc < saved_from <= pc + length:
                saved = _FRAME_SLOT if slot is None else slot - depth - 8
                _add(found, saved_from, _row(depth, saved, aux))
            pc += max(length, 1)
        return stretch_of(begin, end, found.starts, found.rows)

    def _saved_rbp(self, begin: int, end: int) -> tuple[int, int | None]:
        """From which address on rbp is saved, and where: its offset from rsp, None for right below the return address.

        The address is `end` for a function that leaves rbp alone.
        """
        code = self._code(begin, min(PROLOGUE, end - begin))
        match = SAVES_RBP.search(code)
        if match is None:
            return end, None
        if match.group(1) is None and match.group(2) is None:
            return begin + match.start() + 1, None
        slot: bytes = match.group(1) or match.group(2)
        return begin + match.end(), int.from_bytes(slot, "little", signed=True)

    def _code(self, address: int, size: int) -> bytes:
        offset = self._elf.offset_of(address)
        return self._elf.data.read_up_to(offset, size) if offset is not None else b""


def _add(stretch: Stretch, start: int, row: bytes) -> None:
    if stretch.starts and stretch.starts[-1] == start:
        stretch.rows[-1] = row
    elif not stretch.rows or stretch.rows[-1] != row:
        stretch.starts.append(start)
        stretch.rows.append(row)


def _row(depth: int, saved: int | None, aux: int) -> bytes:
    """A row for rsp `depth` bytes below the return address, with rbp saved so many bytes from the CFA."""
    cfa = depth + 8
    if not 8 <= cfa < 1 << 31 or cfa % 8:
        return BAD
    # Once its place is below rsp, rbp has been restored.
    if saved is None or -saved > cfa or saved % 8 or not -(1 << 15) <= saved // 8 < -1:
        return Row(RowKind.RSP, aux, RBP_UNCHANGED, cfa).pack()
    return Row(RowKind.RSP, aux, saved // 8, cfa).pack()
