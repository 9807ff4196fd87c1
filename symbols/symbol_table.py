"""An ELF symbol table as sorted ranges, and the choice of the one name that an address gets.

The table is sieved and split into columns by slices of arrays, at the speed of C: node's 109,829 symbols cost 50 ms
and 2 MB, where symbolic's SymCache costs 200 ms and 51 MB and, knowing no symbol sizes, names what lies in a gap after
the symbol before it. Names stay in the file until they are asked for. Format: `Elf64_Sym` in elf(5).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import compress

from .elf_file import ElfFile, Section
from .ranges import Ranges
from .raw_bytes import BrokenFile, RawBytes

ENTRY = 24
"""Bytes of one entry."""

CHUNK = 65_536
"""Entries that are sieved and sorted at a time: bounds the memory that loading takes beyond what is kept."""

LONGEST_NAME = 8192
"""Bytes of a name that are read; a longer one is cut."""

_NO_TYPE, _FUNCTION, _INDIRECT = 0, 2, 10
_WEAK, _LOCAL = 2, 0
_MARKS = (b"$x", b"$d")
_SIEVE = bytes(kind & 15 in (_NO_TYPE, _FUNCTION, _INDIRECT) for kind in range(256))


class SymbolTable:
    """Functions of one ELF symbol table.

    `weight` is the number of bytes held.
    """

    def __init__(self, runs: list[Ranges], strings: RawBytes, section: Section, code: list[tuple[int, int]]) -> None:
        self._runs = runs
        self._strings = strings
        self._section = section
        self._code = code
        self._code_starts = [start for start, _ in code]
        self.weight = 512 + sum(run.weight for run in runs)

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def find(self, address: int) -> bytes | None:
        """The name of the function at a virtual address, mangled as it is in the file; None where there is none.

        A symbol without a size (hand-written assembly) reaches to the next symbol, within its section.
        """
        words = self._innermost(address)
        names = [(word, name) for word in words if (name := self._name(word & 0xFFFFFFFF))]
        return max(names, key=_preference)[1] if names else None

    def _innermost(self, address: int) -> list[int]:
        """The words of all symbols that share the innermost range around an address."""
        best, words = -1, list[int]()
        nearest, labels, sized = -1, list[int](), False
        for run in self._runs:
            for start, size, word in run.before(address):
                if start < best:
                    break
                if start > nearest:
                    nearest, labels, sized = start, [], False
                if start == nearest:
                    sized = sized or size > 0
                    labels.append(word)
                if address - start < size:
                    best, words = start, [*words, word] if start == best else [word]
        return words if words or sized or not self._same_section(nearest, address) else labels

    def _same_section(self, start: int, address: int) -> bool:
        index = bisect_right(self._code_starts, address) - 1
        return index >= 0 and self._code[index][0] <= start <= address < self._code[index][1]

    def _name(self, offset: int) -> bytes:
        """The name at an offset of the string table, without a symbol version (`read@@GLIBC_2.2.5`); none of a mark
        that says no more than that code or data begins (ELF for the Arm 64-bit Architecture, "Mapping symbols")."""
        if not 0 < offset < self._section.size:
            return b""
        place, most = self._section.offset + offset, self._section.size - offset
        for size in (128, LONGEST_NAME):
            try:
                data = self._strings.read_up_to(place, min(size, most))
            except BrokenFile:
                return b""
            if b"\0" in data:
                break
        name = data.partition(b"\0")[0].partition(b"@")[0]
        return b"" if name.partition(b".")[0] in _MARKS else name


def read_symbol_table(elf: ElfFile, kind: int, most: int) -> SymbolTable | None:
    """The functions of the table of a kind (SYMBOLS or DYNAMIC_SYMBOLS); None when there is no such table.

    Raises BrokenFile when it is damaged, or when more than `most` bytes would have to be read or kept.
    """
    section = next((section for section in elf.sections if section.kind == kind and section.size), None)
    if section is None:
        return None
    if section.size > most or section.link >= len(elf.sections):
        raise BrokenFile(f"the symbol table has {section.size} bytes, the limit is {most}")
    runs = [run for run in _runs(elf.data, section) if len(run)]
    return SymbolTable(runs, elf.data, elf.sections[section.link], elf.code_ranges())


def _runs(data: RawBytes, section: Section) -> Iterator[Ranges]:
    """The table's functions, a sorted run for each chunk."""
    size = section.size - section.size % ENTRY
    for start in range(0, size, CHUNK * ENTRY):
        chunk = data.read(section.offset + start, min(CHUNK * ENTRY, size - start))
        keep = chunk[4::ENTRY].translate(_SIEVE)
        words = array("Q")
        words.frombytes(chunk)
        yield Ranges(*(array("Q", compress(words[column::3], keep)) for column in (1, 2, 0)))


def _preference(symbol: tuple[int, bytes]) -> tuple[bool, int, bool, bool, int, bytes]:
    """Which of several names of one place is shown, the greatest.

    By the criteria of perf's `choose_best_symbol`, but underscores first: `read`, which is weak, not `__libc_read`.
    """
    word, name = symbol
    kind, binding = word >> 32 & 15, word >> 36 & 15
    underscores = len(name) - len(name.lstrip(b"_"))
    return kind != _NO_TYPE, -underscores, binding != _WEAK, binding != _LOCAL, len(name), name
