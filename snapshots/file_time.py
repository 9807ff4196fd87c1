"""The time line of a file being read: which bucket a sample belongs to, and the buckets as deltas."""

from __future__ import annotations

from ..profiles.delta import Counts, Delta, Vitals
from ..profiles.timeline import SECOND, Bucket, merge
from .context_note import LATEST_NS

MOST_BUCKETS = 20_000
"""A file that spreads its samples over more seconds is shown in coarser steps: this is five and a half hours."""


class FileTime:
    """Buckets as icetop wrote them, known by their ends; a bucket a second for other times; one for no time at all."""

    def __init__(self, start_ns: int, duration_ns: int, buckets: list[Bucket]) -> None:
        self.start_ns = buckets[0].start_ns if buckets else start_ns
        self._buckets = buckets
        self._by_end = {bucket.end_ns: bucket for bucket in reversed(buckets)}
        self._seconds: dict[int, Bucket] = {}
        self._timeless = Bucket(start_ns, min(start_ns + duration_ns, LATEST_NS))

    def add(self, time_ns: int, kind: str, node: int, series: int, samples: int, value: int) -> None:
        """Count a sample. A time of 0 (or outside of what there can be) is none."""
        bucket = self._by_end.get(time_ns) or self._other(time_ns)
        counts = bucket.counts.get(kind)
        if counts is None:
            counts = bucket.counts[kind] = Counts()
        counts.add(node, series, samples, value)

    def _other(self, time_ns: int) -> Bucket:
        if not 0 < time_ns <= LATEST_NS - SECOND:
            return self._timeless
        second = -((self.start_ns - time_ns) // SECOND)
        bucket = self._seconds.get(second)
        if bucket is None:
            end = self.start_ns + second * SECOND
            bucket = self._seconds[second] = Bucket(max(end - SECOND, 0), max(end, 0))
        return bucket

    def deltas(self) -> list[Delta]:
        """The buckets in order of time, as deltas."""
        others = self._coarse([self._seconds[second] for second in sorted(self._seconds)])
        if self._timeless.counts:
            others.append(self._timeless)
        buckets = sorted(self._buckets + others, key=lambda bucket: bucket.start_ns) if others else self._buckets
        return [_delta(bucket) for bucket in buckets]

    def _coarse(self, buckets: list[Bucket]) -> list[Bucket]:
        size = -(-len(buckets) // MOST_BUCKETS)
        return [merge(buckets[at : at + size]) for at in range(0, len(buckets), size)] if size > 1 else buckets


def _delta(bucket: Bucket) -> Delta:
    vitals = None
    if bucket.duration_ns and (bucket.busy_core_ns or bucket.run_queue_ns):
        waited = bucket.run_queue_ns / bucket.duration_ns
        vitals = Vitals(bucket.busy_core_ns / bucket.duration_ns, waited if waited else None)
    return Delta(
        bucket.start_ns,
        bucket.end_ns,
        counts=bucket.counts,
        expected=bucket.expected,
        lost=bucket.lost,
        waits_lost=bucket.waits_lost,
        vitals=vitals,
    )
