"""A profile: its tables and its time line, built by folding deltas in."""

from __future__ import annotations

from dataclasses import replace

from .delta import Context, Delta, Notice, Vitals
from .locations import Frame, Location, frames_of
from .series import Series
from .stacks import StackTable
from .timeline import DEFAULT_BYTES, Bucket, TimeLine

NOTICES = 50
"""How many notices are kept; the oldest go."""


class Profile:
    """What was seen of one machine or in one saved file.

    Ids are indexes: of `locations`, of `series` and its parallel `labels`, of `stacks`, and of `frames`.
    `generation` grows whenever names change, so that whoever derived something from names can tell.
    """

    def __init__(self, context: Context | None = None, bound: int = DEFAULT_BYTES) -> None:
        self.context = context or Context()
        self.locations: list[Location] = []
        self.stacks = StackTable()
        self.series: list[Series] = []
        self.labels: list[dict[str, str]] = []
        self.timeline = TimeLine(bound)
        self.vitals: Vitals | None = None
        self.notices: list[Notice] = []
        self.stage = ""
        self.ended = False
        self.generation = 0
        self.profiler_cpu_s = 0.0
        self.profiler_peak_rss = 0
        self.frames: list[Frame] = []
        self.location_frames: list[tuple[int, ...]] = []
        self._frame_ids: dict[tuple[str, str, str], int] = {}

    def fold(self, delta: Delta) -> None:
        """Add a delta. Raises ValueError when it speaks of ids that do not exist; nothing of it is then kept."""
        self._check(delta)
        if delta.context is not None:
            self.context = delta.context
        for location in delta.locations:
            self.locations.append(location)
            self.location_frames.append(self._intern(location))
        self.stacks.extend(delta.nodes)
        self.series.extend(delta.series)
        self.labels.extend({} for _ in delta.series)
        self._rename(delta)
        self._account(delta)
        self.notices = [*self.notices, *delta.notices][-NOTICES:]
        self.stage = delta.stage
        self.ended = self.ended or delta.last

    def kinds(self) -> tuple[str, ...]:
        """The kinds there are, those of the context first."""
        seen = dict.fromkeys(self.context.kinds)
        for bucket in self.timeline.buckets():
            seen.update(dict.fromkeys(bucket.counts))
        return tuple(seen)

    def _check(self, delta: Delta) -> None:
        locations = len(self.locations) + len(delta.locations)
        series = len(self.series) + len(delta.series)
        first = len(self.stacks)
        for place, (parent, location) in enumerate(delta.nodes):
            if parent >= first + place or location >= locations or parent < 0 or location < 0:
                raise ValueError("a stack node points at something that is not there")
        nodes = first + len(delta.nodes)
        for counts in delta.counts.values():
            columns = (counts.nodes, counts.series, counts.samples, counts.values)
            if len({len(column) for column in columns}) != 1:
                raise ValueError("the columns of a count differ in length")
            if len(counts) and (max(counts.nodes) >= nodes or max(counts.series) >= series):
                raise ValueError("a count points at a stack or series that is not there")
        if any(not 0 <= i < locations for i in delta.names) or any(not 0 <= i < series for i in delta.labels):
            raise ValueError("a name or label is for something that is not there")

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
        if delta.vitals is not None:
            self.vitals = delta.vitals
            bucket.busy_core_ns = delta.vitals.busy_cores * bucket.duration_ns
            bucket.run_queue_ns = delta.vitals.run_queue * bucket.duration_ns
            self.profiler_cpu_s += delta.vitals.profiler_cpu_s
            self.profiler_peak_rss = max(self.profiler_peak_rss, delta.vitals.profiler_rss)
        if bucket.duration_ns > 0 or bucket.counts:
            self.timeline.add(bucket)

    def _intern(self, location: Location) -> tuple[int, ...]:
        return tuple(self._frame_id(frame) for frame in frames_of(location))

    def _frame_id(self, frame: Frame) -> int:
        key = (frame.name, frame.binary, frame.language.value)
        index = self._frame_ids.get(key)
        if index is None:
            index = self._frame_ids[key] = len(self.frames)
            self.frames.append(frame)
        elif frame.file and not self.frames[index].file:
            self.frames[index] = frame
        return index
