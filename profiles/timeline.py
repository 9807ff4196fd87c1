"""Counts over time: a pyramid of buckets of 1, 8, 64 and 512 s, bounded in bytes.

The newest seconds are kept each on their own. Groups of eight buckets that grow old are folded into one of the next
level, so that resolution is lost first where it is missed least. When the bound is reached the oldest time goes.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace

from .delta import Counts

SECOND = 1_000_000_000
FAN = 8
LEVELS = 4
KEEP_FINE = 320
"""Seconds always kept at full resolution before folding starts: the strip and the longest live window need 300."""

DEFAULT_BYTES = 48 * 1024 * 1024
ROW_BYTES = 20
BUCKET_BYTES = 600
"""What an empty bucket weighs in Python, by `sys.getsizeof` over its parts."""


@dataclass(slots=True)
class Bucket:
    """The counts of one stretch of time, by kind, with its share of the accounting.

    `busy_core_ns` is busy cores integrated over the bucket, so that buckets can be added up.
    """

    start_ns: int
    end_ns: int
    counts: dict[str, Counts] = field(default_factory=dict)
    expected: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    waits_lost: dict[str, int] = field(default_factory=dict)
    busy_core_ns: float = 0.0
    run_queue_ns: float = 0.0

    @property
    def duration_ns(self) -> int:
        """Length in nanoseconds."""
        return self.end_ns - self.start_ns

    def weight(self) -> int:
        """Bytes that the bucket takes."""
        return BUCKET_BYTES + ROW_BYTES * sum(len(counts) for counts in self.counts.values())


def added_by_reason(each: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Numbers by reason, those of equal reasons added up, in order of the reasons."""
    sums: dict[str, int] = {}
    for numbers in each:
        for reason, number in numbers.items():
            sums[reason] = sums.get(reason, 0) + number
    return dict(sorted(sums.items()))


def merge(buckets: list[Bucket]) -> Bucket:
    """One bucket that stands for several neighbours; equal (node, series) rows are added up."""
    merged = Bucket(buckets[0].start_ns, max(bucket.end_ns for bucket in buckets))
    sums: dict[str, dict[tuple[int, int], list[int]]] = {}
    for bucket in buckets:
        merged.expected += bucket.expected
        merged.busy_core_ns += bucket.busy_core_ns
        merged.run_queue_ns += bucket.run_queue_ns
        for kind, counts in bucket.counts.items():
            rows = sums.setdefault(kind, {})
            for node, series, samples, value in zip(
                counts.nodes, counts.series, counts.samples, counts.values, strict=True
            ):
                row = rows.get((node, series))
                if row is None:
                    rows[node, series] = [samples, value]
                else:
                    row[0] += samples
                    row[1] += value
    merged.lost = added_by_reason(bucket.lost for bucket in buckets)
    merged.waits_lost = added_by_reason(bucket.waits_lost for bucket in buckets)
    merged.counts = {kind: _columns(rows) for kind, rows in sums.items()}
    return merged


def _columns(rows: dict[tuple[int, int], list[int]]) -> Counts:
    return Counts(
        nodes=array("I", (key[0] for key in rows)),
        series=array("I", (key[1] for key in rows)),
        samples=array("I", (min(row[0], 0xFFFFFFFF) for row in rows.values())),
        values=array("q", (row[1] for row in rows.values())),
    )


def _still(bucket: Bucket) -> Bucket:
    """A bucket whose counts keep the ids they have; columns are never changed in place."""
    return replace(bucket, counts={kind: copy(counts) for kind, counts in bucket.counts.items()})


class TimeLine:
    """Buckets in order of time, oldest first.

    A bucket as long as those of a higher level goes there at once while no finer one has come, so that a time line
    that was saved comes back as it was. `bound` is in bytes; `dropped_samples` and `dropped_before_ns` say what had to
    go to stay under it.
    """

    def __init__(self, bound: int = DEFAULT_BYTES, keep_fine: int = KEEP_FINE) -> None:
        self.bound = bound
        self.bytes = 0
        self.dropped_samples = 0
        self.dropped_before_ns = 0
        self._keep_fine = keep_fine
        self._levels: list[deque[Bucket]] = [deque() for _ in range(LEVELS)]

    def __len__(self) -> int:
        return sum(len(level) for level in self._levels)

    def add(self, bucket: Bucket) -> None:
        """Append the newest bucket, joining it to the last one while together they stay within a second.

        What has no length has no time: the parts of such a file stay as they came.
        """
        level = self._levels[self._level_for(bucket)]
        if (
            level
            and bucket.duration_ns
            and 0 <= bucket.end_ns - level[-1].start_ns <= SECOND
            and bucket.start_ns >= level[-1].start_ns
        ):
            last = level.pop()
            self.bytes -= last.weight()
            bucket = merge([last, bucket])
        level.append(bucket)
        self.bytes += bucket.weight()
        self._fold()
        self._trim()

    def still(self) -> TimeLine:
        """A copy that stays as it is while this one goes on; what was counted is not copied."""
        copied = copy(self)
        copied._levels = [deque(map(_still, level)) for level in self._levels]
        return copied

    def buckets(self, start_ns: int | None = None, end_ns: int | None = None) -> Iterator[Bucket]:
        """The buckets whose middle lies in [start_ns, end_ns), oldest first; None leaves that side open."""
        for level in reversed(self._levels):
            for bucket in level:
                middle = (bucket.start_ns + bucket.end_ns) // 2
                if (start_ns is None or middle >= start_ns) and (end_ns is None or middle < end_ns):
                    yield bucket

    @property
    def start_ns(self) -> int:
        """Where the kept time starts (0 when there is none)."""
        return next((bucket.start_ns for bucket in self.buckets()), 0)

    @property
    def end_ns(self) -> int:
        """Where the kept time ends (0 when there is none)."""
        return next((level[-1].end_ns for level in self._levels if level), 0)

    def _level_for(self, bucket: Bucket) -> int:
        """The level of buckets as long as this one, or the lowest that is in use.

        Two neighbours on the lowest level are together longer than a second, so a fold of eight is longer than four.
        """
        level = 0
        while level < LEVELS - 1 and not self._levels[level] and bucket.duration_ns > FAN**level * (FAN // 2) * SECOND:
            level += 1
        return level

    def _fold(self) -> None:
        """Fold the oldest eight of each level that holds more than it should into one of the next."""
        for level in range(LEVELS - 1):
            room = self._keep_fine if level == 0 else FAN
            while len(self._levels[level]) >= room + FAN:
                oldest = [self._levels[level].popleft() for _ in range(FAN)]
                folded = merge(oldest)
                self.bytes += folded.weight() - sum(bucket.weight() for bucket in oldest)
                self._levels[level + 1].append(folded)

    def _trim(self) -> None:
        while self.bytes > self.bound and len(self) > 1:
            level = next(level for level in reversed(self._levels) if level)
            gone = level.popleft()
            self.bytes -= gone.weight()
            self.dropped_before_ns = gone.end_ns
            self.dropped_samples += sum(sum(counts.samples) for counts in gone.counts.values())
