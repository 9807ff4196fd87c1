"""What a process has mapped as code: /proc/PID/maps read into a sorted address space.

Format: `proc_pid_maps(5)` and `show_map_vma` in the kernel's fs/proc/task_mmu.c.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .binaries import Binary

MOST_BYTES = 16 << 20
"""How much of a process's maps is read: some 160,000 mappings; what lies beyond has no mapping."""

_DELETED = " (deleted)"
_EXECUTABLE = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$", re.MULTILINE
)


class Mapping(NamedTuple):
    """One executable mapping: addresses from `start` up to `end` (excluded), `offset` bytes into its file.

    `device` and `inode` are those of the file as maps shows them (0 and 0: no file). `path` is as the process sees
    it, without the mark of a deleted file, or a name in brackets; bytes that are not UTF-8 are kept as surrogates.
    """

    start: int
    end: int
    offset: int
    device: int
    inode: int
    path: str
    deleted: bool

    @property
    def has_file(self) -> bool:
        """Whether a file is behind it, even one that is deleted or lives in memory only; shared memory is none."""
        return self.inode != 0 and not (self.deleted and self.path == "/dev/zero")

    @property
    def in_memory(self) -> bool:
        """Whether its file lives in memory only, as some run-times keep the code that they make."""
        return self.path.startswith("/memfd:")


class AddressSpace:
    """The executable mappings of one process, sorted by address, as they were when read.

    `found` is what the binary cache found behind each mapping (None: nothing that it could read).
    """

    __slots__ = ("_starts", "fingerprint", "found", "mappings", "pid")

    def __init__(self, pid: int, mappings: tuple[Mapping, ...], fingerprint: int = 0) -> None:
        self.pid = pid
        self.mappings = mappings
        self.fingerprint = fingerprint
        self.found: dict[Mapping, Binary | None] = {}
        self._starts = [mapping.start for mapping in mappings]

    def find(self, address: int) -> Mapping | None:
        """The mapping that holds an address, None when no code is mapped there."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.mappings[index].end:
            return None
        return self.mappings[index]


def read_address_space(pid: int, previous: AddressSpace | None = None) -> AddressSpace:
    """The executable mappings of a process now; empty for a kernel thread or a zombie.

    `previous` is what was read of the same process before: it is given back when no code was mapped or unmapped, and
    what was found behind mappings that are still there is kept. Raises ProcessLookupError when there is no such
    process, PermissionError when its maps may not be read.
    """
    text = _read_maps(pid)
    fingerprint = hash(text)
    if previous is not None and previous.pid == pid and previous.fingerprint == fingerprint:
        return previous
    mappings = tuple(sorted(map(_mapping, _EXECUTABLE.finditer(text)), key=lambda mapping: mapping.start))
    if previous is not None and previous.pid == pid and previous.mappings == mappings:
        previous.fingerprint = fingerprint
        return previous
    space = AddressSpace(pid, mappings, fingerprint)
    if previous is not None and previous.pid == pid:
        space.found = {mapping: previous.found[mapping] for mapping in mappings if mapping in previous.found}
    return space


def own_address_space() -> AddressSpace:
    """The executable mappings of this very process."""
    return read_address_space(os.getpid())


def _read_maps(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/maps", "rb", buffering=0) as file:
            parts, size = [], 0
            while size < MOST_BYTES and (part := file.read(1 << 16)):
                parts.append(part)
                size += len(part)
            return b"".join(parts)
    except FileNotFoundError as error:
        raise ProcessLookupError(f"process {pid} is gone") from error


def _mapping(match: re.Match[bytes]) -> Mapping:
    start, end, offset, major, minor, inode, raw_path = match.groups()
    path = os.fsdecode(raw_path).replace("\\012", "\n")
    deleted = path.endswith(_DELETED)
    return Mapping(
        int(start, 16),
        int(end, 16),
        int(offset, 16),
        os.makedev(int(major, 16), int(minor, 16)),
        int(inode),
        path[: -len(_DELETED)] if deleted else path,
        deleted,
    )
