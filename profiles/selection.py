"""The rows that a view takes from a profile, as numpy columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .profile import Profile
from .timeline import Bucket
from .view import View

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Counts under a view: leaf node, series, samples and value, one row for each (node, series) pair."""

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
    rows = _sum(*_columns(list(profile.timeline.buckets(view.stretch.start_ns, view.stretch.end_ns)), view.kind))
    if not view.target:
        return rows
    wanted = np.fromiter(
        (view.target.matches(s, labels) for s, labels in zip(profile.series, profile.labels, strict=True)),
        dtype=np.bool_,
        count=len(profile.series),
    )
    return rows.take(wanted[rows.series])


def _columns(buckets: list[Bucket], kind: str) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    parts = [bucket.counts[kind] for bucket in buckets if kind in bucket.counts]

    def column(name: str, dtype: type[np.generic]) -> IntArray:
        raw = b"".join(memoryview(getattr(part, name)) for part in parts)
        return np.frombuffer(raw, dtype=dtype).astype(np.int64)

    return (
        column("nodes", np.uint32),
        column("series", np.uint32),
        column("samples", np.uint32),
        column("values", np.int64),
    )


def _sum(nodes: IntArray, series: IntArray, samples: IntArray, values: IntArray) -> Rows:
    keys, inverse = np.unique(nodes << 32 | series, return_inverse=True)
    summed = np.zeros((2, len(keys)), dtype=np.int64)
    np.add.at(summed[0], inverse, samples)
    np.add.at(summed[1], inverse, values)
    return Rows(keys >> 32, keys & 0xFFFFFFFF, summed[0], summed[1])
