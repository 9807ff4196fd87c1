"""Finding the few symbols of a file whose names one knows, without sorting all others: by a search of the strings."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from .elf_file import DYNAMIC_SYMBOLS, SYMBOLS, ElfFile
from .raw_bytes import BrokenFile
from .symbol_table import ENTRY, LONGEST_NAME

MOST_BYTES = 32 << 20
"""Bytes of one table, or of its strings, that are searched; a larger one is as if it were not there."""

MOST_FOUND = 4096
"""Strings that are looked up: a bound on hostile files."""


class NamedSymbol(NamedTuple):
    """A symbol that is defined in its file: a virtual address and a size in bytes."""

    name: bytes
    address: int
    size: int


def find_symbols(elf: ElfFile, names: Sequence[bytes], prefixes: Sequence[bytes] = ()) -> list[NamedSymbol]:
    """The symbols of both tables that have one of the names, or a name that begins with one of the prefixes."""
    found: dict[NamedSymbol, None] = {}
    for section in elf.sections:
        if section.kind in (SYMBOLS, DYNAMIC_SYMBOLS) and section.link < len(elf.sections):
            try:
                strings = elf.contents(elf.sections[section.link], MOST_BYTES)
                places = list(islice(_places(strings, names, prefixes), MOST_FOUND))
                found.update(dict.fromkeys(_named(elf.contents(section, MOST_BYTES), dict(places)) if places else ()))
            except BrokenFile:
                continue
    return list(found)


def _places(strings: bytes, names: Sequence[bytes], prefixes: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Where in the table of strings the names are; a name may be the end of a longer one."""
    for wanted in (*(name + b"\0" for name in names), *prefixes):
        place = -1
        while (place := strings.find(wanted, place + 1)) >= 0:
            end = strings.find(b"\0", place, place + LONGEST_NAME)
            if end >= 0:
                yield place, strings[place:end]


def _named(entries: bytes, names: dict[int, bytes]) -> Iterator[NamedSymbol]:
    """The entries with names at these places, without those that are defined elsewhere."""
    columns = array("Q", entries[: len(entries) - len(entries) % ENTRY])
    name_column = array("I", columns[0::3].tobytes())[0::2]
    for place, name in names.items():
        index = -1
        while (index := _next(name_column, place, index + 1)) >= 0:
            if columns[3 * index] >> 48:
                yield NamedSymbol(name, columns[3 * index + 1], columns[3 * index + 2])


def _next(column: array[int], value: int, start: int) -> int:
    """The index of a value from `start` on, -1 where there is none."""
    try:
        return column.index(value, start)
    except ValueError:
        return -1
