"""A pprof file, icetop's own or anybody's, as deltas: first the tables, then one delta for each time bucket.

The file is read twice, tables first: most writers put the samples, which need the tables, in front. Every index is
checked, since a file may come from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from google.protobuf.message import DecodeError

from ..profiles.delta import Context, Delta, Notice, Vitals
from ..profiles.profile import UNIT_OPTION
from ..profiles.stacks import ROOTS, StackBuilder, StackTable
from ..profiles.vocabulary import StackEnd, unit_of
from . import profile_pb2 as pprof
from .context_note import Note, read_note
from .file_series import SeriesTable
from .file_time import FileTime
from .labels import COMMENT
from .limits import Limits
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
    with opener() as stream:
        reader.read_samples(stream)
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
            merged.binaries |= note.binaries
            merged.places |= note.places
    return merged, []


class _Reader:
    def __init__(self, tables: Input, note: Note | None, name: str, limits: Limits) -> None:
        self._tables = tables
        self._note = note
        self._limits = limits
        self._columns = columns_of(tables.sample_types(), tables.string(tables.numbers.get(DEFAULT_TYPE, 0)))
        self._places = {identity: place for place, identity in enumerate(tables.locations)}
        self._stacks = StackTable()
        self._builder = StackBuilder(self._stacks)
        self._name = tables.main_binary() or name
        self._series = SeriesTable(tables, self._name, own=note is not None, limits=limits)
        self._time = FileTime(tables.time(TIME), tables.time(DURATION), note.buckets if note else [])

    def read_samples(self, stream: Reading) -> None:
        """Take in all samples."""
        parse = pprof.Sample.FromString
        try:
            for number, _, content in fields(stream.read):
                if number == SAMPLE:
                    self._take(parse(content))
        except DecodeError:
            raise Malformed("one of its samples is damaged") from None

    def _take(self, sample: pprof.Sample) -> None:
        values = sample.value
        if len(values) != len(self._tables.types):
            raise Malformed(f"a sample has {len(values)} values, the file {len(self._tables.types)} sample types")
        series, time_ns, end = self._series.place(sample.label)
        node = self._node(end, sample.location_id)
        for column in self._columns:
            samples, value = column.counted(values)
            if samples or value:
                self._time.add(time_ns, column.kind, node, series, samples, value)

    def _node(self, end: StackEnd, identities: Sequence[int]) -> int:
        places = self._places
        try:
            node = self._builder.node(end, [places[identity] for identity in reversed(identities)])
        except KeyError as error:
            raise Malformed(f"a sample refers to location {error}, which is not there") from None
        except ValueError as error:
            raise Malformed(str(error)) from None
        self._limits.hold(len(self._stacks), self._limits.nodes, "stack frames")
        return node

    def tables(self, notices: list[Notice]) -> Delta:
        """The delta of all tables."""
        start = self._time.start_ns
        return Delta(
            start,
            start,
            locations=list(self._tables.model_locations(self._note)),
            nodes=list(zip(self._stacks.parents[ROOTS:], self._stacks.locations[ROOTS:], strict=True)),
            series=self._series.series,
            labels=self._series.labels,
            context=self._context(),
            notices=(*(self._note.notices if self._note else ()), *notices),
        )

    def buckets(self) -> Iterator[Delta]:
        """One delta a bucket, the last one with the vital signs and the cost of the whole."""
        deltas = self._time.deltas()
        if not deltas:
            deltas = [Delta(self._time.start_ns, self._time.start_ns)]
        if self._note is not None and self._note.vitals is not None:
            last = deltas[-1].vitals or Vitals()
            vitals = replace(self._note.vitals, busy_cores=last.busy_cores, run_queue=last.run_queue)
            deltas[-1] = replace(deltas[-1], vitals=vitals)
        deltas[-1] = replace(deltas[-1], last=True)
        yield from deltas

    def _context(self) -> Context:
        kinds = tuple(column.kind for column in self._columns)
        if self._note is not None:
            return replace(self._note.context, kinds=kinds, options=_units(self._note.context.options, self._columns))
        return Context(
            start_ns=self._time.start_ns,
            frequency_hz=self._tables.frequency_hz,
            target=self._name,
            kinds=kinds,
            options=_units({}, self._columns),
        )


def _units(options: Mapping[str, str], columns: list[Column]) -> dict[str, str]:
    """The options, with the units of kinds that are not known by name."""
    return {
        **options,
        **{UNIT_OPTION + column.kind: column.unit for column in columns if column.unit != unit_of(column.kind)},
    }
