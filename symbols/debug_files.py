"""Where a stripped binary's symbols may be kept: in a file of its own, or compressed in a section."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from .elf_file import ElfFile
from .raw_bytes import BrokenFile, FileBytes, MemoryBytes, open_regular

ROOT = "/usr/lib/debug"
MOST_CHECKED = 256 << 20
"""The largest debug file, in bytes, of which the checksum is computed; needed only where a build-id is missing."""

MOST_UNPACKED = 32 << 20
"""Bytes that a compressed symbol table may unpack to."""


def find_debug_file(elf: ElfFile, path: str) -> ElfFile | None:
    """The separate file with the symbols of a binary at `path`, None when this machine has none that belongs to it.

    Sought by build-id, then by the name in `.gnu_debuglink`, in the places and by the rules of gdb's manual
    ("Debugging Information in Separate Files"). It is taken only when its build-id agrees, or its checksum where
    there is no build-id.
    """
    link = _debug_link(elf)
    for candidate in _candidates(elf.build_id, path, link[0] if link else ""):
        try:
            found = ElfFile(FileBytes(open_regular(candidate)))
            agrees = found.build_id == elf.build_id if elf.build_id else link and _checksum(found) == link[1]
        except (OSError, ValueError):
            continue
        if agrees:
            return found
    return None


def unpack_debug_data(elf: ElfFile) -> ElfFile | None:
    """The small ELF file in `.gnu_debugdata` (MiniDebugInfo), None when there is none. Raises BrokenFile."""
    section = elf.section(".gnu_debugdata")
    if section is None:
        return None
    import lzma

    try:
        decompressor = lzma.LZMADecompressor(memlimit=MOST_UNPACKED)
        data = decompressor.decompress(elf.contents(section, MOST_UNPACKED), MOST_UNPACKED)
    except (lzma.LZMAError, EOFError) as error:
        raise BrokenFile(str(error)) from error
    return ElfFile(MemoryBytes(data))


def _candidates(build_id: str, path: str, link: str) -> Iterator[str]:
    if len(build_id) > 2:
        yield f"{ROOT}/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    if link and path.startswith("/"):
        folder = PurePosixPath(path).parent
        yield str(folder / link)
        yield str(folder / ".debug" / link)
        yield f"{ROOT}{folder}/{link}"


def _debug_link(elf: ElfFile) -> tuple[str, int] | None:
    """The file name and the checksum in `.gnu_debuglink`."""
    section = elf.section(".gnu_debuglink")
    if section is None:
        return None
    try:
        data = elf.contents(section, 4096)
    except BrokenFile:
        return None
    name = data.partition(b"\0")[0].decode("utf-8", "replace")
    if not name or "/" in name or name in (".", ".."):
        return None
    return name, int.from_bytes(data[-4:], "little")


def _checksum(elf: ElfFile) -> int:
    if elf.data.size > MOST_CHECKED:
        raise BrokenFile("too large to check")
    checksum = 0
    for offset in range(0, elf.data.size, 1 << 20):
        checksum = zlib.crc32(elf.data.read_up_to(offset, 1 << 20), checksum)
    return checksum
