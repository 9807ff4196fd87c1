"""What the windows of a recording say one after the other: their tables, and what each different sample means.

What is said for the first time is protobuf's to read, as in any other file; equal bytes then mean the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from ..profiles.delta import Counts
from ..profiles.selection import IntArray
from ..profiles.stacks import DEEPEST
from ..profiles.timeline import Bucket
from . import profile_pb2 as pprof
from .context_note import Note
from .file_series import SeriesTable
from .file_time import FileTime
from .joined import Joined
from .labels import END_TIME
from .limits import Limits, TooLarge
from .pprof_input import FUNCTION, LOCATION, MAPPING, SAMPLE_TYPE, Input
from .sample_types import Column, columns_of
from .window_parts import SampleParts, knows_all
from .wire import Malformed

MOST_ROWS = 1 << 15
"""Different samples that are remembered."""

NO_KIND = 255
"""What stands for the kind of a sample that counts nothing."""


class Unusual(Exception):
    """The file is not as a recorder writes it, or does not go on from those before it."""


FAILURES = (Unusual, Malformed, TooLarge, DecodeError)


@dataclass(slots=True)
class _Rows:
    """What different samples say, but for their time: the number of the stack, series, the number of the kind, how many
    samples it stands for, and the value."""

    numbers: dict[bytes, int] = field(default_factory=dict)
    stacks: array[int] = field(default_factory=lambda: array("I"))
    series: array[int] = field(default_factory=lambda: array("I"))
    kinds: array[int] = field(default_factory=lambda: array("B"))
    samples: array[int] = field(default_factory=lambda: array("I"))
    values: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class _NewStacks:
    """Stacks without leaves yet: how each ended, how many of the places are its own, root first."""

    ends: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    places: array[int] = field(default_factory=lambda: array("I"))


class WindowTables:
    """What the windows so far say: their tables, and what different samples mean."""

    def __init__(self, joined: Joined, limits: Limits) -> None:
        self.columns: list[Column] = []
        self._joined = joined
        self._tables = Input(limits)
        self._strings: dict[int, str] = {}
        self._said: set[bytes] = set()
        self._head: tuple[object, ...] = ()
        self._host = ""
        self._places: dict[int, int] = {}
        self._series = SeriesTable(self._tables, "", own=True, limits=limits)
        self._series_ids: list[int] = []
        self._rows = _Rows()
        self._who: dict[tuple[bytes, ...], tuple[int, int]] = {}
        self._stacks: dict[tuple[int, bytes], int] = {}
        self._leaves: list[int] = []
        self._new_stacks = _NewStacks()
        self._counted: dict[bytes, tuple[int, int, int]] = {}

    def take(self, file: Any, strings: list[str], note: Note, host: str) -> FileTime:
        """Take in a file; gives its buckets with their counts. Raises one of FAILURES where it does not fit."""
        self._learn(file, strings, note, host)
        for bucket in note.buckets:
            bucket.counts = {}
        self._count(file.sample, note)
        return FileTime(file.time_nanos, file.duration_nanos, note.buckets)

    def _learn(self, file: Any, strings: list[str], note: Note, host: str) -> None:
        """Take in what the tables of a file say that was not said before."""
        self._learn_strings(strings)
        head = (tuple(file.sample_type), file.default_sample_type, host)
        if not self._head:
            self._head, self._host = head, host
            for content in file.sample_type:
                self._tables.take(SAMPLE_TYPE, 0, content)
            default = self._tables.string(file.default_sample_type)
            self.columns = columns_of(self._tables.sample_types(), default)
        elif head != self._head:
            raise Unusual
        for content in self._new(file.mapping):
            self._learn_mapping(content)
        for content in self._new(file.function):
            self._tables.take(FUNCTION, 0, content)
        for content in self._new(file.location):
            self._tables.take(LOCATION, 0, content)
        self._learn_places(note)

    def _learn_places(self, note: Note) -> None:
        """Give the new locations their places; more of them need not be kept."""
        locations = self._tables.locations
        if not locations.keys().isdisjoint(self._places):
            raise Unusual
        for identity in locations:
            self._places[identity] = self._joined.place(self._tables.model_location(identity, note))
        locations.clear()

    def _learn_strings(self, strings: list[str]) -> None:
        said = dict(compress(enumerate(strings), strings))
        new = dict(said.items() - self._strings.items())
        if not new.keys().isdisjoint(self._strings):
            raise Unusual
        self._strings.update(new)
        table = self._tables.strings
        table.extend([""] * (len(strings) - len(table)))
        for index, text in new.items():
            table[index] = text

    def _learn_mapping(self, content: bytes) -> None:
        """A mapping says the same again with other flags, when more of it has names."""
        mapping = pprof.Mapping.FromString(content)
        had = self._tables.mappings.pop(mapping.id, None)
        self._tables.take(MAPPING, 0, content)
        if had is not None and had != self._tables.mappings[mapping.id]:
            raise Unusual

    def _new(self, contents: Iterable[bytes]) -> list[bytes]:
        new = [content for content in contents if content not in self._said]
        self._said.update(new)
        return new

    def _count(self, samples: Iterable[bytes], note: Note) -> None:
        """Count the samples of a file, each of which is of one of its buckets."""
        ends = self._ends(note)
        size = len(next(iter(ends), b""))
        known, rows, places = self._rows.numbers, array("I"), array("I")
        for content in samples:
            place = ends.get(content[-size:])
            if place is None:
                raise Unusual
            said = content[:-size]
            row = known.get(said)
            if row is None:
                row = known[said] = len(known)
                self._learn_row(said)
            rows.append(row)
            places.append(place)
        new, self._new_stacks = self._new_stacks, _NewStacks()
        self._leaves += self._joined.leaves(new.ends, new.lengths, new.places)
        if rows:
            self._fill(note.buckets, np.array(rows), np.array(places))
        if len(known) > MOST_ROWS:
            self._rows, self._stacks, self._leaves = _Rows(), {}, []

    def _fill(self, buckets: list[Bucket], rows: IntArray, places: IntArray) -> None:
        """Give each bucket its counts, by kind and in the order of the file. `places` has the bucket of each row."""
        known = self._rows
        keys = places.astype(np.int64) << 8 | np.array(known.kinds)[rows]
        order = np.argsort(keys, kind="stable")
        rows, keys = rows[order], keys[order]
        nodes = np.array(self._leaves, dtype=np.uint32)[np.array(known.stacks)[rows]]
        columns = [nodes, *(np.array(column)[rows] for column in (known.series, known.samples, known.values))]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(keys)], strict=True):
            place, kind = divmod(int(keys[start]), 256)
            if kind != NO_KIND:
                part = (array(form, column[start:end].tobytes()) for form, column in zip("IIIq", columns, strict=True))
                buckets[place].counts[self.columns[kind].kind] = Counts(*part)

    def _ends(self, note: Note) -> dict[bytes, int]:
        """What the samples of each bucket end with, a label that tells its time, and which bucket it is."""
        numbers = {text: index for index, text in self._strings.items() if text in (END_TIME, "nanoseconds")}
        key, unit = numbers.get(END_TIME, 0), numbers.get("nanoseconds", 0)
        ends = {}
        for place, bucket in reversed(list(enumerate(note.buckets))):
            label = pprof.Label(key=key, num=bucket.end_ns, num_unit=unit)
            ends[pprof.Sample(label=[label]).SerializeToString()] = place
        if len(set(map(len, ends))) > 1:
            raise Unusual
        return ends

    def _learn_row(self, said: bytes) -> None:
        parts = SampleParts.FromString(said)
        if not knows_all(parts):
            raise Unusual
        labels, values, stack = tuple(parts.label), parts.value, parts.location_id
        who = self._who.get(labels)
        if who is None:
            who = self._who[labels] = self._learn_series(said)
        series, end = who
        counted = self._counted.get(values)
        if counted is None:
            counted = self._counted[values] = self._learn_values(said)
        number = self._stacks.get((end, stack))
        if number is None:
            number = self._stacks[end, stack] = len(self._stacks)
            self._learn_stack(end, said)
        rows, (kind, samples, value) = self._rows, counted
        rows.stacks.append(number)
        rows.series.append(series)
        rows.kinds.append(kind)
        rows.samples.append(samples)
        rows.values.append(value)

    def _learn_series(self, said: bytes) -> tuple[int, int]:
        place, _, end = self._series.place(pprof.Sample.FromString(said).label)
        for number in range(len(self._series_ids), len(self._series.series)):
            labels = self._series.labels[number]
            labels = {"host": self._host, **labels} if self._host else labels
            self._series_ids.append(self._joined.series(self._series.series[number], labels))
        return self._series_ids[place], end

    def _learn_values(self, said: bytes) -> tuple[int, int, int]:
        """The number of the kind that a sample counts, how many samples, and the value. A recorder writes one kind."""
        values = pprof.Sample.FromString(said).value
        if len(values) != len(self._tables.types):
            raise Unusual
        counted = [(number, *column.counted(values)) for number, column in enumerate(self.columns)]
        found = [row for row in counted if row[1] or row[2]]
        if len(found) > 1:
            raise Unusual
        return found[0] if found else (NO_KIND, 0, 0)

    def _learn_stack(self, end: int, said: bytes) -> None:
        identities, new = pprof.Sample.FromString(said).location_id, self._new_stacks
        if len(identities) > DEEPEST:
            raise Unusual
        try:
            new.places.extend(map(self._places.__getitem__, reversed(identities)))
        except KeyError:
            raise Unusual from None
        new.ends.append(end)
        new.lengths.append(len(identities))
