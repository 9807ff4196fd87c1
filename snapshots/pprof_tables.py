"""The tables of a pprof file being written: strings, functions, mappings and locations, each entry once."""

from __future__ import annotations

from collections.abc import Iterable

from ..profiles.locations import Line, Location, placeholder
from . import profile_pb2 as pprof

FILE_STARTS = 0x1000
FILE_ENDS = 1 << 62
"""A mapping's memory is its file, so that a location's address is the offset in the file: that is how pprof's own tools
find names for what has none here. They take a mapping that starts at 0 or ends at the top for one without a file."""


class Numbers:
    """The numbers of strings, functions and mappings. Files of one profile that share them, window after window, have
    equal bytes for what is equal in them, so that a reader need look at it but once."""

    def __init__(self) -> None:
        self.strings = {"": 0}
        self.functions: dict[tuple[str, str, int], int] = {}
        self.mappings: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return len(self.strings)


class Strings:
    """The string table of a file. Text that is not valid unicode (lone surrogates) is written with escapes; what only
    earlier files needed is empty."""

    def __init__(self, numbers: Numbers) -> None:
        self._indexes = numbers.strings
        self._used: set[int] = set()

    def index(self, text: str) -> int:
        """The index of a string, which is added if it is new."""
        index = self._indexes.setdefault(text, len(self._indexes))
        self._used.add(index)
        return index

    def encoded(self) -> list[str]:
        """The table."""
        used = self._used
        return [
            text.encode("utf-8", "backslashreplace").decode() if index in used else ""
            for text, index in self._indexes.items()
        ]


class Tables:
    """Functions, mappings and locations. A location's id in the file is its index in the profile plus one.

    A place without a name gets the one that icetop shows for it, so that every tool's table has the same rows. pprof
    still looks for its name, as its mapping says that it has no functions.
    """

    def __init__(self, strings: Strings, numbers: Numbers) -> None:
        self._strings = strings
        self._numbers = numbers
        self._functions: set[int] = set()
        self._mappings: dict[tuple[str, str], pprof.Mapping] = {}
        self._profile = pprof.Profile()

    def encoded(self) -> bytes:
        """All tables but the strings, as a part of a profile message."""
        self._profile.mapping.extend(self._mappings.values())
        return self._profile.SerializeToString()

    def add(self, identity: int, location: Location) -> None:
        """Add a location under an id."""
        mapping = self._mapping(location.binary, location.build_id)
        if mapping is not None and location.lines:
            mapping.has_functions = mapping.has_inline_frames = True
            mapping.has_filenames |= any(line.file for line in location.lines)
            mapping.has_line_numbers |= any(line.line for line in location.lines)
        self._profile.location.add(
            id=identity,
            mapping_id=mapping.id if mapping is not None else 0,
            address=location.offset & (1 << 64) - 1,
            line=self._lines(location.lines or (Line(placeholder(location.binary, location.offset)),)),
        )

    def _lines(self, lines: Iterable[Line]) -> list[pprof.Line]:
        return [pprof.Line(function_id=self._function(line), line=line.line) for line in lines]

    def _function(self, line: Line) -> int:
        key = (line.function, line.file, line.start_line)
        known = self._numbers.functions.setdefault(key, len(self._numbers.functions) + 1)
        if known not in self._functions:
            self._functions.add(known)
            # No system_name: pprof would cut the parameters off a C++ name that equals it.
            self._profile.function.add(
                id=known,
                name=self._strings.index(line.function),
                filename=self._strings.index(line.file),
                start_line=line.start_line,
            )
        return known

    def _mapping(self, binary: str, build_id: str) -> pprof.Mapping | None:
        if not binary and not build_id:
            return None
        key = (binary, build_id)
        mapping = self._mappings.get(key)
        if mapping is None:
            mapping = self._mappings[key] = pprof.Mapping(
                id=self._numbers.mappings.setdefault(key, len(self._numbers.mappings) + 1),
                memory_start=FILE_STARTS,
                memory_limit=FILE_ENDS,
                file_offset=FILE_STARTS,
                filename=self._strings.index(binary),
                build_id=self._strings.index(build_id),
            )
        return mapping
