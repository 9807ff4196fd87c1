"""A pprof file, icetop's own or anybody's, as deltas: first the tables, then one delta for each time bucket.

Most writers put the samples, which need the tables, in front: samples wait for the tables where they are few, else the
file is read twice. Every index is checked, since a file may come from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import numpy as np
from google.protobuf.message import DecodeError

from ..profiles.delta import Context, Delta, Notice, Vitals
from ..profiles.profile import UNIT_OPTION
from ..profiles.vocabulary import unit_of
from . import profile_pb2 as pprof
from .context_note import Note, read_note
from .file_series import SeriesTable
from .file_time import FileTime
from .labels import COMMENT
from .limits import Limits
from .node_table import NodeTable
from .opening import Reading
from .pprof_input import DEFAULT_TYPE, DURATION, SAMPLE, TIME, Input, read_tables
from .sample_types import Column, columns_of
from .wire import Malformed, fields

Opener = Callable[[], AbstractContextManager[Reading]]


def read_pprof(opener: Opener, name: str, limits: Limits) -> Iterator[Delta]:
    """The deltas of a pprof file; `name` stands for its process where it says none.

    `opener` opens the file anew from its beginning. Raises Malformed and TooLarge, and what the file raises.
    """
    with opener() as stream:
        tables = read_tables(stream, limits)
    note, notices = _note(tables)
    reader = _Reader(tables, note, name, limits)
    if tables.has_all_samples:
        reader.take_samples(tables.samples)
    else:
        tables.samples.clear()
        with opener() as stream:
            reader.take_samples(content for number, _, content in fields(stream.read) if number == SAMPLE)
    yield reader.tables(notices)
    yield from reader.buckets()


def _note(tables: Input) -> tuple[Note | None, list[Notice]]:
    """What icetop's comments say, put together when several files were merged; None when there is no readable one."""
    comments = [comment for comment in map(tables.string, tables.comments) if comment.startswith(COMMENT)]
    merged: Note | None = None
    for comment in comments:
        try:
            note = read_note(comment)
        except ValueError as error:
            return None, [Notice("warning", "icetop's own comment in the file is left out", str(error))]
        if merged is None:
            merged = note
        else:
            merged.buckets += note.buckets
            merged.notices += note.notices
            merged.notes += note.notes
            merged.binaries |= note.binaries
            merged.places |= note.places
    return merged, []


BATCH, MOST_FRAMES = 1 << 14, 1 << 18
"""Samples, and frames of them, that are taken into the tables in one go."""


@dataclass(slots=True)
class _Batch:
    """Samples whose stacks have no nodes yet: the root of each, its locations root first, where these end, the rest."""

    roots: list[int] = field(default_factory=list)
    identities: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    rows: list[tuple[int, int, list[tuple[int, int]]]] = field(default_factory=list)


class _Reader:
    def __init__(self, tables: Input, note: Note | None, name: str, limits: Limits) -> None:
        self._tables = tables
        self._note = note
        self._limits = limits
        self._columns = columns_of(tables.sample_types(), tables.string(tables.numbers.get(DEFAULT_TYPE, 0)))
        self._places = {identity: place for place, identity in enumerate(tables.locations)}
        self._nodes = NodeTable()
        self._name = tables.main_binary() or name
        self._series = SeriesTable(tables, self._name, own=note is not None, limits=limits)
        self._time = FileTime(tables.time(TIME), tables.time(DURATION), note.buckets if note else [])
        self._batch = _Batch()

    def take_samples(self, contents: Iterable[bytes]) -> None:
        """Take in all samples."""
        parse = pprof.Sample.FromString
        try:
            for content in contents:
                self._take(parse(content))
        except DecodeError:
            raise Malformed("one of its samples is damaged") from None
        self._count()

    def _take(self, sample: pprof.Sample) -> None:
        values, batch = sample.value, self._batch
        if len(values) != len(self._tables.types):
            raise Malformed(f"a sample has {len(values)} values, the file {len(self._tables.types)} sample types")
        series, time_ns, end = self._series.place(sample.label)
        batch.roots.append(end)
        batch.identities.extend(reversed(sample.location_id))
        batch.ends.append(len(batch.identities))
        batch.rows.append((series, time_ns, [column.counted(values) for column in self._columns]))
        if len(batch.rows) == BATCH or len(batch.identities) > MOST_FRAMES:
            self._count()

    def _count(self) -> None:
        batch, self._batch = self._batch, _Batch()
        if not batch.rows:
            return
        for node, (series, time_ns, counted) in zip(self._leaves(batch), batch.rows, strict=True):
            for column, (samples, value) in zip(self._columns, counted, strict=True):
                if samples or value:
                    self._time.add(time_ns, column.kind, node, series, samples, value)

    def _leaves(self, batch: _Batch) -> list[int]:
        lengths = np.diff(batch.ends, prepend=0)
        try:
            places = np.array(list(map(self._places.__getitem__, batch.identities)), dtype=np.int64)
            leaves: list[int] = self._nodes.add(np.array(batch.roots, dtype=np.int64), lengths, places).tolist()
        except KeyError as error:
            raise Malformed(f"a sample refers to location {error}, which is not there") from None
        except ValueError as error:
            raise Malformed(str(error)) from None
        self._limits.hold(len(self._nodes), self._limits.nodes, "stack frames")
        return leaves

    def tables(self, notices: list[Notice]) -> Delta:
        """The delta of all tables."""
        start = self._time.start_ns
        return Delta(
            start,
            start,
            locations=list(self._tables.model_locations(self._note)),
            nodes=self._nodes.take(),
            series=self._series.series,
            labels=self._series.labels,
            context=self._context(),
            notices=(*(self._note.notices if self._note else ()), *notices),
            notes=tuple(self._note.notes) if self._note else (),
        )

    def buckets(self) -> Iterator[Delta]:
        """One delta a bucket, the last one with the vital signs and the cost of the whole."""
        return iter(bucket_deltas(self._time, self._note))

    def _context(self) -> Context:
        if self._note is not None:
            return own_context(self._note, self._columns)
        return Context(
            start_ns=self._time.start_ns,
            frequency_hz=self._tables.frequency_hz,
            target=self._name,
            kinds=tuple(column.kind for column in self._columns),
            options=_units({}, self._columns),
        )


def bucket_deltas(time: FileTime, note: Note | None) -> list[Delta]:
    """One delta a bucket, the last one with the vital signs and the cost of the whole."""
    deltas = time.deltas() or [Delta(time.start_ns, time.start_ns)]
    vitals = note.vitals if note is not None else None
    if vitals is not None:
        last = deltas[-1].vitals or Vitals()
        vitals = replace(vitals, busy_cores=last.busy_cores, run_queue=last.run_queue)
    deltas[-1] = replace(deltas[-1], vitals=vitals or deltas[-1].vitals, last=True)
    return deltas


def own_context(note: Note, columns: list[Column]) -> Context:
    """What holds for a file of icetop's, with the kinds that are in it."""
    kinds = tuple(column.kind for column in columns)
    return replace(note.context, kinds=kinds, options=_units(note.context.options, columns))


def _units(options: Mapping[str, str], columns: list[Column]) -> dict[str, str]:
    """The options, with the units of kinds that are not known by name."""
    return {
        **options,
        **{UNIT_OPTION + column.kind: column.unit for column in columns if column.unit != unit_of(column.kind)},
    }
