"""The table of top functions: flat and cumulated, recursion counted once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .call_tree import FRAME, CallTree
from .change import FunctionChange
from .locations import Frame
from .selection import IntArray
from .view import View

Sort = Literal["flat", "cum", "delta", "name"]


@dataclass(frozen=True, slots=True)
class TopRow:
    """One function. Values are in the kind's unit; percentages are of the view's total (0 when that is 0).

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
    change: FunctionChange | None = None


def top_table(tree: CallTree, view: View, sort: Sort = "flat") -> list[TopRow]:
    """The functions of a tree that was not inverted, sorted; those under the view's minimum are left out.

    `sum_percent` adds up `flat_percent` from the top in the order given. Sorted by `delta`, significant changes come
    first, the largest at the top; without a comparison that is `flat`.
    """
    flat, flat_samples, cum, cum_samples = function_sums(tree)
    shown = np.flatnonzero(_listed(tree, view, cum, cum_samples))
    changes = tree.change.of_functions(flat, cum, shown.tolist()) if tree.change is not None else None
    frames = [tree.frames[frame] for frame in shown.tolist()]
    names = [(frame.name, frame.place, frame.language.value) for frame in frames]
    keys: dict[Sort, Callable[[int], tuple[object, ...]]] = {
        "flat": lambda place: (-int(flat[shown[place]]), -int(cum[shown[place]]), *names[place]),
        "cum": lambda place: (-int(cum[shown[place]]), -int(flat[shown[place]]), *names[place]),
        "name": lambda place: (names[place][0].lower(), *names[place]),
    }
    keys["delta"] = keys["flat"] if changes is None else _by_change(changes, names)
    order = sorted(range(len(shown)), key=keys[sort])
    percent = 100 / tree.total if tree.total else 0.0
    rows, running = [], 0
    for place in order:
        frame = int(shown[place])
        running += int(flat[frame])
        rows.append(
            TopRow(
                frame=tree.frames[frame],
                frame_id=frame,
                flat=int(flat[frame]),
                flat_percent=int(flat[frame]) * percent,
                sum_percent=running * percent,
                cum=int(cum[frame]),
                cum_percent=int(cum[frame]) * percent,
                flat_samples=int(flat_samples[frame]),
                cum_samples=int(cum_samples[frame]),
                change=changes[place] if changes is not None else None,
            )
        )
    return rows


def _listed(tree: CallTree, view: View, cum: IntArray, cum_samples: IntArray) -> npt.NDArray[np.bool_]:
    """Which frames are not under the view's minimum, in a comparison on either side."""
    fewest = max(view.minimum_samples, 1)
    listed: npt.NDArray[np.bool_] = (cum_samples >= fewest) & (np.abs(cum) >= view.minimum_share * abs(tree.total))
    if tree.change is not None:
        was, least = tree.change.functions, view.minimum_share * abs(tree.change.sides.was.total)
        listed |= (was.cum_samples >= fewest) & (np.abs(was.cum) >= least)
    return listed


def _by_change(changes: list[FunctionChange], names: list[tuple[str, str, str]]) -> Callable[[int], tuple[object, ...]]:
    def key(place: int) -> tuple[object, ...]:
        change = changes[place]
        rest = max(abs(change.flat.points), abs(change.cum.points))
        return (not change.significant, -change.score, -rest, *names[place])

    return key


def function_sums(tree: CallTree) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """For each of the tree's frames: flat, flat samples, cum, cum samples, recursion counted once.

    A box counts towards cum unless one above it is of the same frame.
    """
    every = np.flatnonzero(tree.what == FRAME)
    outermost = outermost_boxes(tree)

    def added(column: IntArray, boxes: IntArray) -> IntArray:
        sums = np.zeros(len(tree.frames), dtype=np.int64)
        np.add.at(sums, tree.refs[boxes], column[boxes])
        return sums

    flat, cum = added(tree.flat, every), added(tree.cum, outermost)
    if tree.flat_samples is tree.flat and tree.cum_samples is tree.cum:
        return flat, flat, cum, cum
    return flat, added(tree.flat_samples, every), cum, added(tree.cum_samples, outermost)


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
