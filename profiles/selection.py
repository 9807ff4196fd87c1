"""The rows that a view takes from a profile, as numpy columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .causes import CauseRow, causes_of_nodes
from .idle import idle_nodes
from .profile import Profile
from .timeline import Bucket
from .view import View
from .vocabulary import LOCK_CAUSES, parts_of

IntArray = npt.NDArray[np.int64]

WAITS = "offcpu"
"""The kind that tells what threads wait for."""

NEVER = "no cause at all"
"""What no thread waits for."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Counts under a view: leaf node, series, samples and value."""

    nodes: IntArray
    series: IntArray
    samples: IntArray
    values: IntArray

    def __len__(self) -> int:
        return len(self.nodes)

    def take(self, keep: npt.NDArray[np.bool_]) -> Rows:
        """The rows for which `keep` holds."""
        return Rows(self.nodes[keep], self.series[keep], self.samples[keep], self.values[keep])


def select(profile: Profile, view: View) -> Rows:
    """The rows of a view's kind, stretch and target, equal (node, series) pairs added up, sorted by them."""
    rows = picked(profile, view)
    keys, places = distinct(rows.nodes << 32 | rows.series)
    summed = np.zeros((2, len(keys)), dtype=np.int64)
    np.add.at(summed[0], places, rows.samples)
    np.add.at(summed[1], places, rows.values)
    return Rows(keys >> 32, keys & 0xFFFFFFFF, summed[0], summed[1])


def picked(profile: Profile, view: View) -> Rows:
    """The rows of a view's kind, stretch and target as they were counted, over and over as time went by."""
    rows = Rows(*columns(list(profile.timeline.buckets(view.stretch.start_ns, view.stretch.end_ns)), view.kind))
    chosen = wanted(profile, view, rows.nodes, rows.series)
    return rows if chosen is None else rows.take(chosen)


def sum_of_each(profile: Profile, view: View, buckets: list[Bucket]) -> list[float]:
    """For each of some buckets the values that a view's kind and target have in it."""
    kinds = counted_as(buckets, view.kind)
    sizes = [sum(len(bucket.counts[part]) for part in kinds if part in bucket.counts) for bucket in buckets]
    nodes, series, _, values = columns(buckets, view.kind)
    places, chosen = np.repeat(np.arange(len(buckets)), sizes), wanted(profile, view, nodes, series)
    weights = values if chosen is None else values * chosen
    return [float(total) for total in np.bincount(places, weights, minlength=len(buckets))]


def wanted(profile: Profile, view: View, nodes: IntArray, series: IntArray) -> npt.NDArray[np.bool_] | None:
    """For rows of these nodes and series whether the view takes them: its target, and not idle; None: all of them."""
    chosen = None
    if not view.idle and WAITS in parts_of(view.kind):
        chosen = ~idle_nodes(profile, nodes)
    causes = causes_wanted(profile, view)
    if causes:
        names, places = causes_of_nodes(profile, nodes)
        fits = np.array([name in causes for name in names])[places]
        chosen = fits if chosen is None else chosen & fits
    if view.target:
        matching = np.fromiter(
            (view.target.matches(s, labels) for s, labels in zip(profile.series, profile.labels, strict=True)),
            dtype=np.bool_,
            count=len(profile.series),
        )
        chosen = matching[series] if chosen is None else chosen & matching[series]
    return chosen


def causes_wanted(profile: Profile, view: View) -> tuple[str, ...]:
    """The causes that the view's waits are for, as far as it takes waits at all; empty for all."""
    if WAITS not in parts_of(view.kind):
        return ()
    of_kind = view.kind == "lock" and not any("lock" in bucket.counts for bucket in profile.timeline.buckets())
    if not of_kind:
        return view.causes
    both = tuple(cause for cause in LOCK_CAUSES if cause in view.causes)
    return (both or (NEVER,)) if view.causes else LOCK_CAUSES


def cause_rows(profile: Profile, view: View, rows: Rows) -> list[CauseRow]:
    """What the rows of a view waited for, the longest first; empty where they are no waits."""
    if WAITS not in parts_of(view.kind):
        return []
    names, places = causes_of_nodes(profile, rows.nodes)
    samples, values = (np.zeros(len(names), dtype=np.int64) for _ in range(2))
    np.add.at(samples, places, rows.samples)
    np.add.at(values, places, rows.values)
    total = int(values.sum()) or 1
    found = [
        CauseRow(name, times, value, 100 * value / total)
        for name, times, value in zip(names, samples.tolist(), values.tolist(), strict=True)
        if name and (times or value)
    ]
    return sorted(found, key=lambda row: (-row.value, row.cause))


def set_aside(profile: Profile, view: View) -> int:
    """The waits of threads that wait for work which the view leaves out, in nanoseconds."""
    if view.idle or WAITS not in parts_of(view.kind):
        return 0
    return int(picked(profile, replace(view, idle=True)).values.sum() - picked(profile, view).values.sum())


def distinct(codes: IntArray) -> tuple[IntArray, IntArray]:
    """The different codes in order, and for each code its place among them: cheap where they are in order already."""
    order = None if (codes[1:] >= codes[:-1]).all() else np.argsort(codes)
    codes = codes if order is None else codes[order]
    new = np.ones(len(codes), dtype=np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    numbers: IntArray = np.cumsum(new, dtype=np.int64) - 1
    if order is None:
        return codes[new], numbers
    places = np.empty(len(codes), dtype=np.int64)
    places[order] = numbers
    return codes[new], places


def counted_as(buckets: list[Bucket], kind: str) -> tuple[str, ...]:
    """The kinds whose counts a kind is the sum of: itself where another tool sampled what is a sum here."""
    return (kind,) if any(kind in bucket.counts for bucket in buckets) else parts_of(kind)


def columns(buckets: list[Bucket], kind: str) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Nodes, series, samples and values of all counts of a kind, bucket after bucket."""
    kinds = counted_as(buckets, kind)
    parts = [bucket.counts[part] for bucket in buckets for part in kinds if part in bucket.counts]

    def column(name: str, dtype: type[np.generic]) -> IntArray:
        raw = b"".join(memoryview(getattr(part, name)) for part in parts)
        return np.frombuffer(raw, dtype=dtype).astype(np.int64)

    return (
        column("nodes", np.uint32),
        column("series", np.uint32),
        column("samples", np.uint32),
        column("values", np.int64),
    )
