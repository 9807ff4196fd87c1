"""The causes of the waits under each box of a call tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from .call_tree import FRAME, CallTree
from .causes import cause_of_leaf
from .selection import IntArray
from .vocabulary import WAITING


def waits_by_cause(tree: CallTree) -> Iterator[tuple[str, IntArray]]:
    """Each cause in a tree, and what of each box's value are waits for it."""
    boxes = np.flatnonzero(tree.what == FRAME)
    of_frames = {place: frame.name for place, frame in enumerate(tree.frames) if frame.binary == WAITING}
    boxes = boxes[np.isin(tree.refs[boxes], list(of_frames))] if of_frames else boxes[:0]
    names = np.array([cause_of_leaf(of_frames[ref]) for ref in tree.refs[boxes].tolist()], dtype=object)
    for cause in sorted(set(names.tolist())):
        own = boxes[names == cause]
        starts, borders = np.zeros(len(tree) + 1, dtype=np.int64), np.zeros(len(tree) + 1, dtype=np.int64)
        starts[own + 1] = tree.cum[own]
        borders[own] += 1
        np.add.at(borders, tree.ends[own], -1)
        before = np.cumsum(starts)
        below = before[tree.ends] - before[:-1]
        yield cause, np.where(np.cumsum(borders)[:-1] > 0, tree.cum, below)


def box_causes(tree: CallTree) -> tuple[list[str], npt.NDArray[np.int8]]:
    """The causes in a tree, the first of them empty, and for each box that of most of its time; 0: it ran, mostly."""
    return _largest(tree, tree.cum.astype(np.int64), lambda waited: waited)


def frame_causes(tree: CallTree, boxes: IntArray) -> tuple[list[str], npt.NDArray[np.int8]]:
    """The same for each function, whose time is that of these boxes."""

    def summed(column: IntArray) -> IntArray:
        sums = np.zeros(len(tree.frames), dtype=np.int64)
        np.add.at(sums, tree.refs[boxes], column[boxes])
        return sums

    return _largest(tree, summed(tree.cum), summed)


def _largest(
    tree: CallTree, whole: IntArray, of: Callable[[IntArray], IntArray]
) -> tuple[list[str], npt.NDArray[np.int8]]:
    names, left = [""], whole.copy()
    most, found = np.zeros(len(whole), dtype=np.int64), np.zeros(len(whole), dtype=np.int8)
    for cause, column in waits_by_cause(tree):
        waited = of(column)
        left -= waited
        found[waited > most] = len(names)
        most = np.maximum(most, waited)
        names.append(cause)
    found[left > most] = 0
    return names, found
