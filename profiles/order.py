"""Keeping boxes in their places: siblings change order only when their weights really changed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .selection import IntArray

SLACK = 1.25
"""A remembered weight stands until the new one is this factor away from it."""

SMALLEST_SHARE = 0.002
"""Boxes under this share of the whole are not remembered: they are hardly seen."""


class OrderMemory:
    """The weights by which siblings were ordered last time, by path; forgets boxes that are gone."""

    def __init__(self) -> None:
        self._weights: dict[int, int] = {}

    def settle(self, paths: npt.NDArray[np.uint64], cum: IntArray) -> IntArray:
        """The weights to order by now: the remembered one of each path, or its `cum` where that moved too far.

        `cum[0]` is the whole.
        """
        settled, kept = cum.copy(), {}
        places = np.flatnonzero(heavy(cum)).tolist()
        for place, path, now in zip(places, paths[places].tolist(), cum[places].tolist(), strict=True):
            before = self._weights.get(path, now)
            weight = before if before <= now * SLACK and now <= before * SLACK else now
            kept[path] = settled[place] = weight
        self._weights = kept
        return settled


def heavy(cum: IntArray) -> npt.NDArray[np.bool_]:
    """Which boxes are remembered; `cum[0]` is the whole. There are none where all is less than nothing."""
    if not len(cum):
        return np.zeros(0, dtype=np.bool_)
    remembered: npt.NDArray[np.bool_] = cum >= cum[0] * SMALLEST_SHARE
    return remembered
