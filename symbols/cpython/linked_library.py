"""Where a program that is linked with libpython has it: its place in the list of what the dynamic linker has loaded.

The list begins at the `DT_DEBUG` entry of the program's dynamic section, for debuggers (`struct r_debug` and `struct
link_map` of link.h); a program has its libraries in the same order each time it runs.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from ..elf_file import ElfFile
from ..raw_bytes import BrokenFile
from .memory import Memory, read_word

DEBUG = 21
"""DT_DEBUG of elf.h."""

MOST_PLACES = 16
"""How far a library is looked for: as far as the kernel's walker looks."""

LARGEST = 1 << 16
_MAP, _BASE, _NEXT = 8, 0, 24


class Link(NamedTuple):
    """`list` is where the program refers to the list, in bytes from where its code begins; `place` counts from 0, the
    program itself."""

    list: int
    place: int


def find_link(program: ElfFile, code_start: int, memory: Memory, library: int) -> Link | None:
    """Where a running program, whose code begins at `code_start`, has the library that is loaded at the base address
    `library`; None when it cannot be told."""
    lowest = min((part.address for part in program.segments if part.executable), default=0)
    entry = _debug_entry(program)
    if entry is None:
        return None
    loaded = read_word(memory, read_word(memory, code_start - lowest + entry) + _MAP)
    for place in range(MOST_PLACES):
        if not loaded:
            return None
        if read_word(memory, loaded + _BASE) == library:
            return Link(entry - lowest, place)
        loaded = read_word(memory, loaded + _NEXT)
    return None


def _debug_entry(program: ElfFile) -> int | None:
    """The address of the reference to the list."""
    section = program.section(".dynamic")
    try:
        data = program.contents(section, LARGEST) if section is not None else b""
    except BrokenFile:
        return None
    for index, (tag, _) in enumerate(struct.iter_unpack("<QQ", data[: len(data) // 16 * 16])):
        if tag == DEBUG and section is not None:
            return section.address + 16 * index + 8
    return None
