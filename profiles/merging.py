"""From stacks to the boxes of a call tree: equal paths of frames become one box, level by level.

All work on a level is numpy's, on whole columns at once: a tree of a million boxes takes tenths of a second, and
other threads go on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .call_tree import END, FRAME, GROUP, SmallArray
from .profile import Profile
from .selection import IntArray, distinct
from .stacks import ROOTS
from .view import View

LOW = 0xFFFFFFFF
Number = TypeVar("Number", np.int32, np.int64)

WHAT = 29
"""A box's key is what it is, shifted by this, and what it refers to."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes level by level, those below one box beside one another in the order of their keys; box 0 is `all`.

    `above` has the box above each, `keys` the key of each, `starts` where each level begins, and then the end.
    """

    above: SmallArray
    keys: SmallArray
    starts: list[int]

    @property
    def levels(self) -> list[slice]:
        """The boxes of each level, from `all` down."""
        return [slice(begin, end) for begin, end in pairwise(self.starts)]

    def summed(self, column: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """For each box the sum over it and all boxes below it."""
        sums = column.copy()
        for level in self.levels[:0:-1]:
            above = self.above[level]
            first = np.flatnonzero(np.concatenate(([True], above[1:] != above[:-1])))
            sums[above[first]] += np.add.reduceat(sums[level], first, dtype=sums.dtype)
        return sums


@dataclass(frozen=True, slots=True)
class _Steps:
    """One step a box that a stack goes through, those of a shorter way first within a level.

    `above` is the step before each (-1: none), `keys` the box's key, `levels` how deep it is; `last` has the last step
    of each pair (-1: none), `places` which of the pairs are those that were asked for.
    """

    above: SmallArray
    keys: SmallArray
    levels: SmallArray
    last: SmallArray
    places: IntArray

    def by_level(self) -> Iterator[IntArray | slice]:
        """The steps of each level, from the first down."""
        rising = bool((self.levels[1:] >= self.levels[:-1]).all())
        order = None if rising else np.argsort(self.levels, kind="stable")
        borders = np.flatnonzero(np.diff(self.levels if order is None else self.levels[order])) + 1
        for begin, end in zip([0, *borders.tolist()], [*borders.tolist(), len(self.levels)], strict=True):
            if begin < end:
                yield slice(begin, end) if order is None else order[begin:end]


class Merger:
    """Merges the stacks of one profile under one view.

    `hidden` says of each frame whether it is left out, `same_frames` which frame stands for it (None: itself).
    """

    def __init__(
        self, profile: Profile, view: View, hidden: npt.NDArray[np.bool_], same_frames: IntArray | None = None
    ) -> None:
        stacks = profile.stacks
        self._parents = np.array(stacks.parents, dtype=np.uint32).astype(np.int32)
        self._locations = np.array(stacks.locations, dtype=np.uint32).astype(np.int32)
        self._locations[:ROOTS] = 0
        self._depths = np.array(stacks.depths, dtype=np.uint16)
        self._grouped = view.first_level != "none"
        self._first, self._frames = _shown_frames(profile, hidden, view.inverted)
        if same_frames is not None and len(same_frames):
            self._frames = same_frames[self._frames].astype(np.int32)
        self._above: list[SmallArray] = [np.zeros(1, dtype=np.int32)]
        self._keys: list[SmallArray] = [np.zeros(1, dtype=np.int32)]
        self._starts = [0, 1]

    def boxes(self) -> Boxes:
        """All boxes made."""
        return Boxes(np.concatenate(self._above), np.concatenate(self._keys), self._starts)

    def root_first(self, pairs: IntArray) -> SmallArray:
        """Make the boxes of stacks read root first; gives the leaf box of each (group << 32 | node), sorted ones."""
        steps = self._steps(pairs)
        boxes = np.zeros(len(steps.keys) + 1, dtype=np.int32)  # one more: what -1 leads to is `all`
        for level in steps.by_level():
            boxes[:-1][level] = self._merge(boxes[steps.above[level]], steps.keys[level])
        leaves: SmallArray = boxes[steps.last[steps.places]]
        return leaves

    def leaf_first(self, pairs: IntArray) -> SmallArray:
        """The same of stacks read leaf first: every pair walks from its leaf to its root, all one box at a time."""
        nodes = (pairs & LOW).astype(np.int32)
        boxes = np.zeros(len(pairs), dtype=np.int32)
        if self._grouped and len(pairs):
            boxes = self._merge(boxes, (pairs >> 32).astype(np.int32) | GROUP << WHAT)
        counts, done = self._counts(nodes), np.zeros(len(pairs), dtype=np.int32)
        while len(going := self._on_to_shown(nodes, done, counts)):
            boxes[going] = self._merge(boxes[going], self._keys_of(nodes[going], done[going]))
            done[going] += 1
        return boxes

    def _on_to_shown(self, nodes: SmallArray, done: SmallArray, counts: SmallArray) -> IntArray:
        """Move pairs whose node has nothing left on towards the root; gives those that then have something to show."""
        spent = np.flatnonzero((done >= counts) & (nodes >= ROOTS))
        while len(spent):
            nodes[spent], done[spent] = self._parents[nodes[spent]], 0
            counts[spent] = self._counts(nodes[spent])
            spent = spent[(counts[spent] == 0) & (nodes[spent] >= ROOTS)]
        going: IntArray = np.flatnonzero(done < counts)
        return going

    def _counts(self, nodes: SmallArray) -> SmallArray:
        """How many boxes each node stands for: its frames that are shown; the root of a truncated stack is one."""
        locations = self._locations[nodes]
        shown = self._first[locations + 1] - self._first[locations]
        counts: SmallArray = np.where(nodes < ROOTS, nodes != 0, shown).astype(np.int32)
        return counts

    def _keys_of(self, nodes: SmallArray, steps: SmallArray) -> SmallArray:
        """The keys of the boxes that nodes stand for, the one at `steps` of each."""
        keys = nodes | END << WHAT
        framed = nodes >= ROOTS
        keys[framed] = self._frames[self._first[self._locations[nodes[framed]]] + steps[framed]] | FRAME << WHAT
        return keys

    def _steps(self, pairs: IntArray) -> _Steps:
        every, up, borders, places = self._with_ancestors(pairs)
        nodes = (every & LOW).astype(np.int32)
        counts = self._counts(nodes)
        roots = borders[1]
        counts[:roots] += self._grouped
        ends = np.cumsum(counts, dtype=np.int32)
        deep = np.zeros(len(every) + 1, dtype=np.int32)
        last = np.full(len(every) + 1, -1, dtype=np.int32)
        for begin, end in pairwise(borders):
            level = slice(begin, end)
            deep[level] = deep[up[level]] + counts[level]
            last[level] = np.where(counts[level] > 0, ends[level] - 1, last[up[level]])
        if (counts == 1).all():
            return _Steps(last[up], self._first_keys(every, nodes, roots), deep[:-1], last, places)
        owners = np.repeat(np.arange(len(every), dtype=np.int32), counts)
        number = np.arange(len(owners), dtype=np.int32) - (ends - counts)[owners]
        above = np.where(number > 0, np.arange(-1, len(owners) - 1, dtype=np.int32), last[up[owners]])
        keys = np.where(number > 0, self._keys_of(nodes[owners], number), self._first_keys(every, nodes, roots)[owners])
        return _Steps(above, keys, deep[owners] - counts[owners] + number, last, places)

    def _first_keys(self, every: IntArray, nodes: SmallArray, roots: int) -> SmallArray:
        """The key of the first box of each pair; the first `roots` of them begin with their group's."""
        keys = self._keys_of(nodes, np.zeros(len(nodes), dtype=np.int32))
        if self._grouped:
            keys[:roots] = (every[:roots] >> 32).astype(np.int32) | GROUP << WHAT
        return keys

    def _with_ancestors(self, pairs: IntArray) -> tuple[IntArray, SmallArray, list[int], IntArray]:
        """The pairs and all their ancestors in the same group, each once, roots first, then depth by depth.

        Gives them, the place of the one above each (-1: none), where each depth begins, and the places of `pairs`.
        """
        depths = self._depths[pairs & LOW]
        order = np.argsort(depths, kind="stable")
        deepest = int(depths.max(initial=0))
        borders = np.searchsorted(depths[order], np.arange(deepest + 2))
        coming = np.zeros(0, dtype=np.int64)
        levels: list[IntArray] = []
        up: list[IntArray] = []
        places = np.zeros(len(pairs), dtype=np.int64)
        for depth in range(deepest, -1, -1):
            own = order[borders[depth] : borders[depth + 1]]
            here, found = distinct(np.concatenate((coming, pairs[own])))
            up.append(found[: len(coming)])
            places[own] = found[len(coming) :]
            levels.append(here)
            coming = (here & ~LOW) | self._parents[here & LOW]
        starts = np.concatenate(([0], np.cumsum([len(level) for level in levels[::-1]])))
        places += starts[depths]
        above = [np.full(len(levels[-1]), -1)] + [places + starts[i] for i, places in enumerate(up[:0:-1])]
        return np.concatenate(levels[::-1]), np.concatenate(above).astype(np.int32), starts.tolist(), places

    def _merge(self, above: SmallArray, keys: SmallArray) -> SmallArray:
        """The box of each (box above, key): a new level."""
        codes, places = distinct(above.astype(np.int64) << 32 | keys)
        base = self._starts[-1]
        self._above.append((codes >> 32).astype(np.int32))
        self._keys.append((codes & LOW).astype(np.int32))
        self._starts.append(base + len(codes))
        return (places + base).astype(np.int32)


def _shown_frames(profile: Profile, hidden: npt.NDArray[np.bool_], inverted: bool) -> tuple[SmallArray, SmallArray]:
    """Where each location's frames begin (one more than locations), and the frames, without those left out."""
    per_location = profile.location_frames
    sizes = np.fromiter(map(len, per_location), dtype=np.int32, count=len(per_location))
    step = 1 if inverted else -1
    frames = np.array([frame for frames in per_location for frame in frames[::step]], dtype=np.int32)
    shown = ~hidden[frames]
    kept = np.concatenate(([0], np.cumsum(shown, dtype=np.int32)))
    borders = np.concatenate(([0], np.cumsum(sizes)))
    # one more of each, so that nodes without a location or a frame have a place to look at, if not to use
    return np.append(kept[borders], kept[-1]).astype(np.int32), np.append(frames[shown], 0).astype(np.int32)
