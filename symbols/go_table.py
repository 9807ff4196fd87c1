"""Names of Go functions from the table that Go's own tracebacks use, which `-ldflags=-s` leaves in the binary.

Format: Go's src/internal/abi/symtab.go and src/runtime/symtab.go, `pcHeader` and `_func`, of Go 1.18 and later.
"""

from __future__ import annotations

import re
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator

from .elf_file import ElfFile, Section
from .raw_bytes import BrokenFile

_HEADER = struct.Struct("<IHBBQQQQQQQQ")
_MAGICS = (0xFFFFFFF0, 0xFFFFFFF1)
_LONGEST_NAME = 4096

_MODULE_DATA = (".go.module", ".noptrdata", ".data", ".data.rel.ro")
_TEXT_IN_MODULE_DATA = 176
"""Where moduledata may be, and its field `text`: after one pointer, six slices and three more pointers."""

_WORDS = 40
"""How many words from there on are looked at."""

_LARGEST_DATA = 32 << 20

_BEGINNING = re.compile(rb"[\xf0\xf1]\xff\xff\xff\0\0\x01\x08")
"""The magic number, the quantum and the size of a pointer: what the table begins with."""

_CHUNK = 1 << 20


class GoTable:
    """Functions of a Go binary; `weight` is the number of bytes held."""

    def __init__(self, elf: ElfFile, section: Section, most: int) -> None:
        self._data = elf.data
        magic, _, quantum, pointer, count, _, text, names, _, _, _, table = _HEADER.unpack(
            elf.data.read(section.offset, _HEADER.size)
        )
        if magic not in _MAGICS or pointer != 8 or quantum != 1 or count * 8 > min(most, section.size):
            raise BrokenFile("the table of Go's functions is of an unknown form")
        self._text = text or start_of_text(elf, section)
        self._names = section.offset + names
        self._table = section.offset + table
        columns = array("I")
        columns.frombytes(elf.data.read(self._table, count * 8 + 4))
        self._starts, self._records = columns[0::2], columns[1::2]
        self.weight = 512 + count * 8

    def __len__(self) -> int:
        return len(self._records)

    def find(self, address: int) -> bytes | None:
        """The name of the function at a virtual address, None where there is none."""
        index = bisect_right(self._starts, address - self._text) - 1
        if not 0 <= index < len(self._records):
            return None
        try:
            record = self._data.read(self._table + self._records[index], 8)
            name = self._data.read_up_to(self._names + int.from_bytes(record[4:], "little", signed=True), _LONGEST_NAME)
        except BrokenFile:
            return None
        return name.partition(b"\0")[0] or None


def read_go_table(elf: ElfFile, most: int) -> GoTable | None:
    """The table of a Go binary, None when there is none. Raises BrokenFile for one that is damaged or too large."""
    section = go_section(elf)
    return GoTable(elf, section, most) if section is not None else None


def go_section(elf: ElfFile) -> Section | None:
    """Where Go's table is, None where there is none. A C linker puts it, without a name, among other constants."""
    named = elf.section(".gopclntab", ".data.rel.ro.gopclntab")
    mixed = elf.section(".data.rel.ro")
    if named is not None or mixed is None or elf.section(".go.buildinfo") is None:
        return named
    for at in range(0, min(mixed.size, _LARGEST_DATA), _CHUNK):
        try:
            found = _BEGINNING.search(elf.data.read_up_to(mixed.offset + at, min(_CHUNK + 8, mixed.size - at)))
        except BrokenFile:
            return None
        if found is not None:
            at += found.start()
            return mixed._replace(address=mixed.address + at, offset=mixed.offset + at, size=mixed.size - at)
    return None


def start_of_text(elf: ElfFile, section: Section) -> int:
    """Where Go's code starts, for those versions whose table (in `section`) does not say so.

    Right at the start of .text, unless a C linker put other code before it: then as `runtime.moduledata` says. Raises
    BrokenFile where it is not to be found.
    """
    text = elf.section(".text")
    if text is not None and elf.section(".init") is None:
        return text.address
    for words in _module_data(elf, section.address):
        if any(begin <= words[0] < end for begin, end in elf.code_ranges()):
            return words[0]
    raise BrokenFile("where Go's code starts is not known: a C linker put other code before it")


def moduledata_words(elf: ElfFile, section: Section) -> Iterator[int]:
    """The words of moduledata from its field `text` on, some of them addresses; `section` has the table."""
    for words in _module_data(elf, section.address):
        yield from words


def _module_data(elf: ElfFile, table: int) -> Iterator[tuple[int, ...]]:
    """What may be the words of moduledata from its field `text` on. Its first field is the address of the table.

    Either all are in the file, or relocations will put them there (.rela.dyn: place, kind, value; in order).
    """
    sought = struct.pack("<Q", table)
    for name in _MODULE_DATA:
        section = elf.section(name)
        data = elf.contents(section, _LARGEST_DATA) if section is not None else b""
        place = data.find(sought)
        while 0 <= place <= len(data) - _TEXT_IN_MODULE_DATA - 8:
            words = data[place + _TEXT_IN_MODULE_DATA : place + _TEXT_IN_MODULE_DATA + 8 * _WORDS]
            yield struct.unpack(f"<{len(words) // 8}Q", words[: len(words) // 8 * 8])
            place = data.find(sought, place + 8)
    relocations = elf.section(".rela.dyn")
    data = elf.contents(relocations, _LARGEST_DATA) if relocations is not None else b""
    place = data.find(sought)
    if place >= 16 and place % 24 == 16:
        module = int.from_bytes(data[place - 16 : place - 8], "little")
        first = data.find(struct.pack("<Q", module + _TEXT_IN_MODULE_DATA))
        if first >= 0 and first % 24 == 0:
            yield tuple(value for (value,) in struct.iter_unpack("<16xQ", data[first : first + 24 * _WORDS]))
