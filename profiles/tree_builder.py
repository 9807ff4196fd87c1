"""From a view's rows to its call tree: merged by function, cumulated, and put in pre-order.

The stack table is walked a level at a time, so that numpy does the work for all stacks of one depth at once.
"""

from __future__ import annotations

import re
from fnmatch import translate

import numpy as np
import numpy.typing as npt

from .call_tree import END, FRAME, GROUP, CallTree
from .groups import Group, group_series
from .locations import Frame
from .order import OrderMemory
from .profile import Profile
from .selection import IntArray, Rows, select
from .stacks import ROOTS
from .view import View
from .vocabulary import Language, StackEnd

LOW = 0xFFFFFFFF


def build_call_tree(profile: Profile, view: View, memory: OrderMemory | None = None) -> CallTree:
    """The call tree of a view. `memory` keeps the order of siblings from one refresh to the next."""
    rows = select(profile, view)
    groups, group_of_series = group_series(profile, view.first_level)
    builder = _Builder(profile, view, groups)
    pairs, samples, values = _by_group(rows, group_of_series)
    leaves = (builder.add_inverted if view.inverted else builder.add)(pairs)
    return builder.finish(leaves, samples, values, memory)


def hidden_frames(frames: list[Frame], view: View) -> npt.NDArray[np.bool_]:
    """For each frame whether the view leaves it out."""
    match = re.compile("|".join(translate(pattern) for pattern in view.hidden)).match if view.hidden else None
    return np.fromiter(
        (
            (not view.kernel and frame.language is Language.KERNEL) or (match is not None and bool(match(frame.name)))
            for frame in frames
        ),
        dtype=np.bool_,
        count=len(frames),
    )


def _by_group(rows: Rows, group_of_series: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Rows added up by group: sorted (group << 32 | node) keys, samples, values."""
    keys, inverse = np.unique(group_of_series[rows.series] << 32 | rows.nodes, return_inverse=True)
    sums = np.zeros((2, len(keys)), dtype=np.int64)
    np.add.at(sums[0], inverse, rows.samples)
    np.add.at(sums[1], inverse, rows.values)
    return keys, sums[0], sums[1]


class _Builder:
    """Boxes in the order of their making. A box is known by (box above, key); key is what << 32 | ref."""

    def __init__(self, profile: Profile, view: View, groups: list[Group]) -> None:
        self._profile = profile
        self._view = view
        self._groups = groups
        self._hidden = hidden_frames(profile.frames, view)
        stacks = profile.stacks
        self._parents_of_nodes = np.array(stacks.parents, dtype=np.int64)
        self._locations_of_nodes = np.array(stacks.locations, dtype=np.int64)
        self._depths_of_nodes = np.array(stacks.depths, dtype=np.int64)
        self._first_frame, self._frame_list = self._frame_columns()
        self._known: dict[tuple[int, int], int] = {}
        self._above = [0]
        self._keys = [0]
        self._depths = [0]

    def add(self, pairs: IntArray) -> IntArray:
        """Boxes for stacks root first; gives the leaf box of each (group, node) pair. `pairs` are sorted."""
        keys = self._with_ancestors(pairs)
        nodes = keys & LOW
        order = np.argsort(self._depths_of_nodes[nodes], kind="stable")
        borders = np.flatnonzero(np.diff(self._depths_of_nodes[nodes][order])) + 1
        boxes = np.zeros(len(keys), dtype=np.int64)
        for depth, level in enumerate(np.split(order, borders)):
            if depth == 0:
                boxes[level] = self._truncated(self._grouped(keys[level] >> 32), nodes[level])
                continue
            above = np.searchsorted(keys, (keys[level] & ~LOW) | self._parents_of_nodes[nodes[level]])
            boxes[level] = self._descend(boxes[above], self._locations_of_nodes[nodes[level]])
        leaves: IntArray = boxes[np.searchsorted(keys, pairs)]
        return leaves

    def add_inverted(self, pairs: IntArray) -> IntArray:
        """Boxes for stacks leaf first: every pair walks from its leaf to its root, all one step at a time."""
        nodes = pairs & LOW
        boxes = self._grouped(pairs >> 32)
        going = nodes >= ROOTS
        while going.any():
            boxes[going] = self._descend(boxes[going], self._locations_of_nodes[nodes[going]])
            nodes[going] = self._parents_of_nodes[nodes[going]]
            going = nodes >= ROOTS
        return self._truncated(boxes, nodes)

    def finish(self, leaves: IntArray, samples: IntArray, values: IntArray, memory: OrderMemory | None) -> CallTree:
        """The tree in pre-order, with the given counts at the leaves."""
        above, keys, depths = (np.array(column, dtype=np.int64) for column in (self._above, self._keys, self._depths))
        flat = np.zeros((2, len(keys)), dtype=np.int64)
        np.add.at(flat[0], leaves, samples)
        np.add.at(flat[1], leaves, values)
        by_depth = np.argsort(depths, kind="stable")
        levels = np.split(by_depth, np.flatnonzero(np.diff(depths[by_depth])) + 1)
        cum, sizes = flat.copy(), np.ones(len(keys), dtype=np.int64)
        for level in reversed(levels[1:]):
            for column in (cum[0], cum[1], sizes):
                np.add.at(column, above[level], column[level])
        paths = self._paths(above, keys, levels)
        weights = memory.settle(paths, cum[1]) if memory is not None else cum[1]
        places = _preorder(above, levels, sizes, weights, paths)
        order = np.argsort(places)
        return CallTree(
            what=(keys >> 32).astype(np.int8)[order],
            refs=(keys & LOW)[order],
            parents=places[above][order],
            ends=(places + sizes)[order],
            depths=depths[order],
            flat=flat[1, order],
            cum=cum[1, order],
            flat_samples=flat[0, order],
            cum_samples=cum[0, order],
            paths=paths[order],
            groups=self._groups,
            frames=self._profile.frames,
        )

    def _frame_columns(self) -> tuple[IntArray, IntArray]:
        """The frames of all locations in one column, and where each location's start (one more than locations)."""
        per_location = self._profile.location_frames
        sizes = np.fromiter((len(frames) for frames in per_location), dtype=np.int64, count=len(per_location))
        step = 1 if self._view.inverted else -1
        column = [frame for frames in per_location for frame in frames[::step]]
        return np.concatenate(([0], np.cumsum(sizes))), np.array(column, dtype=np.int64)

    def _with_ancestors(self, pairs: IntArray) -> IntArray:
        """The pairs and all their ancestors in the same group, sorted, each once."""
        found, frontier = [pairs], pairs
        while len(frontier):
            frontier = frontier[(frontier & LOW) >= ROOTS]
            frontier = np.unique((frontier & ~LOW) | self._parents_of_nodes[frontier & LOW])
            found.append(frontier)
        return np.unique(np.concatenate(found))

    def _grouped(self, groups: IntArray) -> IntArray:
        boxes = np.zeros(len(groups), dtype=np.int64)
        return boxes if self._view.first_level == "none" else self._merge(boxes, GROUP << 32 | groups)

    def _truncated(self, boxes: IntArray, roots: IntArray) -> IntArray:
        """The same boxes, those of truncated stacks moved on to a box that says how they ended."""
        truncated = roots != StackEnd.COMPLETE
        boxes[truncated] = self._merge(boxes[truncated], END << 32 | roots[truncated])
        return boxes

    def _descend(self, above: IntArray, locations: IntArray) -> IntArray:
        """The boxes of `locations` under the boxes `above`: one step a frame, inlined ones included."""
        boxes = above.copy()
        first, last = self._first_frame[locations], self._first_frame[locations + 1]
        for step in range(int((last - first).max(initial=0))):
            active = np.flatnonzero(first + step < last)
            frames = self._frame_list[first[active] + step]
            shown = ~self._hidden[frames]
            active, frames = active[shown], frames[shown]
            boxes[active] = self._merge(boxes[active], FRAME << 32 | frames)
        return boxes

    def _merge(self, above: IntArray, keys: IntArray) -> IntArray:
        """The box of each (box above, key), made where there is none yet."""
        order = np.lexsort((keys, above))
        changes = (np.diff(above[order]) != 0) | (np.diff(keys[order]) != 0)
        new = np.concatenate(([True], changes))[: len(order)]
        first = order[new]
        pairs = zip(above[first].tolist(), keys[first].tolist(), strict=True)
        distinct = np.array([self._box(pair) for pair in pairs], dtype=np.int64)
        boxes = np.empty(len(above), dtype=np.int64)
        boxes[order] = distinct[np.cumsum(new) - 1]
        return boxes

    def _box(self, pair: tuple[int, int]) -> int:
        box = self._known.get(pair)
        if box is None:
            box = self._known[pair] = len(self._keys)
            self._above.append(pair[0])
            self._keys.append(pair[1])
            self._depths.append(self._depths[pair[0]] + 1)
        return box

    def _paths(self, above: IntArray, keys: IntArray, levels: list[IntArray]) -> npt.NDArray[np.uint64]:
        distinct, places = np.unique(keys, return_inverse=True)
        hashes = [hash(self._identity(key)) & (1 << 64) - 1 for key in distinct.tolist()]
        names = np.array(hashes, dtype=np.uint64)[places]
        paths = names.copy()
        for level in levels[1:]:
            paths[level] = (paths[above[level]] ^ names[level]) * np.uint64(0x9E3779B97F4A7C15)
        return paths

    def _identity(self, key: int) -> tuple[object, ...]:
        what, ref = key >> 32, key & LOW
        if what == FRAME:
            frame = self._profile.frames[ref]
            return (frame.name, frame.binary)
        if what == GROUP:
            group = self._groups[ref]
            return (what, group.name, group.pid, group.tid)
        return (what, ref)


def _preorder(
    above: IntArray, levels: list[IntArray], sizes: IntArray, weights: IntArray, paths: npt.NDArray[np.uint64]
) -> IntArray:
    """The place of each box in pre-order, heavier siblings first; equal weights go by path, so that they keep still."""
    places = np.zeros(len(above), dtype=np.int64)
    for level in levels[1:]:
        parents = above[level]
        level = level[np.lexsort((paths[level], -weights[level], places[parents]))]
        parents = above[level]
        before = np.cumsum(sizes[level]) - sizes[level]
        starts = np.concatenate(([True], np.diff(parents) != 0))
        first = np.maximum.accumulate(np.where(starts, np.arange(len(level)), 0))
        places[level] = places[parents] + 1 + before - before[first]
    return places
