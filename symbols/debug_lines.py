"""Source lines and inlined functions, from DWARF by way of `symbolic`: dear, so only for what is looked at."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Protocol

from ..profiles.locations import Line
from .binaries import Binary
from .debug_files import find_debug_file
from .demangle import ALL, Mangling, demangle
from .elf_file import SECTION_COMPRESSED, ElfFile, Section
from .raw_bytes import BrokenFile

if TYPE_CHECKING:

    class SymCache(Protocol):
        """What is used of `symbolic.SymCache`."""

        def lookup(self, addr: int) -> list[SourceLocation]:
            """Functions at an address, innermost first."""

    from symbolic.symcache import SourceLocation

MOST_DEBUG_BYTES = 128 << 20
"""The largest file, and the most DWARF when unpacked, of which lines are read: in bytes. Reading takes up to twice that
for a moment."""

MOST_CACHES = 4
"""Binaries whose lines are kept."""

_UNKNOWN = 0xFFFFFFFF


class DebugLines:
    """Lines by binary. `counters` gets `debug_files_refused`: damaged, or of more than `most` bytes."""

    def __init__(
        self, counters: Counter[str], manglings: frozenset[Mangling] = ALL, most: int = MOST_DEBUG_BYTES
    ) -> None:
        self._counters = counters
        self._manglings = manglings
        self._most = most
        self._caches: OrderedDict[str, tuple[SymCache, int] | None] = OrderedDict()

    def find(self, binary: Binary, offset: int) -> tuple[Line, ...]:
        """The functions at a file offset with their lines, innermost first; empty when DWARF says nothing of it."""
        address = binary.elf.address_of(offset)
        cache = self._cache(binary)
        if address is None or cache is None:
            return ()
        symbols, base = cache
        found = symbols.lookup(address - base)
        if not found or not any(place.line for place in found):
            return ()
        return tuple(
            Line(
                demangle(place.symbol.encode(), self._manglings) if place.symbol else "?",
                place.full_path or "",
                place.line,
                self._first_line(symbols, place.sym_addr),
            )
            for place in found
        )

    def _first_line(self, symbols: SymCache, address: int) -> int:
        """The line of a function's first instruction, which is where it is defined; 0 for one that is inlined."""
        if address == _UNKNOWN:
            return 0
        found = symbols.lookup(address)
        return int(found[-1].line) if found else 0

    def _cache(self, binary: Binary) -> tuple[SymCache, int] | None:
        if binary.build_id not in self._caches:
            self._caches[binary.build_id] = self._load(binary)
            if len(self._caches) > MOST_CACHES:
                self._caches.popitem(last=False)
        self._caches.move_to_end(binary.build_id)
        return self._caches[binary.build_id]

    def _load(self, binary: Binary) -> tuple[SymCache, int] | None:
        elf = binary.elf if _debug_bytes(binary.elf) else find_debug_file(binary.elf, binary.path)
        if elf is None or not (size := _debug_bytes(elf)):
            return None
        from symbolic.debuginfo import Archive
        from symbolic.exceptions import SymbolicError

        try:
            if max(size, elf.data.size) > self._most:
                raise BrokenFile(f"{size} bytes of DWARF in {elf.data.size}, the limit is {self._most}")
            contents = elf.data.read(0, elf.data.size)
            symbols = next(Archive.from_bytes(contents).iter_objects()).make_symcache()
        except (SymbolicError, StopIteration, ValueError):
            self._counters["debug_files_refused"] += 1
            return None
        return symbols, min((segment.address for segment in binary.elf.segments), default=0)


def _debug_bytes(elf: ElfFile) -> int:
    """The size of a file's DWARF in bytes, as it says itself where it is compressed; 0 when there is none."""
    if elf.section(".debug_info") is None:
        return 0
    return sum(_unpacked_size(elf, section) for section in elf.sections if section.name.startswith(".debug_"))


def _unpacked_size(elf: ElfFile, section: Section) -> int:
    if not section.flags & SECTION_COMPRESSED:
        return section.size
    try:
        return int.from_bytes(elf.data.read(section.offset + 8, 8), "little")
    except BrokenFile:
        return section.size
