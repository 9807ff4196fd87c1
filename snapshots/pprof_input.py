"""The tables of a pprof file being read, checked: strings, functions, mappings, locations and what the head says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from google.protobuf.message import DecodeError

from ..profiles.locations import Line, Location, placeholder
from ..profiles.vocabulary import Language
from . import profile_pb2 as pprof
from .context_note import LATEST_NS, Note, usual_language
from .limits import Limits
from .opening import Reading
from .source_files import language_by_ending
from .wire import Malformed, fields, varint

SAMPLE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING = range(1, 7)
TIME, DURATION, PERIOD_TYPE, PERIOD, COMMENT, DEFAULT_TYPE = range(9, 15)

MOST_LINES, MOST_TYPES, MOST_COMMENTS = 1000, 64, 1000
"""More functions at one location, or sample types or comments in a file, are damage."""

FEW_SAMPLES = 8 << 20
SAMPLE_OVERHEAD = 64
"""Bytes of samples that are kept while the tables are read, so that most files are read but once; and what each takes
beside its content."""

Entry = TypeVar("Entry")


class Input:
    """Tables by id, as they are in the file. Strings are indexes until they are looked up with `string`.

    mappings: start, limit, file offset, file name, build-id; locations: mapping, address, (function, line) pairs;
    functions: name, system name, file name, first line. `samples` are the first of the file, as they are in it.
    """

    def __init__(self, limits: Limits) -> None:
        self.samples: list[bytes] = []
        self.has_all_samples = False
        self.types: list[tuple[int, int]] = []
        self.mappings: dict[int, tuple[int, int, int, int, int]] = {}
        self.locations: dict[int, tuple[int, int, tuple[tuple[int, int], ...]]] = {}
        self.functions: dict[int, tuple[int, int, int, int]] = {}
        self.strings: list[str] = []
        self.comments: list[int] = []
        self.numbers: dict[int, int] = {}
        self.period_type = (0, 0)
        self._named: dict[tuple[tuple[int, int], ...], tuple[Line, ...]] = {}  # many places have one function
        self._limits = limits

    def string(self, index: int) -> str:
        """A string of the table. Raises Malformed where there is none."""
        if not 0 <= index < len(self.strings):
            raise Malformed(f"it refers to string {index}, which is not there")
        return self.strings[index]

    def time(self, number: int) -> int:
        """A number of the head that is nanoseconds; 0 where it is missing or cannot be one."""
        value = self.numbers.get(number, 0)
        return value if value <= LATEST_NS else 0

    @property
    def frequency_hz(self) -> int:
        """Samples a second, 0 when unknown."""
        timed = self.period_type != (0, 0) and self.string(self.period_type[1]) == "nanoseconds"
        return round(1e9 / self.time(PERIOD)) if timed and self.time(PERIOD) else 0

    def sample_types(self) -> list[tuple[str, str]]:
        """The (type, unit) pairs of the samples' values."""
        return [(self.string(kind), self.string(unit)) for kind, unit in self.types]

    def main_binary(self) -> str:
        """The name of the program: that of the first mapping's file, empty when there is none."""
        first = next(iter(self.mappings.values()), None)
        return self.string(first[3]).rsplit("/", 1)[-1] if first else ""

    def model_locations(self, note: Note | None) -> Iterator[Location]:
        """The locations in their order; without a note their language is guessed from the names of source files."""
        return (self.model_location(identity, note) for identity in self.locations)

    def model_location(self, identity: int, note: Note | None) -> Location:
        """The location with this id, which must be there."""
        mapping, address, lines = self.locations[identity]
        binary, build_id, start, limit, offset = self._binary(mapping)
        place = (address - start + offset if start <= address < limit else address) & (1 << 64) - 1
        named = self._named.get(lines)
        if named is None:
            named = self._named[lines] = tuple(self._lines(lines))
        if len(named) == 1 and named[0].function[:1] == "[" and _is_placeholder(named[0], binary, place):
            named = ()
        language = note.language(binary, build_id, place) if note else _guess(binary, named)
        return Location(language, binary, build_id, place, named)

    def _binary(self, mapping: int) -> tuple[str, str, int, int, int]:
        """Path and build-id of a mapping, where it begins and ends, and at which offset of the file."""
        if mapping == 0:
            return "", "", 0, 0, 0
        if mapping not in self.mappings:
            raise Malformed(f"a location refers to mapping {mapping}, which is not there")
        start, limit, offset, filename, build_id = self.mappings[mapping]
        return self.string(filename), self.string(build_id), start, limit, offset

    def _lines(self, lines: tuple[tuple[int, int], ...]) -> Iterator[Line]:
        for function, line in lines:
            if function == 0:
                continue
            if function not in self.functions:
                raise Malformed(f"a location refers to function {function}, which is not there")
            name, system_name, filename, start_line = self.functions[function]
            text = self.string(name) or self.string(system_name)
            if text:
                yield Line(text, self.string(filename), max(line, 0), max(start_line, 0))

    def take(self, number: int, value: int, content: bytes) -> None:
        """Take in one field of the file that is not a sample."""
        if number == STRING:
            self._limits.hold(len(self.strings), self._limits.entries, "strings")
            self.strings.append(content.decode("utf-8", "replace"))
        elif number == LOCATION:
            location = pprof.Location.FromString(content)
            _few(len(location.line), MOST_LINES, "functions at one place")
            lines = tuple((line.function_id, line.line) for line in location.line)
            self._add(self.locations, location.id, (location.mapping_id, location.address, lines), "locations")
        elif number == FUNCTION:
            function = pprof.Function.FromString(content)
            entry = (function.name, function.system_name, function.filename, function.start_line)
            self._add(self.functions, function.id, entry, "functions")
        elif number == MAPPING:
            mapping = pprof.Mapping.FromString(content)
            memory = (mapping.memory_start, mapping.memory_limit, mapping.file_offset)
            self._add(self.mappings, mapping.id, (*memory, mapping.filename, mapping.build_id), "mappings")
        else:
            self._take_head(number, value, content)

    def _take_head(self, number: int, value: int, content: bytes) -> None:
        if number in (SAMPLE_TYPE, PERIOD_TYPE):
            kind = pprof.ValueType.FromString(content)
            if number == SAMPLE_TYPE:
                _few(len(self.types), MOST_TYPES, "sample types")
                self.types.append((kind.type, kind.unit))
            else:
                self.period_type = (kind.type, kind.unit)
        elif number == COMMENT:
            _few(len(self.comments), MOST_COMMENTS, "comments")
            packed = pprof.Profile.FromString(varint(COMMENT << 3 | 2) + varint(len(content)) + content)
            self.comments.extend(packed.comment or [value])
        else:
            self.numbers[number] = value

    def _add(self, table: dict[int, Entry], identity: int, entry: Entry, what: str) -> None:
        if identity == 0 or identity in table:
            raise Malformed(f"two of its {what} have the id {identity}" if identity else f"one of its {what} has no id")
        self._limits.hold(len(table), self._limits.entries, what)
        table[identity] = entry


def read_tables(stream: Reading, limits: Limits) -> Input:
    """All of a file but its samples, and these too where they are few. Raises Malformed and TooLarge."""
    tables, samples, kept = Input(limits), 0, 0
    try:
        for number, value, content in fields(stream.read):
            if number == SAMPLE:
                samples += 1
                kept += len(content) + SAMPLE_OVERHEAD
                if kept <= FEW_SAMPLES:
                    tables.samples.append(content)
            else:
                tables.take(number, value, content)
    except DecodeError:
        raise Malformed("one of its tables is damaged") from None
    limits.hold(samples, limits.samples, "samples")
    tables.has_all_samples = kept <= FEW_SAMPLES
    if not tables.types or not tables.strings:
        raise Malformed("it is not a pprof file")
    return tables


def _guess(binary: str, lines: tuple[Line, ...]) -> Language:
    return (language_by_ending(lines[0].file) if lines else None) or usual_language(binary)


def _is_placeholder(line: Line, binary: str, offset: int) -> bool:
    """Whether a line is what stands for the name of a place that has none."""
    return not line.file and line.function == placeholder(binary, offset) and line == Line(line.function)


def _few(number: int, most: int, what: str) -> None:
    if number > most:
        raise Malformed(f"it has more than {most:,} {what}")
