"""What Go's tables say of an instruction: its function, those inlined into it, files and lines, stripped or not.

Formats: `_func`, `pcdatavalue1`, `funcdata`, `funcfile` and `inlinedCall` of Go's src/runtime (runtime2.go, symtab.go,
symtabinl.go), of Go 1.20 and later; before, inlined functions had another form, and only the outer one is told.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..profiles.locations import Line
from .elf_file import ElfFile, Section
from .go_table import go_section, moduledata_words, start_of_text
from .raw_bytes import BrokenFile, RawBytes

MOST_TABLES = 32
MOST_STEPS = 1 << 16
LONGEST_TABLE = 1 << 18
DEEPEST = 64
_LONGEST_NAME = 4096
"""Bounds: binaries whose tables are kept; steps and bytes of a function's table, functions inlined into each other;
bytes of a name."""

if TYPE_CHECKING:
    from .binaries import Binary

_HEADER = struct.Struct("<IHBBQQQQQQQQ")
_FUNCTION = struct.Struct("<IiiIIIIIIiBBBB")
_INLINED = struct.Struct("<B3xiii")
_MAGIC = 0xFFFFFFF1
_INLINE_INDEX, _INLINE_TREE = 2, 3
"""PCDATA_InlTreeIndex and FUNCDATA_InlTree: internal/abi/symtab.go."""

_NONE = 0xFFFFFFFF
_TRIED = 400
"""Functions with inlined ones by which it is tried where the trees begin."""


class GoLines:
    """Functions with files and lines of a Go binary. Raises BrokenFile for tables of another form.

    `weight` is the number of bytes held.
    """

    def __init__(self, elf: ElfFile, section: Section, most: int) -> None:
        self._data = elf.data
        self._elf = elf
        magic, _, quantum, pointer, count, _, text, names, units, files, steps, functions = _HEADER.unpack(
            elf.data.read(section.offset, _HEADER.size)
        )
        if magic != _MAGIC or pointer != 8 or quantum != 1 or count * 8 > min(most, section.size):
            raise BrokenFile("the table of Go's functions is of an unknown form")
        self._text = text or start_of_text(elf, section)
        self._names, self._units, self._files, self._steps, self._functions = (
            section.offset + part for part in (names, units, files, steps, functions)
        )
        columns = array("I")
        columns.frombytes(elf.data.read(self._functions, count * 8 + 4))
        self._starts, self._records = columns[0::2], columns[1::2]
        self.weight = 512 + count * 8
        self._trees = self._find_trees(section)

    def __len__(self) -> int:
        return len(self._records)

    def find(self, address: int) -> tuple[Line, ...]:
        """The functions at a virtual address, those inlined first; empty outside of Go's code."""
        index = bisect_right(self._starts, address - self._text) - 1
        if not 0 <= index < len(self._records):
            return ()
        try:
            return tuple(self._lines(_Function(self._data, self._functions + self._records[index]), address))
        except BrokenFile:
            return ()

    def _lines(self, function: _Function, address: int) -> Iterator[Line]:
        """From the innermost on. `address` becomes that of the call when one inlined function is done with."""
        pc = address - self._text - function.start
        tree = function.data(_INLINE_TREE) if self._trees is not None else None
        for _ in range(DEEPEST if tree is not None else 0):
            index = self._value(function.table(_INLINE_INDEX), pc)
            if index is None or index < 0:
                break
            _, name, parent, start_line = _INLINED.unpack(
                self._data.read((self._trees or 0) + (tree or 0) + index * _INLINED.size, _INLINED.size)
            )
            yield Line(self._name(name), self._file(function, pc), self._line(function, pc), max(start_line, 0))
            if not 0 <= parent < 1 << 31:
                break
            pc = parent
        name = self._name(function.name)
        yield Line(name, self._file(function, pc), self._line(function, pc), max(function.start_line, 0))

    def _line(self, function: _Function, pc: int) -> int:
        return max(self._value(function.lines, pc) or 0, 0)

    def _file(self, function: _Function, pc: int) -> str:
        number = self._value(function.files, pc)
        if number is None or number < 0 or function.unit == _NONE:
            return ""
        try:
            offset = self._data.read(self._units + 4 * (function.unit + number), 4)
            place = int.from_bytes(offset, "little")
            return "" if place == _NONE else self._text_at(self._files + place)
        except BrokenFile:
            return ""

    def _name(self, offset: int) -> str:
        return readable_go_name(self._text_at(self._names + offset))

    def _text_at(self, place: int) -> str:
        text = self._data.read_up_to(place, 256)
        if b"\0" not in text:
            text = self._data.read_up_to(place, _LONGEST_NAME)
        return text.partition(b"\0")[0].decode("utf-8", "replace")

    def _value(self, table: int, pc: int) -> int | None:
        """The value in force at a place of a function, in bytes from its start; None where the table says nothing."""
        if not table:
            return None
        for size in (512, LONGEST_TABLE):
            steps = self._data.read_up_to(self._steps + table, size)
            try:
                return _value_at(steps, pc)
            except IndexError:
                continue
        return None

    def _find_trees(self, section: Section) -> int | None:
        """Where in the file the trees of inlined functions are counted from; None where that cannot be told.

        It is a field of moduledata whose place changes with Go's versions: the one with which the trees make sense.
        """
        samples = list(self._functions_with_trees())
        if not samples:
            return None
        for address in dict.fromkeys(moduledata_words(self._elf, section)):
            offset = self._elf.offset_of(address)
            if offset is not None and all(self._makes_sense(offset + tree, size) for tree, size in samples):
                return offset
        return None

    def _functions_with_trees(self) -> Iterator[tuple[int, int]]:
        """Where the trees of some functions are, and how large these functions are."""
        found = 0
        for index in range(min(len(self._records) - 1, 4 * _TRIED)):
            function = _Function(self._data, self._functions + self._records[index])
            tree = function.data(_INLINE_TREE)
            if tree is not None:
                yield tree, self._starts[index + 1] - self._starts[index]
                found += 1
                if found == _TRIED:
                    return

    def _makes_sense(self, place: int, size: int) -> bool:
        try:
            kind, name, parent, start_line = _INLINED.unpack(self._data.read(place, _INLINED.size))
            return (
                kind < 64
                and 0 <= parent < size
                and 0 <= start_line < 1 << 24
                and 0 <= name < self._units - self._names
                and (not name or self._data.read(self._names + name - 1, 1) == b"\0")
            )
        except BrokenFile:
            return False


class GoBinaries:
    """The tables of Go binaries, the least recently used going first. `counters` gets `tables_loaded` and
    `tables_refused`: of another form, damaged, or of more than `most` bytes."""

    def __init__(self, most: int, counters: Counter[str]) -> None:
        self._most = most
        self._counters = counters
        self._tables: OrderedDict[tuple[str, int], tuple[Binary, GoLines | None]] = OrderedDict()

    def find(self, binary: Binary, offset: int) -> tuple[Line, ...]:
        """The functions at a file offset, those inlined first; empty where Go's table knows of none."""
        held = self._tables.get(binary.key)
        if held is None or held[0].file.closed:
            held = self._tables[binary.key] = (binary, self._read(binary))
            if len(self._tables) > MOST_TABLES:
                self._tables.popitem(last=False)
        self._tables.move_to_end(binary.key)
        address = binary.elf.address_of(offset)
        return () if held[1] is None or address is None else held[1].find(address)

    def reads(self, binary: Binary) -> bool:
        """Whether a binary's table was read, so that what is not in it is no code of Go's."""
        held = self._tables.get(binary.key)
        return held is not None and held[1] is not None

    def _read(self, binary: Binary) -> GoLines | None:
        section = go_section(binary.elf)
        if section is None:
            return None
        try:
            lines = GoLines(binary.elf, section, self._most)
        except (BrokenFile, OSError, MemoryError, OverflowError, ValueError, struct.error):
            self._counters["tables_refused"] += 1
            return None
        self._counters["tables_loaded"] += 1
        return lines


class _Function:
    """One `_func` and the tables behind it."""

    __slots__ = ("_data", "_tables", "files", "lines", "name", "start", "start_line", "unit")

    def __init__(self, data: RawBytes, place: int) -> None:
        record = _FUNCTION.unpack(data.read(place, _FUNCTION.size))
        self.start, self.name, self.unit, self.start_line = record[0], record[1], record[8], record[9]
        self.files, self.lines = record[5], record[6]
        tables, more = record[7], record[13]
        if tables > 64 or more > 64:
            raise BrokenFile("a Go function has too many tables")
        words = struct.unpack(f"<{tables + more}I", data.read(place + _FUNCTION.size, 4 * (tables + more)))
        self._tables, self._data = words[:tables], words[tables:]

    def table(self, index: int) -> int:
        """Where a table of values by place is, from the start of all; 0: there is none."""
        return self._tables[index] if index < len(self._tables) else 0

    def data(self, index: int) -> int | None:
        """Where a piece of its data is, from the start of all."""
        offset = self._data[index] if index < len(self._data) else _NONE
        return None if offset == _NONE else offset


def readable_go_name(name: str) -> str:
    """A name as it is written in Go, and in its tracebacks: `gopkg.in/yaml%2ev3.Unmarshal` is
    `gopkg.in/yaml.v3.Unmarshal`, and a generic function `slices.Sort[...]` (`funcNameForPrint` in Go's runtime)."""
    first, last = name.find("["), name.rfind("]")
    if 0 <= first < last:
        name = f"{name[:first]}[...]{name[last + 1 :]}"
    return name.replace("%2e", ".").replace("%22", '"').replace("\u00b7", ".").removesuffix(".abi0")


def _value_at(steps: bytes, pc: int) -> int | None:
    """Decodes pairs of a change of the value and the bytes of code it holds for. Raises IndexError at the end."""
    place, value, end = 0, -1, 0
    for number in range(MOST_STEPS):
        change, place = _varint(steps, place)
        if change == 0 and number:
            return None
        length, place = _varint(steps, place)
        value += -(change >> 1) - 1 if change & 1 else change >> 1
        end += length
        if pc < end:
            return value
    return None


def _varint(data: bytes, place: int) -> tuple[int, int]:
    byte = data[place]
    if byte < 0x80:
        return byte, place + 1
    value, shift = byte & 0x7F, 7
    while True:
        place += 1
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80 or shift > 28:
            return value, place + 1
        shift += 7
