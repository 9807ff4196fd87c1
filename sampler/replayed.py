"""What was saved of another machine beside what is live: a second of it each second, again and again."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

from ..profiles.delta import Context, Counts, Delta, Notice
from ..profiles.series import Series
from ..profiles.source import Source, SourceError
from ..profiles.target import Target
from ..profiles.timeline import SECOND

SAVED = " (saved)"
"""Stands behind the name of the machine."""


class Replayed:
    """Yields what saved data hold as if it were sampled now: a bucket of several seconds in as many parts.

    Of it counts what `target` chooses by name: numbers of processes mean something else there.
    """

    live = False

    def __init__(self, source: Source, name: str, target: Target) -> None:
        self._source = source
        self._name = name
        self._stopped = Event()
        self._series: list[Series] = []
        self._labels: list[dict[str, str]] = []
        self._kept: list[bool] | None = None
        self.retarget(target)

    def deltas(self) -> Iterator[Delta]:
        """Tables first, then a delta a second until it is stopped. Raises SourceError when the data cannot be used."""
        buckets: list[Delta] = []
        for delta in self._source.deltas():
            if delta.end_ns > delta.start_ns:
                buckets.append(replace(delta, locations=[], nodes=[], series=[], names={}, labels={}, context=None))
            if any((delta.locations, delta.nodes, delta.series, delta.names, delta.labels, delta.context)):
                yield self._tables(delta)
        seconds = sum(bucket.end_ns - bucket.start_ns for bucket in buckets) / SECOND
        if not seconds:
            raise SourceError(Notice("error", self._name, "it does not tell the time it took, so it cannot go on"))
        notice = Notice("info", f"what was saved is shown again and again: {seconds:.0f} s")
        now = time.time_ns()
        yield Delta(now, now, notices=(notice,))
        due = time.monotonic()
        while not self._stopped.is_set():
            for part in (part for bucket in buckets for part in _parts(bucket)):
                length = part.end_ns - part.start_ns
                due = max(due + length / SECOND, time.monotonic())
                if self._stopped.wait(due - time.monotonic()):
                    break
                now = time.time_ns()
                yield self._chosen(replace(part, start_ns=now - length, end_ns=now))
        yield Delta(time.time_ns(), time.time_ns(), last=True)

    def stop(self) -> None:
        """Ask for the end."""
        self._source.stop()
        self._stopped.set()

    def retarget(self, target: Target) -> None:
        """Have something else of it counted from now on."""
        self._target = replace(target, pids=frozenset(), command=(), hosts=frozenset())
        self._kept = None

    def set_rate(self, frequency_hz: int) -> None:
        """What was sampled was sampled at its own rate."""

    def _tables(self, delta: Delta) -> Delta:
        """What a delta tells of tables and of the whole; the time is now."""
        first = len(self._series)
        self._series += delta.series
        self._labels += [{} for _ in delta.series]
        for place, labels in delta.labels.items():
            self._labels[place].update(labels)
        self._kept = None if delta.labels or first != len(self._series) else self._kept
        context, now = delta.context, time.time_ns()
        return Delta(
            now,
            now,
            locations=delta.locations,
            nodes=delta.nodes,
            series=delta.series,
            names=delta.names,
            labels=delta.labels,
            context=context and self._of_now(context),
            notices=tuple(notice for notice in delta.notices if notice.level != "info"),
        )

    def _of_now(self, context: Context) -> Context:
        return replace(context, host=f"{context.host or self._name}{SAVED}", start_ns=time.time_ns(), target="saved")

    def _chosen(self, delta: Delta) -> Delta:
        """Of a delta's counts those of the target; its losses are of the whole machine."""
        if not self._target:
            return delta
        kept = self._kept
        if kept is None:
            both = zip(self._series, self._labels, strict=True)
            kept = self._kept = [self._target.matches(series, labels) for series, labels in both]
        counts = {kind: _rows_of(found, kept) for kind, found in delta.counts.items()}
        return replace(delta, counts=counts, lost={}, expected=sum(counts["cpu"].samples) if "cpu" in counts else 0)


def _parts(bucket: Delta) -> Iterator[Delta]:
    """A bucket of a second or less, or the seconds of a longer one."""
    number = max(round((bucket.end_ns - bucket.start_ns) / SECOND), 1)
    return (_part(bucket, place, number) for place in range(number))


def _part(bucket: Delta, place: int, number: int) -> Delta:
    """One of so many parts of a bucket; all of them add up to it."""

    def share(whole: int) -> int:
        return whole * (place + 1) // number - whole * place // number

    vitals = bucket.vitals
    return replace(
        bucket,
        start_ns=0,
        end_ns=(bucket.end_ns - bucket.start_ns) // number,
        counts={
            kind: Counts(
                counts.nodes,
                counts.series,
                array("I", map(share, counts.samples)),
                array("q", map(share, counts.values)),
            )
            for kind, counts in bucket.counts.items()
        },
        expected=share(bucket.expected),
        lost={reason: share(whole) for reason, whole in bucket.lost.items()},
        waits_lost={reason: share(whole) for reason, whole in bucket.waits_lost.items()},
        vitals=vitals and replace(vitals, profiler_cpu_s=0.0, profiler_rss=0),
        notices=(),
        notes=(),
        last=False,
    )


def _rows_of(counts: Counts, kept: list[bool]) -> Counts:
    found = Counts()
    for row in zip(counts.nodes, counts.series, counts.samples, counts.values, strict=True):
        if kept[row[1]]:
            found.add(*row)
    return found
