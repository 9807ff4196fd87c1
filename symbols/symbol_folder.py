"""Names for saved places, from binaries and debug files that lie in folders, known by their build-ids."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from ..profiles.locations import Line, Location
from .binaries import Binary
from .elf_file import ElfFile, Segment
from .namer import Namer
from .raw_bytes import FileBytes, open_regular

MOST_FILES = 50_000
"""Files of the folders that are looked at; more are not."""

MOST_NAMES = 1_000_000
PAGE = 4096
_BUILD_ID = re.compile(r"[0-9a-f]{4,128}")


class SymbolFolder:
    """Finds names by build-id and offset: in the folders, at the place where the binary was on the machine that was
    profiled, or in a file that `fetch` gets (by build-id; None: it has none).
    """

    def __init__(self, folders: Sequence[str], fetch: Callable[[str], str | None] = lambda build_id: None) -> None:
        self._folders = list(folders)
        self._fetch = fetch
        self._namer = Namer()
        self._index: dict[str, list[str]] | None = None
        self._binaries: dict[str, list[Binary]] = {}
        self._known: OrderedDict[tuple[str, str, int], tuple[Line, ...]] = OrderedDict()

    def lines(self, location: Location) -> tuple[Line, ...]:
        """The lines of a place, empty where nothing is known of it."""
        if location.lines or not _BUILD_ID.fullmatch(location.build_id) or location.binary.startswith("[kernel"):
            return location.lines
        key = (location.binary, location.build_id, location.offset)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(location)
            if len(self._known) > MOST_NAMES:
                self._known.popitem(last=False)
        return known

    def _find(self, location: Location) -> tuple[Line, ...]:
        for binary in self._candidates(location.build_id):
            lines = self._namer.lines_in(binary, location.offset)
            if lines:
                return lines
        return self._namer.name_saved(location)

    def _candidates(self, build_id: str) -> list[Binary]:
        found = self._binaries.get(build_id)
        if found is None:
            paths = self._paths().get(build_id, [])
            fetched = None if paths else self._fetch(build_id)
            found = [binary for path in (*paths, *([fetched] if fetched else [])) if (binary := self._opened(path))]
            self._binaries[build_id] = found = [binary for binary in found if binary.build_id == build_id]
        return found

    def _opened(self, path: str) -> Binary | None:
        binary = self._namer.binaries.at_path(path)
        if binary is not None:
            restore_offsets(binary.elf)
        return binary

    def _paths(self) -> dict[str, list[str]]:
        """The files of the folders by build-id, those with debug information first."""
        if self._index is None:
            self._index = {}
            for path in sorted(_files(self._folders), key=lambda path: not path.endswith(".debug")):
                build_id = _build_id(path)
                if build_id:
                    self._index.setdefault(build_id, []).append(path)
        return self._index


def restore_offsets(elf: ElfFile) -> None:
    """Give a debug file's segments the offsets that they have in the binary it was split off.

    `objcopy --only-keep-debug` leaves the segments their addresses and sizes in memory, but no bytes. A linker puts
    each behind the one before, at the next offset that agrees with its address within a page.
    """
    if any(segment.executable and segment.file_size for segment in elf.segments):
        return
    end, restored = 0, []
    for segment in elf.segments:
        start = end + (segment.address - end) % PAGE
        restored.append(Segment(start, segment.address, segment.memory_size, segment.executable, segment.memory_size))
        end = start + segment.memory_size
    elf.segments[:] = restored


def _files(folders: Sequence[str]) -> Iterator[str]:
    seen = 0
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                seen += 1
                if seen > MOST_FILES:
                    return
                yield os.path.join(parent, name)


def _build_id(path: str) -> str:
    """The build-id of an ELF file, empty for another file."""
    try:
        file = FileBytes(open_regular(path))
    except (OSError, ValueError):
        return ""
    try:
        return ElfFile(file).build_id
    except (OSError, ValueError):
        return ""
    finally:
        file.close()
