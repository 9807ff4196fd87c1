"""Code that has no unwind information and is known by its looks: returns from signal handlers, stubs of linkers,
functions that set up frame pointers, and what can be followed instruction by instruction."""

from __future__ import annotations

from collections import OrderedDict

from ..symbols.elf_file import SECTION_EXECUTE, ElfFile, Section
from .code_walk import CodeWalk
from .rows import FRAME_POINTER_PLAIN, Row, RowKind
from .stretch import Stretch, gap, one_row, stretch_of
from .x86_64 import (
    FRAMES,
    PLT_FIRST_PUSHED,
    PLT_PUSHED,
    PLT_PUSHED_MARKED,
    PLT_STUB,
    PROLOGUE,
    SAVED_RSP,
    SIGNAL_RETURN,
)

PIECE = 1 << 14
MARGIN = 1 << 12
MOST_KEPT = 32
MOST_FOLLOWED = 24 << 20
"""Bytes of code looked at together, bytes around them that help, pieces whose rows are kept, and how many bytes of a
binary are ever followed instruction by instruction: it takes about a millisecond for 1,000."""

SPARSEST = 1 << 11
"""Code keeps frame pointers when it sets one up at least every so many bytes, on average. Code that does not still does
so here and there, in functions with alloca."""

MOST_CODE = 4 << 20
MOST_GAPS = 256
"""Bytes of a gap that are looked through for this, and gaps of which the answer is remembered."""

SIGNAL_ROW = Row(RowKind.SIGNAL, cfa=SAVED_RSP).pack()
_ENTERED = Row(RowKind.RSP, cfa=8).pack()
_PUSHED = Row(RowKind.RSP, rbp=-2, cfa=16).pack()


class CodePatterns:
    """Rows made by looking at an ELF file's code."""

    def __init__(self, elf: ElfFile) -> None:
        self._elf = elf
        self._stubs = [part for part in elf.sections if part.name.startswith(".plt") and part.flags & SECTION_EXECUTE]
        self._marked = any(part.name == ".plt.sec" for part in self._stubs)
        self._framed: dict[int, bool] = {}
        self._followed = 0
        self._walked: OrderedDict[int, Stretch] = OrderedDict()

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
        if self._keeps_frames(unknown, move):
            return _framed(begin, end, self._elf.data.read(begin + move, end - begin))
        found = self._walked.get(begin)
        if found is None:
            found = self._walked[begin] = self._walk(begin, end, unknown, move)
            if len(self._walked) > MOST_KEPT:
                self._walked.popitem(last=False)
        return found

    def _walk(self, begin: int, end: int, unknown: Stretch, move: int) -> Stretch:
        """The rows of a piece from its instructions, and from those around it, since functions cross its borders."""
        first, last = max(begin - MARGIN, unknown.begin), min(end + MARGIN, unknown.end)
        self._followed += last - first
        if self._followed > MOST_FOLLOWED:
            return gap(begin, end)
        code = self._elf.data.read(first + move, last - first)
        found = stretch_of(begin, end, *CodeWalk(code, first).rows(begin, end))
        for match in SIGNAL_RETURN.finditer(code):
            # It is entered by a return, so that the call before it is looked for one byte ahead.
            found = _with(found, first + match.start() - 1, first + match.end(), SIGNAL_ROW)
        return found

    def _keeps_frames(self, unknown: Stretch, move: int) -> bool:
        """Whether the code in a gap keeps frame pointers."""
        framed = self._framed.get(unknown.begin)
        if framed is None:
            if len(self._framed) >= MOST_GAPS:
                self._framed.clear()
            code = self._elf.data.read_up_to(unknown.begin + move, min(unknown.end - unknown.begin, MOST_CODE))
            framed = self._framed[unknown.begin] = code.count(PROLOGUE) * SPARSEST >= len(code)
        return framed

    def _linker_stubs(self, part: Section) -> Stretch:
        """Stubs of a linker that says nothing of them, such as lld: System V ABI for x86-64, "PLT"."""
        begin, end = part.address, part.address + max(part.size, 1)
        if part.name != ".plt":
            return Stretch(begin, end, [begin], [_ENTERED])
        # The first stub is entered with one word pushed and pushes another; the others push one and jump to it.
        plt = Row(RowKind.PLT, PLT_PUSHED_MARKED if self._marked else PLT_PUSHED).pack()
        rows = [Row(RowKind.RSP, cfa=16).pack(), Row(RowKind.RSP, cfa=24).pack(), plt]
        return stretch_of(begin, end, [begin, begin + PLT_FIRST_PUSHED, begin + PLT_STUB], rows)


def _framed(begin: int, end: int, code: bytes) -> Stretch:
    """The rows of code that keeps frame pointers: all but the instructions that set one up or take it down."""
    found = Stretch(begin, end, [begin], [FRAME_POINTER_PLAIN])
    for match in FRAMES.finditer(code):
        at, after = begin + match.start(), begin + match.end()
        if match["prologue"]:
            _add(found, at, _ENTERED, at + 1, _PUSHED)
            _add(found, at + 1, _PUSHED, after, FRAME_POINTER_PLAIN)
        else:
            _add(found, at + 1, _ENTERED, after, FRAME_POINTER_PLAIN)
    return stretch_of(begin, end, found.starts, found.rows)


def _with(stretch: Stretch, begin: int, end: int, row: bytes) -> Stretch:
    """A stretch with one row put over a part of it."""
    begin, end = max(begin, stretch.begin), min(end, stretch.end)
    if begin >= end:
        return stretch
    parts = [one_row(begin, end, row)]
    if begin > stretch.begin:
        parts.insert(0, stretch.part(stretch.begin, begin))
    if end < stretch.end:
        parts.append(stretch.part(end, stretch.end))
    starts = [start for part in parts for start in part.starts]
    return Stretch(stretch.begin, stretch.end, starts, [row for part in parts for row in part.rows])


def _add(stretch: Stretch, start: int, row: bytes, end: int, after: bytes) -> None:
    """Put a row from `start` to `end`, after the rows so far."""
    for place, what in ((max(start, stretch.starts[-1]), row), (end, after)):
        if stretch.starts[-1] == place:
            stretch.rows[-1] = what
        else:
            stretch.starts.append(place)
            stretch.rows.append(what)
