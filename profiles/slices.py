"""The counts of one side of a comparison, cut into slices of time, so that its noise can be told from its changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .change import Side
from .profile import Profile
from .selection import IntArray, columns, counted_as, wanted
from .significance import BoolArray, FloatArray
from .view import View

MOST_SLICES = 60
"""More seconds than that are joined to fewer, longer slices."""


@dataclass(frozen=True, slots=True)
class SlicedRows:
    """One row for each count of each bucket: leaf node, series, samples, value and slice. `lengths` in nanoseconds."""

    nodes: IntArray
    series: IntArray
    samples: IntArray
    values: IntArray
    slices: IntArray
    lengths: FloatArray

    def take(self, keep: BoolArray) -> SlicedRows:
        """The rows for which `keep` holds."""
        nodes, series, samples, values = (c[keep] for c in (self.nodes, self.series, self.samples, self.values))
        return SlicedRows(nodes, series, samples, values, self.slices[keep], self.lengths)

    @property
    def side(self) -> Side:
        """The whole of it."""
        return Side(int(self.values.sum()), int(self.samples.sum()), int(self.lengths.sum()))


def sliced(profile: Profile, view: View, beside: bool = False) -> SlicedRows:
    """The rows of a view's kind, stretch and target; `beside`: of the profile kept beside."""
    line = profile.beside if beside else profile.timeline
    buckets = list(line.buckets(view.stretch.start_ns, view.stretch.end_ns))
    number = min(len(buckets), MOST_SLICES)
    if not any(bucket.duration_ns for bucket in buckets):
        number = min(number, 1)  # without times: parts of a file are no slices of time
    slice_of_bucket = np.arange(len(buckets)) * number // max(len(buckets), 1)
    lengths = np.zeros(number)
    np.add.at(lengths, slice_of_bucket, [float(bucket.duration_ns) for bucket in buckets])
    kinds = counted_as(buckets, view.kind)
    sizes = [sum(len(bucket.counts[part]) for part in kinds if part in bucket.counts) for bucket in buckets]
    slices = np.repeat(slice_of_bucket, sizes)
    nodes, series, samples, values = columns(buckets, view.kind)
    keep = wanted(profile, view, nodes, series)
    rows = SlicedRows(nodes, series, samples, values, slices, lengths)
    return rows if keep is None else rows.take(keep)
