"""Several files as one: what is equal in them (places in code, stacks, threads) gets one id."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..profiles.delta import Counts, Delta
from ..profiles.locations import Line, Location
from ..profiles.series import Series
from ..profiles.stacks import ROOTS
from .limits import Limits
from .node_table import NodeTable

Place = tuple[str, str, int, tuple[Line, ...]]


class Joined:
    """Takes the deltas of file after file and gives them with common ids; only what is new is told again.

    A place without names in one file takes the names that another file has for it. Raises TooLarge.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places: dict[Place, int] = {}
        self._lines: dict[Place, tuple[Line, ...]] = {}
        self._nodes = NodeTable()
        self._series: dict[tuple[Series, tuple[tuple[str, str], ...]], int] = {}
        self._new = Delta(0, 0)
        self.begin()

    def begin(self) -> None:
        """A new file: its ids count from nothing."""
        self._place_ids: list[int] = []
        self._node_ids = list(range(ROOTS))
        self._series_ids: list[int] = []

    def delta(self, delta: Delta, extra: Mapping[str, str]) -> Delta:
        """A delta of the file. `extra` labels go to all its series that have none of that name."""
        self._place_ids += map(self.place, delta.locations)
        self._join_nodes(delta.nodes)
        for place, series in enumerate(delta.series):
            self._series_ids.append(self.series(series, {**extra, **delta.labels.get(place, {})}))
        return self.news(replace(delta, counts={kind: self._counts(counts) for kind, counts in delta.counts.items()}))

    def news(self, delta: Delta) -> Delta:
        """The delta with what is new in the tables since the last time."""
        self._limits.hold(len(self._nodes), self._limits.nodes, "stack frames")
        self._limits.hold(len(self._places), self._limits.entries, "places in code")
        self._limits.hold(len(self._series), self._limits.series, "threads")
        new, nodes = self._new, self._nodes.take()
        self._new = Delta(0, 0)
        return replace(
            delta, locations=new.locations, nodes=nodes, series=new.series, labels=new.labels, names=new.names
        )

    def _counts(self, counts: Counts) -> Counts:
        """Counts of the file under way."""
        node_ids, series_ids = self._node_ids, self._series_ids
        return Counts(
            array("I", [node_ids[node] for node in counts.nodes]),
            array("I", [series_ids[series] for series in counts.series]),
            counts.samples,
            counts.values,
        )

    def place(self, location: Location) -> int:
        """The id of a location. What has an address is one place, with or without names; other names at the same
        address (code made at run time) are another."""
        place = (location.binary, location.build_id, location.offset)
        key: Place = (*place, () if location.offset else location.lines)
        had = self._lines.get(key)
        if had is not None and location.lines and had != location.lines:
            if had:
                key = (*place, location.lines)
            else:
                self._new.names[self._places[key]] = self._lines[key] = location.lines
        known = self._places.get(key)
        if known is None:
            known = self._places[key] = len(self._places)
            self._lines[key] = location.lines
            self._new.locations.append(location)
        return known

    def leaves(self, roots: Sequence[int], lengths: Sequence[int], places: Sequence[int]) -> list[int]:
        """The ids of stacks: `roots` has the ids of what they go on from, `lengths` how many of the places are each
        one's own, root first. Raises ValueError for one that is too deep."""
        columns = (np.array(column, dtype=np.int64) for column in (roots, lengths, places))
        leaves: list[int] = self._nodes.add(*columns).tolist()
        return leaves

    def _join_nodes(self, nodes: Iterable[tuple[int, int]]) -> None:
        """Give nodes of a file their ids here, those together that are as far from the first new one above them."""
        ids, first = self._node_ids, len(self._node_ids)
        levels: list[list[int]] = []
        steps, made = list[int](), list(nodes)
        for number, (parent, _) in enumerate(made):
            step = steps[parent - first] + 1 if parent >= first else 0
            steps.append(step)
            if step == len(levels):
                levels.append([])
            levels[step].append(number)
        ids += [0] * len(made)
        for level in levels:
            parents, places = zip(*((ids[made[n][0]], self._place_ids[made[n][1]]) for n in level), strict=True)
            for number, node in zip(level, self.leaves(parents, [1] * len(level), places), strict=True):
                ids[first + number] = node

    def series(self, series: Series, labels: dict[str, str]) -> int:
        """The id of a thread with these labels."""
        key = (series, tuple(sorted(labels.items())))
        known = self._series.get(key)
        if known is None:
            known = self._series[key] = len(self._series)
            self._new.series.append(series)
            self._new.labels[known] = labels
        return known
