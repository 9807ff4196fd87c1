"""Telling the kernel which code lies where: the executable mappings of an address space, for the native walker."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from ..symbols.mappings import AddressSpace, Mapping
from ..unwinding.code import is_generated
from .loader.maps import Map

ABOVE_ALL = (1 << 63) - 1
"""Where unused entries begin: the kernel compares addresses by the sign of their difference."""

MOST_BINARIES = 1 << 20
NOTHING_BYTES = 4096

FileIdentity = tuple[int, int, int, int]
"""(device, inode, size, time of change): what tells a file from another that took its place."""


class Binaries:
    """Numbers for binaries, the same for every process; the kernel's pages of rows go by them. A number is never used
    twice; the oldest are forgotten, and get a new number when they are seen again."""

    def __init__(self) -> None:
        self._numbers: OrderedDict[FileIdentity, int] = OrderedDict()
        self._next = 1

    def number(self, pid: int, mapping: Mapping) -> int:
        """The number of the file behind a mapping; 0 when it cannot be told from others."""
        identity = identify(pid, mapping)
        if identity is None:
            return 0
        number = self._numbers.get(identity)
        if number is None:
            number = self._numbers[identity] = self._next
            self._next = self._next % ((1 << 24) - 1) + 1
            if len(self._numbers) > MOST_BINARIES:
                self._numbers.popitem(last=False)
        return number


def identify(pid: int, mapping: Mapping) -> FileIdentity | None:
    """What tells the file behind a mapping from others; by the mapping's own name, so deleted files count too."""
    if not mapping.has_file:
        return (0, 0, mapping.end - mapping.start, 0) if mapping.path == "[vdso]" else None
    for path in (f"/proc/{pid}/map_files/{mapping.start:x}-{mapping.end:x}", f"/proc/{pid}/root{mapping.path}"):
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            continue
        if found.st_ino == mapping.inode:
            return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    return (mapping.device, mapping.inode, 0, 0)


class MappingWriter:
    """Keeps the kernel's map of mappings in step with what was read of address spaces."""

    def __init__(self, held: Map, types: dict[str, Any], kinds: dict[str, int], sizes: tuple[int, int]) -> None:
        self._map = held
        self._chunk_type = types["mappings"]
        self._key_type = types["mappings.key"]
        self._kinds = kinds
        self._per_chunk, self._most_chunks = sizes
        self.binaries = Binaries()
        self.cut = 0

    def write(self, space_id: int, space: AddressSpace, nothing: Iterable[int] = ()) -> dict[Mapping, int]:
        """Tell the kernel of an address space; gives the binary's number of each mapping of a file.

        `nothing` are addresses at which code ran where none is mapped: the kernel need not ask about them again.
        """
        numbers: dict[Mapping, int] = {}
        # [vsyscall] lies above; the kernel runs what is called there itself.
        below = [mapping for mapping in space.mappings if mapping.end <= ABOVE_ALL]
        entries = [self._entry(space.pid, mapping, numbers) for mapping in below]
        for address in nothing:
            page = address // NOTHING_BYTES * NOTHING_BYTES
            if space.find(page) is None and space.find(page + NOTHING_BYTES - 1) is None:
                entries.append((page, page + NOTHING_BYTES, 0, 0, self._kinds["MAPPING_NOTHING"]))
        entries.sort()
        room = self._per_chunk * self._most_chunks
        self.cut += max(len(entries) - room, 0)
        entries = entries[:room]
        chunks = [entries[at : at + self._per_chunk] for at in range(0, len(entries), self._per_chunk)] or [[]]
        for number, chunk in enumerate(chunks):
            following = chunks[number + 1][0][0] if number + 1 < len(chunks) else ABOVE_ALL
            self._map.update(bytes(self._key_type(space=space_id, chunk=number)), self._pack(chunk, following))
        return numbers

    def _entry(self, pid: int, mapping: Mapping, numbers: dict[Mapping, int]) -> tuple[int, int, int, int, int]:
        if is_generated(mapping):
            return (mapping.start, mapping.end, 0, 0, self._kinds["MAPPING_ANONYMOUS"])
        number = self.binaries.number(pid, mapping)
        if not number:
            return (mapping.start, mapping.end, 0, 0, self._kinds["MAPPING_NOTHING"])
        numbers[mapping] = number
        return (mapping.start, mapping.end, mapping.offset, number, self._kinds["MAPPING_FILE"])

    def _pack(self, entries: list[tuple[int, int, int, int, int]], following: int) -> bytes:
        chunk = self._chunk_type(next_chunk=following)
        for place in range(self._per_chunk):
            entry = chunk.entries[place]
            entry.start = ABOVE_ALL
            if place < len(entries):
                entry.start, entry.end, entry.offset, entry.binary, entry.kind = entries[place]
        return bytes(chunk)
