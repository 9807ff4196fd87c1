"""What a file says of the CPython interpreter in it: version, layout, and where its parts are. Read once a file."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..binaries import Binary
from ..elf_file import ElfFile
from ..named_symbols import NamedSymbol, find_symbols
from ..raw_bytes import BrokenFile
from .debug_offsets import FIRST, MOST_BYTES, NotDescribed, from_debug_offsets
from .eval_ranges import FileRange, find_cold_parts
from .layouts import OLDEST, Layout, Version, layout_of

MOST_CONSTANTS = 32 << 20
"""Bytes of constants that are searched for a version."""

_SECTION = ".PyRuntime"
_LOOP, _TAIL_CALLS = b"_PyEval_EvalFrameDefault", b"_TAIL_CALL_"
_NAMES = (b"_PyRuntime", b"Py_Version", b"PyCode_Type", _LOOP)
_VERSION_TEXT = re.compile(rb"3\.(\d{1,2})\.\d{1,2}(?:(?:a|b|rc)\d{1,2})?\+?\0")
_FOLDER_TEXT = re.compile(rb"python3\.(\d{1,2})(?![\d.])")
_VERSION_IN_NAME = re.compile(r"python(\d)\.?(\d{1,2})?")
_EARLIEST_MINOR = 5


class InterpreterFile(NamedTuple):
    """An interpreter in a file; addresses are virtual ones of the file.

    `code_type` is that of `PyCode_Type`, 0 when the file does not tell; `code_start` is the lowest of code, by which
    the kernel knows where a program lies; `loop_ranges` are the (start, end) offsets in the file of the evaluation
    loop, including the parts that the compiler put elsewhere.
    """

    layout: Layout
    runtime: int
    code_type: int
    code_start: int
    loop_ranges: tuple[FileRange, ...]


class Unusable(NamedTuple):
    """A CPython that cannot be read, and why, in words for a person."""

    reason: str


def holds_python(elf: ElfFile) -> bool:
    """Whether there is a CPython in a file, by its sections and the names that it exports. Cheap."""
    if elf.section(_SECTION) is not None:
        return True
    strings = next((part for part in elf.sections if part.name == ".dynstr"), None)
    try:
        return strings is not None and b"\0_PyRuntime\0" in elf.contents(strings, 1 << 20)
    except BrokenFile:
        return False


def read_interpreter(binary: Binary) -> InterpreterFile | Unusable | None:
    """The interpreter in a file, None when there is none."""
    elf = binary.elf
    symbols = find_symbols(elf, _NAMES, (_LOOP + b".", _TAIL_CALLS))
    runtime = _address(symbols, b"_PyRuntime")
    if not runtime and (section := elf.section(_SECTION)) is not None:
        runtime = section.address
    version = _version(elf, symbols, binary.path)
    code_type = _address(symbols, b"PyCode_Type")
    if version is not None and version < OLDEST and (runtime or code_type):
        oldest = f"{OLDEST[0]}.{OLDEST[1]}"
        return Unusable(f"Python {version[0]}.{version[1]} is older than {oldest}, the oldest whose stacks can be read")
    if not runtime:
        return None
    if version is None:
        return Unusable("the version of its Python cannot be told")
    layout = _layout(elf, runtime, version)
    if isinstance(layout, Unusable):
        return layout
    code_start = min((part.address for part in elf.segments if part.executable), default=0)
    return InterpreterFile(layout, runtime, code_type, code_start, _loop_ranges(elf, symbols))


def _address(symbols: list[NamedSymbol], name: bytes) -> int:
    return next((symbol.address for symbol in symbols if symbol.name == name), 0)


def _at(elf: ElfFile, address: int, size: int) -> bytes:
    """What the file holds for an address, empty where it holds nothing."""
    offset = elf.offset_of(address)
    try:
        return elf.data.read_up_to(offset, size) if offset is not None else b""
    except BrokenFile:
        return b""


def _layout(elf: ElfFile, runtime: int, version: Version) -> Layout | Unusable:
    if version >= FIRST:
        try:
            return from_debug_offsets(_at(elf, runtime, MOST_BYTES))
        except NotDescribed as error:
            return Unusable(str(error))
    return layout_of(version) or Unusable(f"Python {version[0]}.{version[1]} is not known")


def _version(elf: ElfFile, symbols: list[NamedSymbol], path: str) -> Version | None:
    """By the constant that says it (3.11 and later), else by the only version among the constants, or in the name."""
    number = int.from_bytes(_at(elf, _address(symbols, b"Py_Version"), 8), "little")
    if number >> 24 == 3:
        return 3, number >> 16 & 0xFF
    minors = _minors(elf)
    in_name = _VERSION_IN_NAME.search(path.rpartition("/")[2])
    if in_name and in_name[1] == "2":
        return 2, int(in_name[2] or 7)
    if len(minors) != 1 and in_name and in_name[2]:
        return int(in_name[1]), int(in_name[2])
    return (3, minors.pop()) if len(minors) == 1 else None


def _minors(elf: ElfFile) -> set[int]:
    section = elf.section(".rodata")
    if section is None:
        return set()
    try:
        text = elf.contents(section, MOST_CONSTANTS)
    except BrokenFile:
        return set()
    folders = {int(match[1]) for match in _FOLDER_TEXT.finditer(text)}
    versions = {
        int(match[1]) for match in _VERSION_TEXT.finditer(text) if text[match.start() - 1] not in b"0123456789."
    }
    return {minor for minor in folders | versions if minor >= _EARLIEST_MINOR}


def _loop_ranges(elf: ElfFile, symbols: list[NamedSymbol]) -> tuple[FileRange, ...]:
    """The file ranges of the evaluation loop; where no symbol names its cold part, as far as its jumps tell."""
    parts = [symbol for symbol in symbols if symbol.size and symbol.name.startswith((_LOOP, _TAIL_CALLS))]
    ranges = {(symbol.address, symbol.address + symbol.size) for symbol in parts}
    main = next((symbol for symbol in parts if symbol.name == _LOOP), None)
    if main is not None and len(ranges) == 1:
        ranges |= set(find_cold_parts(elf, main.address, main.address + main.size))
    offsets = ((elf.offset_of(start), end - start) for start, end in ranges)
    return tuple(sorted((offset, offset + size) for offset, size in offsets if offset is not None))
