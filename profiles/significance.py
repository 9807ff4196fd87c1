"""Whether a change is more than sampling noise: what may be said of many functions at once, and what may not.

A test of two proportions function by function finds something in nearly every comparison of two equal stretches, since
there are many functions, and since samples of a program that works in bursts are not independent. Therefore the
variance of a share comes from how it varies from slice to slice of its stretch (the ratio estimator of cluster
sampling), never below what independent samples would have; and the procedure of Benjamini and Hochberg bounds how many
of all changes called significant are false.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc

import numpy as np
import numpy.typing as npt

FALSE_SHARE = 0.01
"""How many of the changes called significant may be false."""

FEWEST_SAMPLES = 10
"""What has fewer samples on both sides is not tested."""

SMALLEST_CHANGE = 0.01
"""A change of less than this, of the whole, is not worth a colour however certain it is."""

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sliced:
    """One side of a comparison, cut into slices of time.

    `counts` has a row for each thing that is compared and a column for each slice; `whole` is what the counts are
    divided by, a number for each slice: the slice's total for shares, its length for rates.
    `samples` is how many samples there are, `scale` how many of what is counted one sample is worth.
    """

    counts: FloatArray
    whole: FloatArray
    samples: int
    scale: float = 1.0

    @property
    def parts(self) -> FloatArray:
        """The share (or rate) of each thing over the whole side."""
        parts: FloatArray = self.counts.sum(axis=1) / max(float(self.whole.sum()), 1e-300)
        return parts


def significant(now: Sliced, was: Sliced, *, rates: bool = False) -> BoolArray:
    """For each thing whether it changed beyond noise, all of them judged together. `rates`: counts a time, not shares.

    Only asked of things that have `FEWEST_SAMPLES`; whether a change is large enough to matter is not judged here.
    """
    things = len(now.counts)
    if not things or not now.samples or not was.samples:
        return np.zeros(things, dtype=np.bool_)
    pooled = (now.counts.sum(axis=1) + was.counts.sum(axis=1)) / max(float(now.whole.sum() + was.whole.sum()), 1e-300)
    variances, freedom = [], np.zeros(things)
    for side in (now, was):
        least = _least(side, pooled, rates)
        spread = _spread(side)
        variances.append(np.maximum(spread, least))
        count = len(side.whole)
        if count > 1:
            freedom += np.where(spread > least, spread**2 / (count - 1), 0.0)
    total = variances[0] + variances[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(total > 0, (now.parts - was.parts) / np.sqrt(total), 0.0)
        degrees = np.where(freedom > 0, total**2 / freedom, np.inf)
    return discoveries(chances(distance, degrees), FALSE_SHARE)


def _least(side: Sliced, pooled: FloatArray, rates: bool) -> FloatArray:
    """The variance that independent samples would have if nothing had changed: binomial, or for rates Poisson's."""
    if rates:
        return pooled * side.scale / max(float(side.whole.sum()), 1e-300)
    share = np.clip(pooled, 0.0, 1.0)
    least: FloatArray = share * (1 - share) / side.samples
    return least


def _spread(side: Sliced) -> FloatArray:
    """The variance of a ratio of sums, from how far each slice is from it; 0 where there is one slice only."""
    count = len(side.whole)
    if count < 2:
        return np.zeros(len(side.counts))
    far = side.counts - side.parts[:, None] * side.whole
    spread: FloatArray = (far**2).sum(axis=1) * (count / (count - 1)) / max(float(side.whole.sum()), 1e-300) ** 2
    return spread


def chances(distance: FloatArray, degrees: FloatArray) -> FloatArray:
    """The chance of a distance at least this far from 0, in standard errors estimated with so many degrees of freedom.

    Student's distribution by Wallace's approximation, which turns it into a normal one.
    """
    finite = np.isfinite(degrees)
    few = np.where(finite, degrees, 1.0)
    normal = np.sqrt(few * np.log1p(distance**2 / few)) * (8 * few + 1) / (8 * few + 3)
    normal = np.where(finite, normal, np.abs(distance))
    return np.array([erfc(value / 2**0.5) for value in normal.tolist()])


def discoveries(chances: FloatArray, false_share: float) -> BoolArray:
    """Which chances are too small to be chance, of all of them together, by Benjamini and Hochberg's procedure."""
    order = np.argsort(chances)
    bound = false_share * np.arange(1, len(chances) + 1) / len(chances)
    passed = np.flatnonzero(chances[order] <= bound)
    found = np.zeros(len(chances), dtype=np.bool_)
    if len(passed):
        found[order[: passed[-1] + 1]] = True
    return found
