"""From addresses to locations and from locations to names: what the collector and readers of saved files use.

Locating is quick: it says which file an address is in and where. Naming may have to read a table of symbols, and may be
done later, also when the process is gone.
"""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..profiles.locations import Line, Location, generated_binary, is_generated
from ..profiles.vocabulary import Language
from .binaries import MOST_OPEN, Binary, BinaryCache
from .demangle import ALL, Mangling, demangle, without_suffixes
from .elf_file import find_build_id
from .elf_symbols import SymbolTables
from .kernel import KernelSymbols
from .mappings import AddressSpace, Mapping
from .perf_map import Allowance, PerfMap
from .runtimes import language_of_generated_code
from .vdso import NAME as VDSO
from .vdso import Vdso, own_vdso

if TYPE_CHECKING:
    from .debug_lines import DebugLines
    from .go_lines import GoBinaries

UNKNOWN, KERNEL = "[unknown]", "[kernel]"
"""Binaries of addresses where no code is mapped, and of the kernel."""

MAX_BYTES = 16 << 20
"""Bytes of symbol tables kept, by default."""

MOST_PERF_MAPS, PERF_MAP_BYTES = 128, 32 << 20
"""Processes whose perf maps are kept, and bytes of them all."""

_KERNEL_NOTES = "/sys/kernel/notes"


class Namer:
    """Locates and names. No method raises for what a target does: what cannot be read has no name, and is counted.

    `max_bytes` bounds the tables kept, and what one table may take; `cache_folder` is where the kernel's list is kept;
    `manglings` are the kinds of names that are demangled. `counters` counts what happened, by word: `binaries_opened`,
    `binaries_refused`, `binaries_gone`, `binaries_closed`, `tables_loaded`, `tables_refused`, `tables_dropped`,
    `perf_maps_refused`, `perf_maps_cut`, `perf_map_lines_skipped`, `debug_files_refused`.
    """

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BYTES,
        cache_folder: Path | None = None,
        manglings: frozenset[Mangling] = ALL,
        most_open: int = MOST_OPEN,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.kernel = KernelSymbols(cache_folder)
        self._manglings = manglings
        self.binaries = BinaryCache(self.counters, most_open)
        self._tables = SymbolTables(max_bytes, self.counters)
        self._max_bytes = max_bytes
        self._go_binaries: GoBinaries | None = None
        self._debug_lines: DebugLines | None = None
        self._perf_maps: OrderedDict[int, PerfMap] = OrderedDict()
        self._map_allowance = Allowance()
        self._vdso: Vdso | None = None
        self._vdso_read = False
        self._kernel_build_id: str | None = None

    def locate_kernel(self, address: int) -> Location:
        """The location of a kernel address, with its name if it has one. `offset` is the address."""
        found = self.kernel.name(address)
        if found is None:
            return Location(Language.KERNEL, KERNEL, self._kernel_id(), address)
        build_id = self._kernel_id() if found.binary == KERNEL else ""
        return Location(Language.KERNEL, found.binary, build_id, address, (Line(without_suffixes(found.function)),))

    def locate_user(self, space: AddressSpace, address: int) -> Location:
        """The location of an address of a process, with its name if that is at hand.

        `offset` is that in the file, or in the vDSO; where there is no file, or none that can be read as code, it is
        the address if a perf map knows it.
        """
        mapping = space.find(address)
        if mapping is None:
            return Location(Language.NATIVE, UNKNOWN, "", address)
        offset = address - mapping.start + mapping.offset
        if mapping.has_file:
            binary = self.binaries.behind(space, mapping)
            if binary is not None:
                return self._locate_in(binary, as_unicode(mapping.path), offset)
        elif (vdso := self._vdso_of(mapping)) is not None:
            return Location(Language.NATIVE, VDSO, vdso.build_id, offset, self._line(vdso.find(offset)))
        perf_map = self.perf_map(space)
        found = perf_map.find(address)
        if found is not None:
            return Location(found.language, generated_binary(found.language), "", address, (found.line,))
        if mapping.has_file and not mapping.in_memory:
            return Location(Language.NATIVE, as_unicode(mapping.path), "", offset)
        return Location(perf_map.language, generated_binary(perf_map.language), "", address)

    def _locate_in(self, binary: Binary, path: str, offset: int) -> Location:
        language = binary.language
        if language is Language.GO:
            lines = self._go.find(binary, offset)
            if lines:
                return Location(language, path, binary.build_id, offset, lines)
            language = Language.NATIVE if self._go.reads(binary) else language
        lines = self._lines(binary, offset) if self._tables.loaded(binary) else ()
        return Location(language, path, binary.build_id, offset, lines)

    def name(self, space: AddressSpace | None, location: Location) -> tuple[Line, ...]:
        """The lines of a location, empty when it has no name. May read a table of symbols.

        `space` is that of the process where it was located, None for the kernel or when it is not known any more.
        """
        if location.lines:
            return location.lines
        if location.language is Language.KERNEL:
            found = self.kernel.name(location.offset)
            return (Line(without_suffixes(found.function)),) if found is not None else ()
        if is_generated(location.binary):
            named = self.perf_map(space).find(location.offset) if space is not None else None
            return (named.line,) if named is not None else ()
        if location.binary == VDSO:
            vdso = self._own_vdso()
            return self._line(vdso.find(location.offset)) if vdso and vdso.build_id == location.build_id else ()
        binary = self._binary_of(space, location)
        return self._lines(binary, location.offset) if binary is not None else ()

    def name_saved(self, location: Location) -> tuple[Line, ...]:
        """The lines of a location of a saved file, from the binary at its path on this machine.

        Empty when there is no such binary, when its build-id is another, and for the kernel and code without a file,
        whose addresses meant something only where and when they were seen.
        """
        if location.named or location.binary.startswith("["):
            return location.lines
        return self.name(None, replace(location, lines=())) or location.lines

    def lines_in(self, binary: Binary, offset: int) -> tuple[Line, ...]:
        """The lines of a place in a binary that is at hand, empty when it has no name."""
        return self._lines(binary, offset)

    def lines_of(self, space: AddressSpace | None, location: Location) -> tuple[Line, ...]:
        """As `name`, with source lines and inlined functions where there is debug information. Slow the first time."""
        from .debug_lines import DebugLines

        binary = self._binary_of(space, location)
        if self._debug_lines is None:
            self._debug_lines = DebugLines(self.counters, self._manglings)
        return (self._debug_lines.find(binary, location.offset) if binary else ()) or self.name(space, location)

    def forget(self, pid: int) -> None:
        """Drop what is kept for a process that is gone."""
        self._perf_maps.pop(pid, None)

    def _binary_of(self, space: AddressSpace | None, location: Location) -> Binary | None:
        """The binary of a location: as its process maps it, or an open one, or the one at its path on this machine.

        None unless its build-id agrees.
        """
        if not location.build_id or location.binary.startswith("["):
            return None
        for mapping in space.mappings if space is not None else ():
            if space is not None and as_unicode(mapping.path) == location.binary:
                binary = self.binaries.behind(space, mapping)
                if binary is not None and binary.build_id == location.build_id:
                    return binary
        binary = self.binaries.with_build_id(location.build_id)
        if binary is None and location.binary.startswith("/"):
            binary = self.binaries.at_path(location.binary)
        return binary if binary is not None and binary.build_id == location.build_id else None

    def _lines(self, binary: Binary, offset: int) -> tuple[Line, ...]:
        is_go = binary.language is Language.GO
        found = self._go.find(binary, offset) if is_go else ()
        if found:
            return found
        name = self._tables.find(binary, offset)
        if name and is_go and not self._go.reads(binary):
            from .go_lines import readable_go_name

            return (Line(readable_go_name(name.decode("utf-8", "replace"))),)
        return self._line(name)

    @property
    def _go(self) -> GoBinaries:
        if self._go_binaries is None:
            from .go_lines import GoBinaries

            self._go_binaries = GoBinaries(self._max_bytes, self.counters)
        return self._go_binaries

    def _line(self, name: bytes | None) -> tuple[Line, ...]:
        return (Line(demangle(name, self._manglings)),) if name else ()

    def _vdso_of(self, mapping: Mapping) -> Vdso | None:
        vdso = self._own_vdso() if mapping.path == VDSO else None
        return vdso if vdso is not None and vdso.belongs_to(mapping) else None

    def _own_vdso(self) -> Vdso | None:
        if not self._vdso_read:
            self._vdso, self._vdso_read = own_vdso(), True
        return self._vdso

    def perf_map(self, space: AddressSpace) -> PerfMap:
        """The perf map of a process."""
        perf_map = self._perf_maps.get(space.pid)
        if perf_map is None:
            language = language_of_generated_code(space)
            perf_map = PerfMap(space.pid, self.counters, language=language, allowance=self._map_allowance)
            self._perf_maps[space.pid] = perf_map
            if len(self._perf_maps) > MOST_PERF_MAPS:
                self._perf_maps.popitem(last=False)
        self._perf_maps.move_to_end(space.pid)
        return perf_map

    def bound_perf_maps(self) -> None:
        """Forget the oldest parts of the largest perf maps while all of them take more than they may."""
        weights = {pid: perf_map.weight for pid, perf_map in self._perf_maps.items()}
        while sum(weights.values()) > PERF_MAP_BYTES:
            largest = max(weights, key=weights.__getitem__)
            self._perf_maps[largest].drop_oldest()
            weights[largest] = self._perf_maps[largest].weight

    def _kernel_id(self) -> str:
        if self._kernel_build_id is None:
            self._kernel_build_id = _build_id_of_kernel()
        return self._kernel_build_id


def as_unicode(path: str) -> str:
    """A path as valid Unicode: bytes that are not UTF-8 are replaced. Control characters stay, as data."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "replace")


def _build_id_of_kernel() -> str:
    """The running kernel's build-id in hex, empty when it is not told."""
    try:
        return find_build_id(Path(_KERNEL_NOTES).read_bytes())
    except OSError:
        return ""
