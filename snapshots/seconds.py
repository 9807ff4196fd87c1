"""The time of several files that cover the same time, put into common seconds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..profiles.delta import Counts, Delta, Vitals
from ..profiles.timeline import SECOND, added_by_reason

PATIENCE = 4000
"""Seconds that are held back, the longest that a window can be and some: a file that begins later may still have
something for them."""


class Seconds:
    """Adds up what falls into the same second (by the middle of its bucket). Tables and costs go through as they come.

    The deltas' files come in order of when they begin.
    """

    def __init__(self, deltas: Iterable[Delta]) -> None:
        self._deltas = deltas
        self._held: dict[int, Delta] = {}

    def deltas(self) -> Iterator[Delta]:
        """The deltas without the order of files: seconds in order of time."""
        for delta in self._deltas:
            if delta.context is not None or delta.end_ns <= delta.start_ns:
                yield delta
                continue
            second = (delta.start_ns + delta.end_ns) // 2 // SECOND
            held = self._held.get(second)
            self._held[second] = _added(held, delta) if held else _begun(second, delta)
            while len(self._held) > PATIENCE:
                yield self._held.pop(min(self._held))
        for second in sorted(self._held):
            yield self._held[second]


def _begun(second: int, delta: Delta) -> Delta:
    span = Delta(second * SECOND, (second + 1) * SECOND)
    return _added(span, delta)


def _added(held: Delta, delta: Delta) -> Delta:
    counts = dict(held.counts)
    for kind, more in delta.counts.items():
        counts[kind] = _joined(counts[kind], more) if kind in counts else more
    return replace(
        held,
        counts=counts,
        expected=held.expected + delta.expected,
        lost=added_by_reason((held.lost, delta.lost)),
        waits_lost=added_by_reason((held.waits_lost, delta.waits_lost)),
        vitals=_vitals(held.vitals, delta),
    )


def _joined(first: Counts, second: Counts) -> Counts:
    names = ("nodes", "series", "samples", "values")
    nodes, series, samples, values = (array(getattr(first, n).typecode, getattr(first, n)) for n in names)
    nodes.extend(second.nodes)
    series.extend(second.series)
    samples.extend(second.samples)
    values.extend(second.values)
    return Counts(nodes, series, samples, values)


def _vitals(held: Vitals | None, delta: Delta) -> Vitals | None:
    """The vital signs of both, integrated over the second."""
    if delta.vitals is None:
        return held
    share = (delta.end_ns - delta.start_ns) / SECOND
    old, new = held or Vitals(), delta.vitals
    waited = None if old.run_queue is None and new.run_queue is None else (old.run_queue or 0.0)
    if waited is not None:
        waited += (new.run_queue or 0.0) * share
    return Vitals(
        busy_cores=old.busy_cores + new.busy_cores * share,
        run_queue=waited,
        profiler_cpu_s=old.profiler_cpu_s + new.profiler_cpu_s,
        profiler_rss=max(old.profiler_rss, new.profiler_rss),
    )
