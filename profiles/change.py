"""How things changed: a comparison's other side, box by box and function by function, in the measure chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .selection import IntArray
from .significance import BoolArray, FloatArray
from .timeline import SECOND
from .view import Measure

STEPS: dict[Measure, tuple[float, float, float, float]] = {
    "points": (1, 5, 15, 30),
    "absolute": (1, 5, 15, 30),
    "relative": (10, 25, 50, 90),
}
"""From where on a change has which shade: in points of share, percent of the larger total, percent of what it was."""

Steps = npt.NDArray[np.int8]
"""Shades of changes: 0 within noise, 1 to 4 worse, -1 to -4 better."""


@dataclass(frozen=True, slots=True)
class Side:
    """The whole of one side: its value in the kind's unit, its samples, and how long it took in nanoseconds."""

    total: int
    samples: int
    duration_ns: int

    @property
    def rate(self) -> float:
        """Value per second of wall time; 0 where the time is unknown."""
        return self.total / self.seconds if self.duration_ns else 0.0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.duration_ns / SECOND

    def share(self, value: int) -> float:
        """A value in percent of the whole."""
        return 100 * value / (self.total or 1)


@dataclass(frozen=True, slots=True)
class Sums:
    """Values and samples, parallel to the boxes of a tree or to its frames."""

    flat: IntArray
    cum: IntArray
    flat_samples: IntArray
    cum_samples: IntArray


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides and the measure of a comparison: arithmetic on values of the one and the other."""

    now: Side
    was: Side
    measure: Measure = "points"

    def points(self, now: IntArray, was: IntArray) -> FloatArray:
        """Changes in points of share."""
        change: FloatArray = 100 * (now / (self.now.total or 1) - was / (self.was.total or 1))
        return change

    def deltas(self, now: IntArray, was: IntArray) -> FloatArray:
        """Changes in the measure: points, values per second of wall time, or percent of what it was."""
        if self.measure == "points":
            return self.points(now, was)
        if self.measure == "absolute":
            rates: FloatArray = now / (self.now.seconds or 1) - was / (self.was.seconds or 1)
            return rates
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (now / (self.now.total or 1)) / (was / (self.was.total or 1))
        return np.where(was != 0, 100 * (ratio - 1), np.where(now != 0, np.inf, 0.0))

    def weights(self, deltas: FloatArray) -> FloatArray:
        """How much changes weigh on the scale of `STEPS`."""
        larger = max(abs(self.now.rate), abs(self.was.rate))
        if self.measure != "absolute":
            return deltas
        weights: FloatArray = deltas * (100 / larger if larger else 0.0)
        return weights

    def steps(self, now: IntArray, was: IntArray, significant: BoolArray) -> Steps:
        """The shades of changes, 0 within noise; the least one for what is less than the first step."""
        weights = self.weights(self.deltas(now, was))
        reached = np.maximum(np.searchsorted(STEPS[self.measure], np.abs(weights), side="right"), 1)
        return np.where(significant, reached * np.sign(weights), 0).astype(np.int8)


@dataclass(frozen=True, slots=True)
class PartChange:
    """How one figure changed: the baseline's value and percentage, points of share, change in the measure, shade."""

    was: int
    was_percent: float
    points: float
    delta: float
    step: int


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """How one function changed: itself, and with all that it calls."""

    flat: PartChange
    cum: PartChange

    @property
    def significant(self) -> bool:
        """Whether either changed beyond noise."""
        return bool(self.flat.step or self.cum.step)

    @property
    def score(self) -> float:
        """How much there is to say of it: a function that changed itself comes before those that only call it."""
        return sum(abs(part.points) for part in (self.flat, self.cum) if part.step)


@dataclass(frozen=True, slots=True)
class TreeChange:
    """What a call tree is compared with.

    `boxes` are the baseline's sums by box, `functions` by frame, `functions_now` the tree's own by frame; `steps` are
    the shades of boxes, `flat_steps` and `cum_steps` those of frames. `drawn` is how wide boxes are drawn.
    """

    sides: Sides
    boxes: Sums
    functions: Sums
    functions_now: Sums
    steps: Steps
    flat_steps: Steps
    cum_steps: Steps
    drawn: IntArray

    def of_boxes(self, flat: IntArray, cum: IntArray, boxes: list[int]) -> list[FunctionChange]:
        """The changes of some boxes; `flat` and `cum` are what all boxes are worth now. Only `cum` has a shade."""
        none = np.zeros(len(boxes), dtype=np.int8)
        flats = self._parts(flat[boxes], self.boxes.flat[boxes], none)
        cums = self._parts(cum[boxes], self.boxes.cum[boxes], self.steps[boxes])
        return [FunctionChange(*pair) for pair in zip(flats, cums, strict=True)]

    def of_functions(self, flat: IntArray, cum: IntArray, frames: list[int]) -> list[FunctionChange]:
        """The changes of some frames; `flat` and `cum` are what all frames are worth now."""
        flats = self._parts(flat[frames], self.functions.flat[frames], self.flat_steps[frames])
        cums = self._parts(cum[frames], self.functions.cum[frames], self.cum_steps[frames])
        return [FunctionChange(*pair) for pair in zip(flats, cums, strict=True)]

    def _parts(self, now: IntArray, was: IntArray, steps: Steps) -> list[PartChange]:
        sides = self.sides
        shares = 100 * was / (sides.was.total or 1)
        columns = (was, shares, sides.points(now, was), sides.deltas(now, was), steps)
        return [PartChange(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
