"""The headers of an ELF file: segments, sections, build-id.

Read with `struct` and not with pyelftools, since this runs in the collector for each binary of the host: 0.2 ms a file
against 2 to 20, and no 25 ms and 4.5 MB for the import. Format: elf(5) and the System V gABI.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .raw_bytes import BrokenFile, RawBytes

MOST_SECTIONS = 4096
MOST_SEGMENTS = 512
MOST_NOTES = 1 << 16
"""Bounds on what headers may claim; real files stay far below. The last is in bytes."""

LOAD, NOTE, UNWIND_INDEX = 1, 4, 0x6474E550
EXECUTE = 1
SYMBOLS, NO_BITS, DYNAMIC_SYMBOLS = 2, 8, 11
SECTION_EXECUTE, SECTION_COMPRESSED = 4, 0x800
"""The numbers of elf.h (PT_*, PF_X, SHT_*, SHF_*) that are used here."""

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_NOTE = struct.Struct("<III")


class Segment(NamedTuple):
    """A part of the file that is mapped at `address`; offsets and sizes in bytes."""

    offset: int
    address: int
    file_size: int
    executable: bool
    memory_size: int = 0


class Section(NamedTuple):
    """A section: `kind` and `flags` as in elf.h (SHT_*, SHF_*), `link` the index of the section it refers to."""

    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


class ElfFile:
    """Headers of a 64-bit little-endian ELF file.

    `segments` are those that are loaded; `build_id` is in hex, empty when there is none; `unwind_index` is the address
    of .eh_frame_hdr, `machine` its processor (EM_*). Sections that cannot be read are as if there were none. Raises
    BrokenFile when it is no such file or its headers are damaged.
    """

    def __init__(self, data: RawBytes) -> None:
        self.data = data
        header = _HEADER.unpack(data.read(0, _HEADER.size))
        if header[0][:6] != b"\x7fELF\x02\x01":
            raise BrokenFile("not a 64-bit little-endian ELF file")
        self.segments: list[Segment] = []
        self.build_id = ""
        self.unwind_index: int | None = None
        self.machine: int = header[2]
        self._read_segments(header[5], header[9], header[10])
        try:
            self.sections = self._read_sections(header[6], header[11], header[12], header[13])
        except BrokenFile:
            self.sections = []
        if not self.build_id and (note := self.section(".note.gnu.build-id")) is not None:
            self.build_id = self._build_id(note.offset, note.size)

    def section(self, *names: str) -> Section | None:
        """The first section that has one of the names and is in the file."""
        return next((section for section in self.sections if section.name in names and section.kind != NO_BITS), None)

    def contents(self, section: Section, most: int) -> bytes:
        """A section's bytes. Raises BrokenFile when they are not there or more than `most`."""
        if section.size > most:
            raise BrokenFile(f"{section.name} has {section.size} bytes, the limit is {most}")
        return self.data.read(section.offset, section.size)

    def address_of(self, offset: int) -> int | None:
        """The virtual address at which a byte of the file is loaded (code wins over data); None when it is not."""
        found = None
        for segment in self.segments:
            if segment.offset <= offset < segment.offset + segment.file_size:
                if segment.executable:
                    return offset - segment.offset + segment.address
                found = offset - segment.offset + segment.address
        return found

    def offset_of(self, address: int) -> int | None:
        """Where in the file the byte is that is loaded at a virtual address; None when none is."""
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.file_size:
                return address - segment.address + segment.offset
        return None

    def code_ranges(self) -> list[tuple[int, int]]:
        """Where code is, as sorted half-open ranges of virtual addresses: by section, else by segment."""
        ranges = [(part.address, part.address + part.size) for part in self.sections if part.flags & SECTION_EXECUTE]
        if not ranges:
            ranges = [(part.address, part.address + part.file_size) for part in self.segments if part.executable]
        return sorted(ranges)

    def _read_segments(self, offset: int, entry_size: int, count: int) -> None:
        if count > MOST_SEGMENTS or (count and entry_size != _SEGMENT.size):
            raise BrokenFile("its program headers make no sense")
        for kind, flags, start, address, _, size, memory, _ in _SEGMENT.iter_unpack(
            self._table(offset, entry_size * count)
        ):
            if kind == LOAD:
                self.segments.append(Segment(start, address, size, bool(flags & EXECUTE), memory))
            elif kind == NOTE and not self.build_id:
                self.build_id = self._build_id(start, size)
            elif kind == UNWIND_INDEX:
                self.unwind_index = address

    def _table(self, offset: int, size: int) -> bytes:
        return self.data.read(offset, size) if size else b""

    def _build_id(self, offset: int, size: int) -> str:
        try:
            notes = self.data.read_up_to(offset, min(size, MOST_NOTES))
        except BrokenFile:
            return ""
        return find_build_id(notes)

    def _read_sections(self, offset: int, entry_size: int, count: int, names_index: int) -> list[Section]:
        if not count or count > MOST_SECTIONS or entry_size != _SECTION.size or names_index >= count:
            return []
        entries = list(_SECTION.iter_unpack(self.data.read(offset, entry_size * count)))
        names = self.data.read(entries[names_index][4], min(entries[names_index][5], MOST_SECTIONS * 64))
        return [
            Section(_name_in(names, name), kind, flags, address, start, size, link)
            for name, kind, flags, address, start, size, link, _, _, _ in entries
        ]


def _name_in(names: bytes, place: int) -> str:
    return names[place : names.find(b"\0", place)].decode("latin-1") if place < len(names) else ""


def find_build_id(notes: bytes) -> str:
    """The GNU build-id (note type 3) among notes, in hex; empty when there is none."""
    place = 0
    while place + _NOTE.size <= len(notes):
        name_size, size, kind = _NOTE.unpack_from(notes, place)
        start = place + _NOTE.size + (name_size + 3 & ~3)
        if kind == 3 and notes[place + _NOTE.size : place + _NOTE.size + 4] == b"GNU\0" and 0 < size <= 64:
            return notes[start : start + size].hex()
        place = start + (size + 3 & ~3)
    return ""
