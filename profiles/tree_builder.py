"""From a view's rows to its call tree: merged by function, cumulated, and put in pre-order."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .call_tree import CallTree, SmallArray, path_hashes
from .groups import Group, group_series
from .locations import Frame
from .merging import WHAT, Boxes, Merger
from .order import OrderMemory, heavy
from .profile import Profile
from .reshaping import reshaped
from .selection import IntArray, Rows, distinct, picked
from .view import View
from .vocabulary import PEER, WAITING, Language

WAITS = (WAITING, PEER)
"""What tells of a wait is no function of the kernel's."""


def build_tree(profile: Profile, view: View, memory: OrderMemory | None = None) -> CallTree:
    """The call tree of a view, a comparison where it has a baseline. `memory` keeps the order of siblings."""
    if view.baseline is None:
        return build_call_tree(profile, view, memory)
    from .comparison import build_comparison  # it is built on this module, and few views need it

    return build_comparison(profile, view, memory)


def build_call_tree(profile: Profile, view: View, memory: OrderMemory | None = None) -> CallTree:
    """The call tree of a view. `memory` keeps the order of siblings from one refresh to the next."""
    groups, group_of_series = group_series(profile, view.first_level)
    pairs, samples, values = _by_group(picked(profile, view), group_of_series)
    return tree_of(profile, view, groups, pairs, samples, values, memory)[0]


def tree_of(
    profile: Profile,
    view: View,
    groups: list[Group],
    pairs: IntArray,
    samples: IntArray,
    values: IntArray,
    memory: OrderMemory | None = None,
    same_frames: IntArray | None = None,
) -> tuple[CallTree, SmallArray]:
    """The call tree of stacks, and the box where each of them ends.

    `pairs` are sorted (group << 32 | leaf node) keys, each once; `samples` and `values` what was counted of each.
    `same_frames` gives for each frame the one that stands for it (None: itself).
    """
    merger = Merger(profile, view, hidden_frames(profile.frames, view), same_frames)
    leaves = merger.leaf_first(pairs) if view.inverted else merger.root_first(pairs)
    boxes = merger.boxes()
    if view.focus or view.collapsed:
        boxes, leaves = reshaped(boxes, leaves, profile.frames, view)
    del merger  # its columns are as large as the tree
    worth = _worth(samples, values)
    by_samples = _cumulated(boxes, leaves, samples)
    by_value = _worth_of(by_samples, worth) if worth else _cumulated(boxes, leaves, values)
    tree, places = _tree(profile, groups, boxes, by_value, by_samples, worth, memory)
    return tree, places[leaves]


def hidden_frames(frames: list[Frame], view: View) -> npt.NDArray[np.bool_]:
    """For each frame whether the view leaves it out."""
    hidden = np.zeros(len(frames), dtype=np.bool_)
    if not view.kernel:
        hidden |= _those(frames, lambda frame: frame.language is Language.KERNEL and frame.binary not in WAITS)
    if not view.interpreter and any(frame.language is Language.PYTHON for frame in frames):
        hidden |= _those(frames, lambda frame: frame.is_interpreter)
    if view.hidden:
        match = re.compile("|".join(translate(pattern) for pattern in view.hidden)).match
        hidden |= _those(frames, lambda frame: match(frame.name) is not None)
    return hidden


def _those(frames: list[Frame], condition: Callable[[Frame], bool]) -> npt.NDArray[np.bool_]:
    return np.fromiter(map(condition, frames), dtype=np.bool_, count=len(frames))


def _by_group(rows: Rows, group_of_series: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Rows added up by group: sorted (group << 32 | node) keys, samples, values."""
    keys, places = distinct(group_of_series[rows.series] << 32 | rows.nodes)
    samples, values = np.zeros((2, len(keys)), dtype=np.int64)
    np.add.at(samples, places, rows.samples)
    np.add.at(values, places, rows.values)
    return keys, samples, values


def _worth(samples: IntArray, values: IntArray) -> int:
    """What each sample is worth, 0 where that differs: mostly it does not, and then all need be added up but once."""
    worth = int(values[0] // max(samples[0], 1)) if len(samples) else 0
    return worth if np.array_equal(samples * worth, values) else 0


Number = TypeVar("Number", np.int8, np.int32, np.int64)

Sums = tuple[IntArray, IntArray]
"""Flat and cumulated, a column each."""


def _worth_of(samples: Sums, worth: int) -> Sums:
    return samples if worth == 1 else (samples[0] * worth, samples[1] * worth)


def _cumulated(boxes: Boxes, leaves: SmallArray, numbers: IntArray) -> Sums:
    flat = np.zeros(len(boxes.keys), dtype=np.int64)
    np.add.at(flat, leaves, numbers)
    return flat, boxes.summed(flat)


def _tree(
    profile: Profile,
    groups: list[Group],
    boxes: Boxes,
    values: Sums,
    samples: Sums,
    worth: int,
    memory: OrderMemory | None,
) -> tuple[CallTree, SmallArray]:
    """The tree, and where in it each box is."""
    sizes = boxes.summed(np.ones(len(boxes.keys), dtype=np.int32))
    weights = values[1] if memory is None else _settled(memory, boxes, values[1], profile.frames, groups)
    places = _preorder(boxes, sizes, weights)
    depths = np.repeat(np.arange(len(boxes.levels), dtype=np.int32), np.diff(boxes.starts))

    def ordered(column: npt.NDArray[Number]) -> npt.NDArray[Number]:
        put = np.empty_like(column)
        put[places] = column
        return put

    flat_samples, cum_samples = ordered(samples[0]), ordered(samples[1])
    flat, cum = _worth_of((flat_samples, cum_samples), worth) if worth else (ordered(values[0]), ordered(values[1]))
    tree = CallTree(
        what=ordered((boxes.keys >> WHAT).astype(np.int8)),
        refs=ordered(boxes.keys & (1 << WHAT) - 1),
        parents=ordered(places[boxes.above]),
        ends=ordered(places + sizes),
        depths=ordered(depths),
        flat=flat,
        cum=cum,
        flat_samples=flat_samples,
        cum_samples=cum_samples,
        groups=groups,
        frames=profile.frames,
        worth=worth,
    )
    return tree, places


def _settled(memory: OrderMemory, boxes: Boxes, cum: IntArray, frames: list[Frame], groups: list[Group]) -> IntArray:
    """The weights to order by, as the memory wants them: those of boxes that are wide enough to be seen."""
    seen = heavy(cum)
    for level in boxes.levels[:0:-1]:
        seen[boxes.above[level][seen[level]]] = True
    chosen = np.flatnonzero(seen)
    above = np.searchsorted(chosen, boxes.above[chosen])
    borders = np.searchsorted(chosen, boxes.starts).tolist()
    levels = [slice(begin, end) for begin, end in pairwise(borders)]
    paths = path_hashes(boxes.keys[chosen] >> WHAT, boxes.keys[chosen] & (1 << WHAT) - 1, above, levels, frames, groups)
    weights = cum.copy()
    weights[chosen] = memory.settle(paths, cum[chosen])
    return weights


def _preorder(boxes: Boxes, sizes: SmallArray, weights: IntArray) -> SmallArray:
    """The place of each box in pre-order, heavier siblings first; equal weights go by key, so that they keep still."""
    before = np.zeros(len(sizes), dtype=np.int32)
    first = np.concatenate(([True], boxes.above[1:] != boxes.above[:-1]))
    first[:2] = True
    alone = first & np.concatenate((first[1:], [True]))
    siblings = np.flatnonzero(~alone)
    if len(siblings):
        parents = boxes.above[siblings]
        siblings = siblings[np.lexsort((-weights[siblings], parents))]
        so_far = np.cumsum(sizes[siblings]) - sizes[siblings]
        starts = np.concatenate(([True], parents[1:] != parents[:-1]))
        before[siblings] = so_far - so_far[np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))]
    places = np.zeros(len(sizes), dtype=np.int32)
    for level in boxes.levels[1:]:
        places[level] = places[boxes.above[level]] + 1 + before[level]
    return places
