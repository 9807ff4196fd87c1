"""Code that has no unwind information and is known by its looks: returns from signal handlers, and stubs of linkers."""

from __future__ import annotations

import re

from ..symbols.elf_file import SECTION_EXECUTE, ElfFile
from ..symbols.raw_bytes import BrokenFile
from .rows import Row, RowKind
from .stretch import Stretch, gap

_SIGNAL_RETURN = re.compile(rb"(?:\x48\xc7\xc0\x0f\x00\x00\x00|\xb8\x0f\x00\x00\x00)\x0f\x05")
"""mov rax, 15; syscall: what musl and Go have the kernel return to from a handler (gdb and gcc know it the same way)."""

SIGNAL_ROW = Row(RowKind.SIGNAL, cfa=160).pack()
"""Where rsp is in the signal frame of x86-64: uc_mcontext.rsp of struct ucontext, right at rsp."""

_STUB = 16
_MOST_CODE = 1 << 16


def signal_return_in(elf: ElfFile, unknown: Stretch) -> Stretch | None:
    """The first return from a signal handler in a gap, with one byte before it: it is entered by a return, so that
    its caller's call is looked for there. None where there is none, or the gap is a large one."""
    offset = elf.offset_of(unknown.begin)
    if offset is None or not 7 <= unknown.end - unknown.begin <= _MOST_CODE:
        return None
    try:
        match = _SIGNAL_RETURN.search(elf.data.read_up_to(offset, unknown.end - unknown.begin))
    except BrokenFile:
        return None
    if match is None:
        return None
    begin, end = unknown.begin + match.start() - 1, unknown.begin + match.end()
    return Stretch(begin, end, [begin], [SIGNAL_ROW])


class PltSource:
    """Stubs of linkers that write no unwind information for them, such as lld: System V ABI for x86-64, "PLT"."""

    def __init__(self, elf: ElfFile) -> None:
        self._sections = [part for part in elf.sections if part.name.startswith(".plt") and part.flags & SECTION_EXECUTE]
        self._branches_marked = any(part.name == ".plt.sec" for part in self._sections)

    def stretch_at(self, address: int) -> Stretch:
        """The rows of the section of stubs around an address, a gap elsewhere."""
        for part in self._sections:
            begin, end = part.address, part.address + part.size
            if begin <= address < end:
                return self._stubs(begin, end) if part.name == ".plt" else _one(begin, end)
        return gap(address, address + 1)

    def _stubs(self, begin: int, end: int) -> Stretch:
        """The first stub enters the linker with two words pushed; each other pushes one and jumps to it."""
        starts = [begin, begin + 6, begin + _STUB]
        pushed_from = 9 if self._branches_marked else 11
        rows = [Row(RowKind.RSP, cfa=16), Row(RowKind.RSP, cfa=24), Row(RowKind.PLT, pushed_from)]
        return Stretch(begin, end, starts, [row.pack() for row in rows]).part(begin, end)


def _one(begin: int, end: int) -> Stretch:
    return Stretch(begin, end, [begin], [Row(RowKind.RSP, cfa=8).pack()])
