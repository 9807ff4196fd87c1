"""A comparison: one call tree that holds both sides, with what changed in it beyond noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .call_tree import FRAME, CallTree, SmallArray
from .change import Side, Sides, Sums, TreeChange
from .groups import group_series
from .matching import matched_frames, matched_groups, same_programs
from .order import OrderMemory
from .profile import Profile
from .selection import IntArray, distinct
from .significance import FEWEST_SAMPLES, SMALLEST_CHANGE, BoolArray, FloatArray, Sliced, significant
from .slices import SlicedRows, sliced
from .stacks import ROOTS
from .top_table import outermost_boxes
from .tree_builder import tree_of
from .view import View

WIDTH = 1 << 40
"""What the whole is as wide as where widths are shares: enough that nothing is lost to rounding."""

AT_ONCE = 1 << 18
"""Rows that are added up in one go: one by one takes long, all of them much memory."""


def build_comparison(profile: Profile, view: View, memory: OrderMemory | None = None) -> CallTree:
    """The call tree of a view with a baseline: its own values, those of the baseline in `change`.

    It has the boxes of both sides; one that only the baseline has is worth 0.
    """
    base = view.baseline
    beside, other = base is not None and base.beside, view.of_baseline()
    elsewhere = base is not None and base.elsewhere
    if elsewhere:
        there = profile.beside if beside else profile.timeline
        other = replace(other, target=same_programs(profile, view.target, other.target, there))
    now, was = sliced(profile, view), sliced(profile, other, beside)
    groups, group_of_series = group_series(profile, view.first_level)
    seen = [_seen(group_of_series, rows, len(groups)) for rows in (now, was)]
    groups, same = matched_groups(groups, seen[0], seen[1], programs=view.first_level == "process")
    keys = [same[group_of_series[rows.series]] << 32 | rows.nodes for rows in (now, was)]
    pairs, places = distinct(np.concatenate(keys))
    weights, samples = np.zeros((2, len(pairs)), dtype=np.int64)
    np.add.at(weights, places, _weights(now, was, view))
    same_frames = _same_frames(profile, now, was) if elsewhere else None
    tree, boxes = tree_of(profile, view, groups, pairs, samples, weights, memory, same_frames)
    return _Both(tree, view, now, was, boxes[places[: len(now.nodes)]], boxes[places[len(now.nodes) :]]).compared()


def _seen(group_of_series: IntArray, rows: SlicedRows, groups: int) -> BoolArray:
    seen = np.zeros(groups, dtype=np.bool_)
    seen[group_of_series[rows.series]] = True
    return seen


def _same_frames(profile: Profile, now: SlicedRows, was: SlicedRows) -> IntArray:
    parents = np.array(profile.stacks.parents, dtype=np.int64)
    locations = np.array(profile.stacks.locations, dtype=np.int64)

    def seen(rows: SlicedRows) -> BoolArray:
        frames = np.zeros(len(profile.frames), dtype=np.bool_)
        met, nodes = np.zeros(len(parents), dtype=np.bool_), rows.nodes
        while len(nodes):
            nodes = nodes[(nodes >= ROOTS) & ~met[nodes]]
            met[nodes] = True
            nodes = parents[nodes]
        for location in np.flatnonzero(np.bincount(locations[met])).tolist():
            frames[list(profile.location_frames[location])] = True
        return frames

    return matched_frames(profile.frames, seen(now), seen(was))


def _weights(now: SlicedRows, was: SlicedRows, view: View) -> IntArray:
    """What each row adds to the width of its boxes, both sides weighing the same: siblings are ordered by the mean."""
    wholes = [_whole(side, view) for side in (now.side, was.side)]
    parts = [np.rint(rows.values * (WIDTH / whole)) for rows, whole in zip((now, was), wholes, strict=True)]
    weights: IntArray = np.concatenate(parts).astype(np.int64)
    return weights


def _whole(side: Side, view: View) -> float:
    """What values of a side are divided by: its total, or where changes are absolute, its time."""
    return float((side.duration_ns if view.measure == "absolute" else side.total) or 1)


@dataclass(frozen=True, slots=True)
class _Both:
    """A tree over both sides, and the box of each row of either."""

    tree: CallTree
    view: View
    now: SlicedRows
    was: SlicedRows
    now_boxes: SmallArray
    was_boxes: SmallArray

    @property
    def sides(self) -> Sides:
        return Sides(self.now.side, self.was.side, self.view.measure)

    def compared(self) -> CallTree:
        mixed = self.tree
        mine, theirs = self._sums(self.now, self.now_boxes), self._sums(self.was, self.was_boxes)
        tree = replace(
            mixed, flat=mine.flat, cum=mine.cum, flat_samples=mine.flat_samples, cum_samples=mine.cum_samples, worth=0
        )
        outermost = outermost_boxes(tree)
        functions, earlier = self._by_function(mine, outermost), self._by_function(theirs, outermost)
        asked = np.flatnonzero(np.maximum(mine.cum_samples, theirs.cum_samples) >= FEWEST_SAMPLES)
        worth = self._box_slices(asked)
        flat, cum = self._functions_changed(functions, earlier, outermost, asked, worth)
        change = TreeChange(
            sides=self.sides,
            boxes=theirs,
            functions=earlier,
            functions_now=functions,
            steps=self.sides.steps(mine.cum, theirs.cum, self._boxes_changed(mine, theirs, asked, worth)),
            flat_steps=self.sides.steps(functions.flat, earlier.flat, flat),
            cum_steps=self.sides.steps(functions.cum, earlier.cum, cum),
            drawn={"mean": mixed.cum, "current": mine.cum, "baseline": theirs.cum}[self.view.width],
        )
        return replace(tree, change=change)

    def _sums(self, rows: SlicedRows, boxes: SmallArray) -> Sums:
        columns = []
        for values in (rows.values, rows.samples):
            flat = np.zeros(len(self.tree), dtype=np.int64)
            np.add.at(flat, boxes, values)
            columns += [flat, _cumulated(flat, self.tree.ends)]
        return Sums(columns[0], columns[1], columns[2], columns[3])

    def _by_function(self, sums: Sums, outermost: IntArray) -> Sums:
        """Sums by frame, recursion counted once."""
        every = np.flatnonzero(self.tree.what == FRAME)

        def added(column: IntArray, boxes: IntArray) -> IntArray:
            by_frame = np.zeros(len(self.tree.frames), dtype=np.int64)
            np.add.at(by_frame, self.tree.refs[boxes], column[boxes])
            return by_frame

        own, all_of_it = (sums.flat, sums.flat_samples), (sums.cum, sums.cum_samples)
        flat, flat_samples = (added(column, every) for column in own)
        cum, cum_samples = (added(column, outermost) for column in all_of_it)
        return Sums(flat, cum, flat_samples, cum_samples)

    def _boxes_changed(self, mine: Sums, theirs: Sums, asked: IntArray, worth: list[FloatArray]) -> BoolArray:
        now, was = (self._against(rows, counts) for (rows, _), counts in zip(self._rows(), worth, strict=True))
        found = np.zeros(len(self.tree), dtype=np.bool_)
        found[asked] = significant(now, was, rates=self.view.measure == "absolute")
        return found & self._matters(mine.cum, theirs.cum)

    def _rows(self) -> tuple[tuple[SlicedRows, SmallArray], tuple[SlicedRows, SmallArray]]:
        return (self.now, self.now_boxes), (self.was, self.was_boxes)

    def _box_slices(self, asked: IntArray) -> list[FloatArray]:
        """What boxes are worth in each slice, on both sides. With a box all above it are asked for, so that those below
        one stand together; a row adds to the lowest of those that it goes through, and so to all above."""
        places, ends = _nearest(self.tree, asked), np.searchsorted(asked, self.tree.ends[asked])
        worth = []
        for rows, boxes in self._rows():
            own = _added(rows.slices, rows.values, places[boxes], len(asked), len(rows.lengths))
            running = np.concatenate((np.zeros((1, len(rows.lengths))), np.cumsum(own, axis=0)))
            worth.append(running[ends] - running[:-1])
        return worth

    def _functions_changed(
        self, mine: Sums, theirs: Sums, boxes: IntArray, asked: IntArray, worth: list[FloatArray]
    ) -> tuple[BoolArray, BoolArray]:
        """Of each frame whether it changed itself, and whether with all that it calls: judged together. `boxes` are the
        outermost of each frame, `worth` is what the boxes `asked` are worth in each slice.

        Read leaf first, nobody asks: cum then is of other things.
        """
        if self.view.inverted:
            none = np.zeros(len(self.tree.frames), dtype=np.bool_)
            return none, none
        flat = np.flatnonzero(np.maximum(mine.flat_samples, theirs.flat_samples) >= FEWEST_SAMPLES)
        cum = np.flatnonzero(np.maximum(mine.cum_samples, theirs.cum_samples) >= FEWEST_SAMPLES)
        place_of = np.full(len(self.tree.frames), -1)
        place_of[cum] = np.arange(len(cum))
        own, with_callees = np.full((2, len(self.tree)), -1, dtype=np.int32)
        with_callees[boxes] = place_of[self.tree.refs[boxes]]
        place_of[:] = -1
        place_of[flat] = np.arange(len(flat))
        every = np.flatnonzero(self.tree.what == FRAME)
        own[every] = place_of[self.tree.refs[every]]

        def tested_of(rows: SlicedRows, boxes: SmallArray, worth: FloatArray) -> Sliced:
            flats = _added(rows.slices, rows.values, own[boxes], len(flat), len(rows.lengths))
            cums = self._sums_of_light(rows, boxes, with_callees, asked, len(cum))
            heavy = np.flatnonzero(with_callees[asked] >= 0)
            _add_rows(cums, with_callees[asked[heavy]], worth[heavy])
            return self._against(rows, np.concatenate((flats, cums)))

        tested = [tested_of(rows, boxes, counts) for (rows, boxes), counts in zip(self._rows(), worth, strict=True)]
        found = significant(tested[0], tested[1], rates=self.view.measure == "absolute")
        answers = np.zeros((2, len(self.tree.frames)), dtype=np.bool_)
        answers[0, flat], answers[1, cum] = found[: len(flat)], found[len(flat) :]
        return answers[0] & self._matters(mine.flat, theirs.flat), answers[1] & self._matters(mine.cum, theirs.cum)

    def _sums_of_light(
        self, rows: SlicedRows, boxes: SmallArray, places: SmallArray, heavy: IntArray, things: int
    ) -> FloatArray:
        """What things are worth in each slice by the boxes that are not `heavy`: a row counts for its box and those
        above, up to the first that is. `places` is the thing that each box belongs to, -1 none."""
        light = np.ones(len(self.tree), dtype=np.bool_)
        light[heavy], light[0] = False, False
        sums = np.zeros((things, len(rows.lengths)))
        found: list[IntArray] = []
        who, slices, values = boxes, rows.slices, rows.values
        while len(who):
            keep = light[who]
            who, slices, values = who[keep], slices[keep], values[keep]
            found.append(np.stack((places[who], slices, values)))
            who = self.tree.parents[who]
            if not len(who) or sum(part.shape[1] for part in found) > AT_ONCE:
                things_of, at, worth = np.concatenate(found, axis=1)
                sums += _added(at, worth, things_of, things, len(rows.lengths))
                found.clear()
        return sums

    def _against(self, rows: SlicedRows, counts: FloatArray) -> Sliced:
        """Counts with what they are divided by: the total of each slice, or where changes are absolute, its length."""
        side = rows.side
        if self.view.measure == "absolute":
            return Sliced(counts, rows.lengths, side.samples, side.total / max(side.samples, 1))
        whole = np.bincount(rows.slices, rows.values.astype(np.float64), len(rows.lengths))
        return Sliced(counts, whole.astype(np.float64), side.samples)

    def _matters(self, mine: IntArray, theirs: IntArray) -> BoolArray:
        """Whether changes are large enough: a point of share, or where they are absolute, a percent of the larger."""
        sides = self.sides
        if self.view.measure == "absolute":
            sizes = sides.weights(sides.deltas(mine, theirs))
        else:
            sizes = sides.points(mine, theirs)
        enough: BoolArray = np.abs(sizes) >= 100 * SMALLEST_CHANGE
        return enough


def _nearest(tree: CallTree, asked: IntArray) -> SmallArray:
    """For each box the place among those asked for, with which all above them are, of itself or the nearest above."""
    places = np.full(len(tree), -1, dtype=np.int32)
    places[asked] = np.arange(len(asked))
    light = np.flatnonzero(places < 0) if len(asked) else asked
    while len(light):
        places[light] = places[tree.parents[light]]
        light = light[places[light] < 0]
    return places


def _added(slices: IntArray, values: IntArray, things: IntArray | SmallArray, most: int, number: int) -> FloatArray:
    """Values added up by thing (-1: none) and slice."""
    seen = things >= 0
    sums = np.bincount(things[seen].astype(np.int64) * number + slices[seen], values[seen], most * number)
    return sums.astype(np.float64).reshape(most, number)


def _add_rows(sums: FloatArray, places: IntArray | SmallArray, rows: FloatArray) -> None:
    """Add rows to those of `sums` at some places, which may be the same."""
    if len(places):
        order = np.argsort(places, kind="stable")
        places = places[order]
        first = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
        sums[places[first]] += np.add.reduceat(rows[order], first, axis=0)


def _cumulated(flat: IntArray, ends: SmallArray) -> IntArray:
    running = np.concatenate(([0], np.cumsum(flat)))
    cum: IntArray = running[ends] - running[: len(flat)]
    return cum
