"""Code that has no unwind information and is known by its looks: returns from signal handlers, stubs of linkers, and
functions that set up frame pointers."""

from __future__ import annotations

import re

from ..symbols.elf_file import SECTION_EXECUTE, ElfFile, Section
from .rows import FRAME_POINTER_PLAIN, NONE, Row, RowKind
from .stretch import Stretch, gap, stretch_of

PIECE = 1 << 14
"""Bytes of code looked at together."""

SPARSEST = 1 << 11
"""Code keeps frame pointers when it sets one up at least every so many bytes, on average. Code that does not still does
so here and there, in functions with alloca."""

MOST_CODE = 4 << 20
MOST_GAPS = 256
"""Bytes of a gap that are looked through for this, and gaps of which the answer is remembered."""

_STUB = 16
SIGNAL_RETURN = re.compile(rb"(?:\x48\xc7\xc0\x0f\x00\x00\x00|\xb8\x0f\x00\x00\x00)\x0f\x05")
"""mov rax, 15; syscall: what musl and Go have the kernel return to from a handler; gdb and gcc know it the same way."""

SIGNAL_ROW = Row(RowKind.SIGNAL, cfa=160).pack()
"""160: uc_mcontext.gregs[REG_RSP] of the struct ucontext at rsp."""

_PROLOGUE = b"\x55\x48\x89\xe5"
_FRAMES = re.compile(rb"(?P<prologue>\x55\x48\x89\xe5)|[\xc9\x5d](?:\xc3|\xc2..)", re.DOTALL)
"""push rbp; mov rbp, rsp; and leave or pop rbp before ret."""

_ENTERED = Row(RowKind.RSP, cfa=8).pack()
_PUSHED = Row(RowKind.RSP, rbp=-2, cfa=16).pack()


class CodePatterns:
    """Rows made by looking at an ELF file's code."""

    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf
        self._stubs = [part for part in elf.sections if part.name.startswith(".plt") and part.flags & SECTION_EXECUTE]
        self._marked = any(part.name == ".plt.sec" for part in self._stubs)
        self._framed: dict[int, bool] = {}

    def stretch_at(self, address: int, unknown: Stretch) -> Stretch:
        """The rows at an address within a gap: of some of the gap around it. Raises BrokenFile for unreadable code."""
        for part in self._stubs:
            if part.address <= address < part.address + part.size:
                return self._linker_stubs(part).part(unknown.begin, unknown.end)
        segment = next((part for part in self._elf.segments if 0 <= address - part.address < part.file_size), None)
        if segment is None:
            return gap(address, address + 1)
        unknown = unknown.part(segment.address, segment.address + segment.file_size)
        begin = max(unknown.begin, address - address % PIECE)
        end = min(unknown.end, begin - begin % PIECE + PIECE)
        move = segment.offset - segment.address
        return _known(begin, end, self._elf.data.read(begin + move, end - begin), self._keeps_frames(unknown, move))

    def _keeps_frames(self, unknown: Stretch, move: int) -> bool:
        """Whether the code in a gap keeps frame pointers."""
        framed = self._framed.get(unknown.begin)
        if framed is None:
            if len(self._framed) >= MOST_GAPS:
                self._framed.clear()
            code = self._elf.data.read_up_to(unknown.begin + move, min(unknown.end - unknown.begin, MOST_CODE))
            framed = self._framed[unknown.begin] = code.count(_PROLOGUE) * SPARSEST >= len(code)
        return framed

    def _linker_stubs(self, part: Section) -> Stretch:
        """Stubs of a linker that says nothing of them, such as lld: System V ABI for x86-64, "PLT"."""
        begin, end = part.address, part.address + max(part.size, 1)
        if part.name != ".plt":
            return Stretch(begin, end, [begin], [_ENTERED])
        # The first stub is entered with one word pushed and pushes another; the others push one and jump to it.
        plt = Row(RowKind.PLT, 9 if self._marked else 11).pack()
        rows = [Row(RowKind.RSP, cfa=16).pack(), Row(RowKind.RSP, cfa=24).pack(), plt]
        return stretch_of(begin, end, [begin, begin + 6, begin + _STUB], rows)


def _known(begin: int, end: int, code: bytes, framed: bool) -> Stretch:
    """The rows of a piece of code, which keeps frame pointers or not."""
    usual = FRAME_POINTER_PLAIN if framed else NONE
    found = Stretch(begin, end, [begin], [usual])
    for match in _FRAMES.finditer(code) if framed else SIGNAL_RETURN.finditer(code):
        at, after = begin + match.start(), begin + match.end()
        if not framed:
            # It is entered by a return, so that the call before it is looked for one byte ahead.
            _add(found, at - 1, SIGNAL_ROW, after, usual)
        elif match["prologue"]:
            _add(found, at, _ENTERED, at + 1, _PUSHED)
            _add(found, at + 1, _PUSHED, after, usual)
        else:
            _add(found, at + 1, _ENTERED, after, usual)
    return stretch_of(begin, end, found.starts, found.rows)


def _add(stretch: Stretch, start: int, row: bytes, end: int, after: bytes) -> None:
    """Put a row from `start` to `end`, after the rows so far."""
    for place, what in ((max(start, stretch.starts[-1]), row), (end, after)):
        if stretch.starts[-1] == place:
            stretch.rows[-1] = what
        else:
            stretch.starts.append(place)
            stretch.rows.append(what)
