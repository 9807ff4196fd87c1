"""Where an ELF file keeps its call frame information: .eh_frame with its index, or .debug_frame.

Formats: Linux Standard Base Core, ".eh_frame_hdr"; System V gABI, "Section Compression".
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter

from ..symbols.elf_file import SECTION_COMPRESSED, ElfFile, Section
from ..symbols.raw_bytes import BrokenFile, MemoryBytes
from .cfi_source import CfiSource
from .encoding import OMITTED, pointer
from .frame_records import FrameRecords, FrameSection
from .listed_functions import ListedFunctions
from .sorted_pairs import SortedPairs

LARGEST_DEBUG_FRAME = 64 << 20
"""Bytes of a .debug_frame that are held decompressed."""

MOST_IN_INDEX = 1 << 22

_COMPRESSION = struct.Struct("<IIQQ")
_ZLIB = 1
_TABLE_FORMS = {0x3B: "i", 0x33: "I", 0x3C: "q", 0x34: "Q", 0x03: "I", 0x04: "Q", 0x0C: "q"}
"""Encodings of the index's table (DW_EH_PE_*): relative to the index itself, or absolute, of 4 or 8 bytes."""


def eh_frame(elf: ElfFile, counters: Counter[str]) -> CfiSource | None:
    """.eh_frame through its index where there is one that can be used, else through a list made now; None without.

    Raises BrokenFile where it cannot be read.
    """
    try:
        source = _indexed(elf, counters)
    except BrokenFile:
        counters["cfi_broken"] += 1
        source = None
    section = elf.section(".eh_frame")
    if source is not None or section is None:
        return source
    records = FrameRecords(FrameSection(elf.data, section.offset, section.size, section.address))
    return CfiSource(records, ListedFunctions(records), 0, counters)


def _indexed(elf: ElfFile, counters: Counter[str]) -> CfiSource | None:
    place = elf.unwind_index
    offset = elf.offset_of(place) if place is not None else None
    if place is None or offset is None:
        return None
    head = elf.data.read_up_to(offset, 32)
    if len(head) < 4 or head[0] != 1 or OMITTED in head[1:4] or head[3] not in _TABLE_FORMS:
        return None

    def read_address(address: int) -> int:
        where = elf.offset_of(address)
        if where is None:
            raise BrokenFile("a pointer to nowhere")
        return int.from_bytes(elf.data.read(where, 8), "little")

    frames, after = pointer(head, 4, head[1], place, place, read_address)
    count, after = pointer(head, after, head[2], place, place)
    section = _around(elf, frames)
    if section is None or not 0 < count <= MOST_IN_INDEX:
        return None
    records = FrameRecords(section._replace(base=place))
    base = place if head[3] & 0x70 else 0
    pairs = SortedPairs(elf.data, offset + after, count, _TABLE_FORMS[head[3]], base)
    return CfiSource(records, pairs, section.address, counters)


def _around(elf: ElfFile, frames: int) -> FrameSection | None:
    """.eh_frame: as its header says, else from its address to the end of its segment."""
    section = elf.section(".eh_frame")
    if section is not None and section.address == frames:
        return FrameSection(elf.data, section.offset, section.size, frames)
    for segment in elf.segments:
        within = frames - segment.address
        if 0 <= within < segment.file_size:
            return FrameSection(elf.data, segment.offset + within, segment.file_size - within, frames)
    return None


def debug_frame(elf: ElfFile, counters: Counter[str]) -> CfiSource | None:
    """.debug_frame through a list made now; None without. Raises BrokenFile where it cannot be read."""
    section = elf.section(".debug_frame")
    if section is None or not section.size:
        return None
    place = FrameSection(elf.data, section.offset, section.size, 0, debug=True)
    if section.flags & SECTION_COMPRESSED:
        data = _decompressed(elf, section)
        place = FrameSection(MemoryBytes(data), 0, len(data), 0, debug=True)
    records = FrameRecords(place)
    return CfiSource(records, ListedFunctions(records), 0, counters)


def _decompressed(elf: ElfFile, section: Section) -> bytes:
    data = elf.contents(section, LARGEST_DEBUG_FRAME)
    if len(data) < _COMPRESSION.size or _COMPRESSION.unpack_from(data)[0] != _ZLIB:
        raise BrokenFile("compressed in an unknown way")
    try:
        return zlib.decompressobj().decompress(data[_COMPRESSION.size :], LARGEST_DEBUG_FRAME)
    except zlib.error as error:
        raise BrokenFile(str(error)) from error
