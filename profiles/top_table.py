"""The table of top functions: flat and cumulated, recursion counted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from .call_tree import FRAME, CallTree
from .change import FunctionChange, TreeChange
from .locations import Frame
from .selection import IntArray
from .tree_causes import frame_causes
from .view import View
from .vocabulary import parts_of

Sort = Literal["flat", "cum", "delta", "name"]


FunctionSums = tuple[IntArray, IntArray, IntArray, IntArray]
"""For each frame: flat, flat samples, cum, cum samples."""


@dataclass(frozen=True, slots=True)
class TopRow:
    """One function. Values are in the kind's unit; percentages are of the view's total (0 when that is 0).

    `cause` is what most of its time was waited for; empty where it ran.
    `change` is there in a comparison; a function that only the baseline has is worth 0 itself.
    """

    frame: Frame
    frame_id: int
    flat: int
    flat_percent: float
    sum_percent: float
    cum: int
    cum_percent: float
    flat_samples: int
    cum_samples: int
    cause: str = ""
    change: FunctionChange | None = None


FunctionCauses = tuple[list[str], npt.NDArray[np.int8]]
"""Causes of waits, and for each frame the place of its own among them."""


BATCH = 128
"""Rows whose changes are worked out in one go."""


class TopRows(Sequence[TopRow]):
    """The rows of a table in order, each made when it is looked at: a screen shows few of many thousand.

    In a comparison `changed` is how many of them changed beyond noise.
    """

    def __init__(
        self,
        tree: CallTree,
        sums: FunctionSums,
        order: IntArray,
        causes: FunctionCauses | None = None,
    ) -> None:
        self._tree = tree
        self._sums = sums
        self._order = order
        self._running = np.cumsum(sums[0][order])
        self._changes: dict[int, FunctionChange] = {}
        self._causes = causes
        self.changed = int(np.count_nonzero(_significant(tree.change)[order])) if tree.change is not None else 0
        if tree.change is not None:
            self._change(0, 0)

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> TopRow: ...
    @overload
    def __getitem__(self, place: slice) -> list[TopRow]: ...
    def __getitem__(self, place: int | slice) -> TopRow | list[TopRow]:
        """A row, or a list of some."""
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        frame, percent = int(self._order[place]), 100 / self._tree.total if self._tree.total else 0.0
        flat, flat_samples, cum, cum_samples = (int(column[frame]) for column in self._sums)
        return TopRow(
            frame=self._tree.frames[frame],
            frame_id=frame,
            flat=flat,
            flat_percent=flat * percent,
            sum_percent=int(self._running[place]) * percent,
            cum=cum,
            cum_percent=cum * percent,
            flat_samples=flat_samples,
            cum_samples=cum_samples,
            cause=self._causes[0][self._causes[1][frame]] if self._causes is not None else "",
            change=self._change(place, frame),
        )

    def _change(self, place: int, frame: int) -> FunctionChange | None:
        change = self._tree.change
        if change is None:
            return None
        if frame not in self._changes:
            place %= max(len(self), 1)
            frames = self._order[place : place + BATCH].tolist()
            self._changes.update(zip(frames, change.of_functions(self._sums[0], self._sums[2], frames), strict=True))
        return self._changes.get(frame)

    def turned(self) -> TopRows:
        """The rows the other way round, with shares that add up from the new top."""
        return TopRows(self._tree, self._sums, self._order[::-1], self._causes)

    def place_of(self, frame_id: int) -> int | None:
        """Where the row of a function is; None where it is not listed."""
        places = np.flatnonzero(self._order == frame_id)
        return int(places[0]) if len(places) else None


def top_table(tree: CallTree, view: View, sort: Sort = "flat") -> TopRows:
    """The functions of a tree that was not inverted, sorted; those under the view's minimum are left out.

    `sum_percent` adds up `flat_percent` from the top in the order given. Sorted by `delta`, significant changes come
    first, the largest at the top; without a comparison that is `flat`.
    """
    sums = flat, _, cum, cum_samples = function_sums(tree)
    shown = np.flatnonzero(_listed(tree, view, cum, cum_samples))
    if sort == "delta" and tree.change is not None:
        order = _by_change(tree.change, flat, cum, shown, _ranks(tree.frames, lower=False))
    elif sort == "name":
        order = shown[np.argsort(_ranks(tree.frames, lower=True)[shown])]
    else:
        names = _ranks(tree.frames, lower=False)[shown]
        first, second = (cum, flat) if sort == "cum" else (flat, cum)
        order = shown[np.lexsort((names, -second[shown], -first[shown]))]
    waits = "offcpu" in parts_of(view.kind)
    return TopRows(tree, sums, order, frame_causes(tree, outermost_boxes(tree)) if waits else None)


_RANKED: dict[bool, tuple[list[Frame], int, IntArray]] = {}
"""The last ranks of each kind: the frames of a profile are added to, but keep their names."""


def _ranks(frames: list[Frame], lower: bool) -> IntArray:
    """For each frame its place by name; `lower`: with small and capital letters alike first."""
    known = _RANKED.get(lower)
    if known is not None and known[0] is frames and known[1] == len(frames):
        return known[2]
    names = [_name(frame) for frame in frames]
    order = sorted(range(len(names)), key=lambda frame: (names[frame][0].lower() if lower else "", names[frame]))
    ranks = np.empty(len(names), dtype=np.int64)
    ranks[order] = np.arange(len(names))
    _RANKED[lower] = (frames, len(names), ranks)
    return ranks


def _name(frame: Frame) -> tuple[str, str, str]:
    return (frame.name, frame.place, frame.language.value)


def _sums(tree: CallTree) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    if tree.change is None:
        return function_sums(tree)
    sums = tree.change.functions_now
    return sums.flat, sums.flat_samples, sums.cum, sums.cum_samples


def _listed(tree: CallTree, view: View, cum: IntArray, cum_samples: IntArray) -> npt.NDArray[np.bool_]:
    """Which frames are not under the view's minimum, in a comparison on either side."""
    fewest = max(view.minimum_samples, 1)
    some = (cum_samples >= fewest) | ((cum != 0) & (fewest == 1))  # a wait that lasts has not been once yet
    listed: npt.NDArray[np.bool_] = some & (np.abs(cum) >= view.minimum_share * abs(tree.total))
    if tree.change is not None:
        was, least = tree.change.functions, view.minimum_share * abs(tree.change.sides.was.total)
        listed |= (was.cum_samples >= fewest) & (np.abs(was.cum) >= least)
    return listed


def _significant(change: TreeChange) -> npt.NDArray[np.bool_]:
    """For each frame whether it changed beyond noise, itself or with what it calls."""
    significant: npt.NDArray[np.bool_] = (change.flat_steps != 0) | (change.cum_steps != 0)
    return significant


def _by_change(change: TreeChange, flat: IntArray, cum: IntArray, shown: IntArray, ranks: IntArray) -> IntArray:
    """Frames in the order of how much there is to say of their change: a function that changed itself comes before
    those that only call it."""
    flats = np.abs(change.sides.points(flat, change.functions.flat))[shown]
    cums = np.abs(change.sides.points(cum, change.functions.cum))[shown]
    score = flats * (change.flat_steps[shown] != 0) + cums * (change.cum_steps[shown] != 0)
    order = np.lexsort((ranks[shown], -np.maximum(flats, cums), -score, ~_significant(change)[shown]))
    ordered: IntArray = shown[order]
    return ordered


def function_sums(tree: CallTree) -> FunctionSums:
    """For each of the tree's frames: flat, flat samples, cum, cum samples, recursion counted once.

    A box counts towards cum unless one above it is of the same frame.
    """
    every = np.flatnonzero((tree.what == FRAME) & ((tree.flat != 0) | (tree.flat_samples != 0)))
    outermost = outermost_boxes(tree)

    def added(column: IntArray, boxes: IntArray) -> IntArray:
        sums = np.zeros(len(tree.frames), dtype=np.int64)
        np.add.at(sums, tree.refs[boxes], column[boxes])
        return sums

    flat_samples, cum_samples = added(tree.flat_samples, every), added(tree.cum_samples, outermost)
    if tree.worth:
        return flat_samples * tree.worth, flat_samples, cum_samples * tree.worth, cum_samples
    return added(tree.flat, every), flat_samples, added(tree.cum, outermost), cum_samples


def outermost_boxes(tree: CallTree) -> IntArray:
    """The boxes of frames that have no box of the same frame above them, ordered by frame.

    In pre-order a box has one when it starts before the end of an earlier box of its frame, so that one running maximum
    a frame decides.
    """
    boxes = np.flatnonzero(tree.what == FRAME)
    codes = np.sort(tree.refs[boxes].astype(np.int64) << 32 | boxes)
    boxes = codes & 0xFFFFFFFF
    reach = np.maximum.accumulate((codes & ~0xFFFFFFFF) + tree.ends[boxes])
    outermost = np.concatenate(([True], codes[1:] >= reach[:-1]))[: len(boxes)]
    found: IntArray = boxes[outermost]
    return found
