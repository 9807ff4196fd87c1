"""The files that code comes from: opened through the process that maps them, and shared between processes."""

from __future__ import annotations

import os
from collections import Counter, OrderedDict

from ..profiles.vocabulary import Language
from .elf_file import ElfFile
from .mappings import AddressSpace, Mapping
from .raw_bytes import BrokenFile, FileBytes, RawBytes, open_regular

MOST_OPEN = 256
"""Files held open at once; the one not used for longest is closed, and opened anew when it is needed again."""

MOST_REMEMBERED = 4096
"""Files of which is remembered that they cannot be read."""

_GO_SECTIONS = (".go.buildinfo", ".gopclntab", ".data.rel.ro.gopclntab")

Identity = tuple[int, int, int, int]
"""Device, inode, size and time of last change of a file: equal for the same file with the same contents."""


class Binary:
    """An ELF file. `build_id` is its GNU build-id in hex, or what stands for it (see `content_id`).

    `path` is as the first process that was seen with it sees it. Raises BrokenFile when it is no ELF file.
    """

    __slots__ = ("build_id", "elf", "file", "identity", "language", "path")

    def __init__(self, path: str, identity: Identity, file: FileBytes) -> None:
        self.path = path
        self.identity = identity
        self.file = file
        self.elf = ElfFile(file)
        self.build_id = self.elf.build_id or content_id(file)
        self.language = Language.GO if self.elf.section(*_GO_SECTIONS) is not None else Language.NATIVE

    @property
    def key(self) -> tuple[str, int]:
        """What its names are shared by: copies in several containers have the same build-id and size."""
        return self.build_id, self.file.size


class BinaryCache:
    """Binaries that are open now, least recently used first out.

    `counters` gets `binaries_opened`, `binaries_refused` (what is no ELF file, or a damaged one), `binaries_gone` (not
    to be opened any more, or not permitted) and `binaries_closed` (for the sake of the bound).
    """

    def __init__(self, counters: Counter[str], most_open: int = MOST_OPEN) -> None:
        self._counters = counters
        self._most_open = most_open
        self._open: OrderedDict[Identity, Binary] = OrderedDict()
        self._by_build_id: dict[str, Binary] = {}
        self._by_inode: dict[tuple[int, int], Binary] = {}
        self._refused: OrderedDict[Identity, None] = OrderedDict()

    def behind(self, space: AddressSpace, mapping: Mapping) -> Binary | None:
        """The binary behind a mapping; None when there is no file, it is no ELF file, or it cannot be had any more."""
        binary = space.found.get(mapping)
        if binary is None:
            if mapping in space.found:
                return None
        elif not binary.file.closed:
            self._open.move_to_end(binary.identity)
            return binary
        binary = space.found[mapping] = self._find(space.pid, mapping)
        return binary

    def with_build_id(self, build_id: str) -> Binary | None:
        """An open binary with a build-id."""
        binary = self._by_build_id.get(build_id)
        if binary is not None:
            self._open.move_to_end(binary.identity)
        return binary

    def at_path(self, path: str) -> Binary | None:
        """The binary at a path of this machine."""
        try:
            return self._enter(path, open_regular(path))
        except (OSError, ValueError):
            self._counters["binaries_gone"] += 1
            return None

    def _find(self, pid: int, mapping: Mapping) -> Binary | None:
        if not mapping.has_file:
            return None
        descriptor = open_mapped(pid, mapping)
        if descriptor is not None:
            binary = self._enter(mapping.path, descriptor)
            if binary is not None:
                self._by_inode[mapping.device, mapping.inode] = binary
            return binary
        known = self._by_inode.get((mapping.device, mapping.inode))
        if known is None or known.file.closed:
            self._counters["binaries_gone"] += 1
            return None
        return known

    def _enter(self, path: str, descriptor: int) -> Binary | None:
        """The binary behind a descriptor, which it takes over."""
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        file = FileBytes(descriptor)
        if identity in self._refused:
            return None
        if identity in self._open:
            self._open.move_to_end(identity)
            return self._open[identity]
        try:
            binary = Binary(path, identity, file)
        except (BrokenFile, OSError):
            self._refuse(identity)
            return None
        self._counters["binaries_opened"] += 1
        self._open[identity] = self._by_build_id[binary.build_id] = binary
        if len(self._open) > self._most_open:
            self._close_oldest()
        return binary

    def _refuse(self, identity: Identity) -> None:
        self._counters["binaries_refused"] += 1
        self._refused[identity] = None
        if len(self._refused) > MOST_REMEMBERED:
            self._refused.popitem(last=False)

    def _close_oldest(self) -> None:
        _, binary = self._open.popitem(last=False)
        binary.file.close()
        self._counters["binaries_closed"] += 1
        if self._by_build_id.get(binary.build_id) is binary:
            del self._by_build_id[binary.build_id]
        for inode in [inode for inode, known in self._by_inode.items() if known is binary]:
            del self._by_inode[inode]


def open_mapped(pid: int, mapping: Mapping) -> int | None:
    """A descriptor of the file behind a mapping, None when it cannot be had.

    In turn: the mapping's own link, which also opens what is deleted or in another mount namespace; the path within
    the process's root; the same path on this machine, for a process that is gone. Except through the link, the inode
    has to agree.
    """
    try:
        return open_regular(f"/proc/{pid}/map_files/{mapping.start:x}-{mapping.end:x}")
    except OSError:
        pass
    if mapping.deleted or not mapping.path.startswith("/"):
        return None
    for path, device in ((f"/proc/{pid}/root{mapping.path}", None), (mapping.path, mapping.device)):
        try:
            descriptor = open_regular(path)
        except (OSError, ValueError):
            continue
        status = os.fstat(descriptor)
        if status.st_ino == mapping.inode and device in (None, status.st_dev):
            return descriptor
        os.close(descriptor)
    return None


def content_id(data: RawBytes) -> str:
    """What stands for a build-id where a file has none (Go's linker used to write none): 32 hex digits.

    SHA-256, shortened, of the first and last 4096 bytes and the length: the `htlhash` of OpenTelemetry's profiles.
    """
    import hashlib

    digest = hashlib.sha256(data.read_up_to(0, 4096))
    digest.update(data.read_up_to(max(data.size - 4096, 0), 4096))
    digest.update(data.size.to_bytes(8, "big"))
    return digest.hexdigest()[:32]
