"""A profile: its tables and its time line, built by folding deltas in."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy, deepcopy
from dataclasses import replace

from .compaction import compacted
from .delta import Context, Delta, Notice, Vitals
from .ids import FirstIds, check, moved
from .locations import Frame, Location, frames_of
from .series import Series
from .stacks import ROOTS, StackTable
from .time_notes import MOST_NOTES, TimeNote
from .timeline import DEFAULT_BYTES, KEEP_FINE, Bucket, TimeLine
from .vocabulary import unit_of

UNIT_OPTION = "unit."
"""Before a kind: the context's option that says its unit, where `unit_of` does not know it."""

WHOLE = 1 << 40
"""The bound of what is kept beside, in bytes and in seconds: it was bounded when it was read."""

NOTICES = 50
"""How many notices are kept; the oldest go."""


class Profile:
    """What was seen of one machine or in one saved file.

    Ids are indexes: of `locations`, of `series` and its parallel `labels`, of `stacks`, and of `frames`.
    `generation` grows whenever names or ids change, so that whoever derived something from them can tell.
    Ids in a delta count from the source's last reset, and are moved up to where that began here.
    `beside` is the time line of another profile over the same tables, and `beside_context` what holds for it: what a
    comparison may compare with. It is empty where no other profile was given.
    """

    def __init__(self, context: Context | None = None, bound: int = DEFAULT_BYTES, keep_fine: int = KEEP_FINE) -> None:
        self.context = context or Context()
        self.locations: list[Location] = []
        self.stacks = StackTable()
        self.series: list[Series] = []
        self.labels: list[dict[str, str]] = []
        self._bounds = (bound, keep_fine)
        self.timeline = TimeLine(*self._bounds)
        self.beside = TimeLine(WHOLE, WHOLE)
        self.beside_context: Context | None = None
        self.vitals: Vitals | None = None
        self.notices: list[Notice] = []
        self.notes: list[TimeNote] = []
        self.stage = ""
        self.ended = False
        self.generation = 0
        self.profiler_cpu_s = 0.0
        self.profiler_peak_rss = 0
        self.frames: list[Frame] = []
        self.location_frames: list[tuple[int, ...]] = []
        self._frame_ids: dict[tuple[str, str, str], int] = {}
        self._first_ids = FirstIds()
        self._beside_ended = False

    def fold(self, delta: Delta) -> None:
        """Add a delta. Raises ValueError when it speaks of ids that do not exist; nothing of it is then kept."""
        begins = self.beside_context is not None and not self._beside_ended and not delta.beside
        check(delta, FirstIds() if delta.reset or begins else self._sizes() - self._first_ids)
        if delta.reset:
            self._forget_unused()
        if delta.reset or begins:
            self._first_ids = self._sizes()
            self._beside_ended = self._beside_ended or begins
        delta = moved(delta, self._first_ids)
        self.stacks.extend(delta.nodes)
        self._add_locations(delta.locations)
        self._learn(delta)
        self.series.extend(delta.series)
        self.labels.extend({} for _ in delta.series)
        self._rename(delta)
        self._account(delta)
        self.notices = [*self.notices, *delta.notices][-NOTICES:]
        if delta.notes:
            self.add_notes(delta.notes)
        self.stage = delta.stage
        self.ended = self.ended or (delta.last and not delta.beside)

    def add_notes(self, notes: Iterable[TimeNote]) -> None:
        """Write on the time line; of more than 10,000 notes the oldest go."""
        self.notes = sorted({*self.notes, *notes})[-MOST_NOTES:]

    def begin_window(self) -> None:
        """Forget the time so far, what was said in it and what it cost. Tables and ids stay."""
        self.timeline = TimeLine(*self._bounds)
        self.notices = []
        self.profiler_cpu_s, self.profiler_peak_rss = 0.0, 0

    def still(self) -> Profile:
        """A copy that stays as it is while this one goes on, for long work beside it. It takes no deltas."""
        copied = copy(self)
        copied.locations, copied.location_frames = list(self.locations), list(self.location_frames)
        copied.frames, copied.series = list(self.frames), list(self.series)
        copied.labels = [dict(labels) for labels in self.labels]
        copied.stacks = deepcopy(self.stacks)
        copied.timeline, copied.beside = self.timeline.still(), self.beside.still()
        return copied

    def kinds(self) -> tuple[str, ...]:
        """The kinds there are, those of the context first."""
        seen = dict.fromkeys(self.context.kinds)
        for bucket in self.timeline.buckets():
            seen.update(dict.fromkeys(bucket.counts))
        return tuple(seen)

    def unit(self, kind: str) -> str:
        """The unit of `kind`'s values; that of a kind of another tool comes with its file."""
        return self.context.options.get(UNIT_OPTION + kind) or unit_of(kind)

    def _learn(self, delta: Delta) -> None:
        if delta.beside:
            self.beside_context = delta.context or self.beside_context or Context()
        elif delta.context is not None:
            self.context = delta.context

    def _sizes(self) -> FirstIds:
        return FirstIds(len(self.locations), len(self.stacks) - ROOTS, len(self.series))

    def _add_locations(self, locations: list[Location]) -> None:
        for location in locations:
            self.locations.append(location)
            self.location_frames.append(self._intern(location))

    def _forget_unused(self) -> None:
        """Leave out of all tables what no count of the time line needs any more."""
        kept = compacted(self.stacks, [*self.beside.buckets(), *self.timeline.buckets()])
        self.stacks = kept.stacks
        self.series = [self.series[index] for index in kept.series]
        self.labels = [self.labels[index] for index in kept.series]
        locations = [self.locations[index] for index in kept.locations]
        self.locations, self.location_frames, self.frames, self._frame_ids = [], [], [], {}
        self._add_locations(locations)
        self.generation += 1

    def _rename(self, delta: Delta) -> None:
        for index, lines in delta.names.items():
            self.locations[index] = replace(self.locations[index], lines=lines)
            self.location_frames[index] = self._intern(self.locations[index])
        for index, labels in delta.labels.items():
            self.labels[index].update(labels)
        self.generation += bool(delta.names or delta.labels)

    def _account(self, delta: Delta) -> None:
        bucket = Bucket(delta.start_ns, delta.end_ns, {k: c for k, c in delta.counts.items() if len(c)})
        bucket.expected = delta.expected
        bucket.lost = {reason: number for reason, number in delta.lost.items() if number}
        bucket.waits_lost = {reason: number for reason, number in delta.waits_lost.items() if number}
        if delta.vitals is not None:
            bucket.busy_core_ns = delta.vitals.busy_cores * bucket.duration_ns
            bucket.run_queue_ns = (delta.vitals.run_queue or 0.0) * bucket.duration_ns
        if delta.vitals is not None and not delta.beside:
            self.vitals = delta.vitals
            self.profiler_cpu_s += delta.vitals.profiler_cpu_s
            self.profiler_peak_rss = max(self.profiler_peak_rss, delta.vitals.profiler_rss)
        if bucket.duration_ns > 0 or bucket.counts:
            (self.beside if delta.beside else self.timeline).add(bucket)

    def _intern(self, location: Location) -> tuple[int, ...]:
        return tuple(self._frame_id(frame) for frame in frames_of(location))

    def _frame_id(self, frame: Frame) -> int:
        key = (frame.name, frame.place, frame.language.value)
        index = self._frame_ids.get(key)
        if index is None:
            index = self._frame_ids[key] = len(self.frames)
            self.frames.append(frame)
        elif _rank(frame) < _rank(self.frames[index]):
            self.frames[index] = frame
        return index


def _rank(frame: Frame) -> tuple[bool, str, int, str]:
    """Which of a function's places to show: one with a file, and among those always the same, whatever came first."""
    return (not frame.file, frame.file, frame.line, frame.build_id)
