"""The tables of a pprof file being written: strings, functions, mappings and locations, each entry once."""

from __future__ import annotations

from dataclasses import dataclass

from ..profiles.locations import Line, Location, placeholder
from . import pprof_fields as field
from .wire import bytes_field, number_field

FILE_STARTS = 0x1000
FILE_ENDS = 1 << 62
"""A mapping's memory is its file, so that a location's address is the offset in the file: that is how pprof's own tools
find names for what has none here. They take a mapping that starts at 0 or ends at the top for one without a file."""


class Strings:
    """The string table. Text that is not valid unicode (lone surrogates) is written with escapes."""

    def __init__(self) -> None:
        self._indexes = {"": 0}

    def index(self, text: str) -> int:
        """The index of a string, which is added if it is new."""
        return self._indexes.setdefault(text, len(self._indexes))

    def encoded(self) -> bytes:
        """The table, as a part of a profile message."""
        texts = (text.encode("utf-8", "backslashreplace") for text in self._indexes)
        return b"".join([bytes_field(field.STRING, text) for text in texts])


@dataclass(slots=True)
class _Mapping:
    """A mapping, and what is known of the places in it."""

    id: int
    binary: str
    build_id: str
    has_functions: bool = False
    has_files: bool = False
    has_lines: bool = False


class Tables:
    """Functions, mappings and locations. A location's id in the file is its index in the profile plus one.

    A place without a name gets the one that icetop shows for it, so that every tool's table has the same rows. pprof
    still looks for its name, as its mapping says that it has no functions.
    """

    def __init__(self, strings: Strings) -> None:
        self._strings = strings
        self._functions: dict[tuple[str, str, int], int] = {}
        self._mappings: dict[tuple[str, str], _Mapping] = {}
        self._parts: list[bytes] = []

    def encoded(self) -> bytes:
        """All tables but the strings, as a part of a profile message."""
        return b"".join([*self._parts, *map(self._encoded_mapping, self._mappings.values())])

    def add(self, identity: int, location: Location) -> None:
        """Add a location under an id."""
        mapping = self._mapping(location.binary, location.build_id)
        if mapping is not None and location.lines:
            mapping.has_functions = True
            mapping.has_files |= any(line.file for line in location.lines)
            mapping.has_lines |= any(line.line for line in location.lines)
        lines = location.lines or (Line(placeholder(location.binary, location.offset)),)
        message = number_field(field.LOCATION_ID, identity)
        message += number_field(field.LOCATION_MAPPING, mapping.id if mapping is not None else 0)
        message += number_field(field.LOCATION_ADDRESS, location.offset)
        self._parts.append(bytes_field(field.LOCATION, message + b"".join(map(self._line, lines))))

    def _line(self, line: Line) -> bytes:
        message = number_field(field.LINE_FUNCTION, self._function(line)) + number_field(field.LINE_NUMBER, line.line)
        return bytes_field(field.LOCATION_LINE, message)

    def _function(self, line: Line) -> int:
        key = (line.function, line.file, line.start_line)
        known = self._functions.get(key)
        if known is None:
            known = self._functions[key] = len(self._functions) + 1
            # No system_name: pprof would cut the parameters off a C++ name that equals it.
            message = number_field(field.FUNCTION_ID, known)
            message += number_field(field.FUNCTION_NAME, self._strings.index(line.function))
            message += number_field(field.FUNCTION_FILE, self._strings.index(line.file))
            message += number_field(field.FUNCTION_START, line.start_line)
            self._parts.append(bytes_field(field.FUNCTION, message))
        return known

    def _mapping(self, binary: str, build_id: str) -> _Mapping | None:
        if not binary and not build_id:
            return None
        mapping = self._mappings.get((binary, build_id))
        if mapping is None:
            mapping = self._mappings[binary, build_id] = _Mapping(len(self._mappings) + 1, binary, build_id)
        return mapping

    def _encoded_mapping(self, mapping: _Mapping) -> bytes:
        numbers = (
            (field.MAPPING_ID, mapping.id),
            (field.MAPPING_START, FILE_STARTS),
            (field.MAPPING_LIMIT, FILE_ENDS),
            (field.MAPPING_OFFSET, FILE_STARTS),
            (field.MAPPING_FILE, self._strings.index(mapping.binary)),
            (field.MAPPING_BUILD_ID, self._strings.index(mapping.build_id)),
            (field.HAS_FUNCTIONS, mapping.has_functions),
            (field.HAS_FILES, mapping.has_files),
            (field.HAS_LINES, mapping.has_lines),
            (field.HAS_INLINE_FRAMES, mapping.has_functions),
        )
        return bytes_field(field.MAPPING, b"".join([number_field(*number) for number in numbers]))
