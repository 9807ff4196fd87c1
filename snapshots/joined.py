"""Several files as one: what is equal in them (places in code, stacks, threads) gets one id."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

from ..profiles.delta import Counts, Delta
from ..profiles.locations import Line, Location
from ..profiles.series import Series
from ..profiles.stacks import ROOTS
from .limits import Limits

Place = tuple[str, str, int, tuple[Line, ...]]


class Joined:
    """Takes the deltas of file after file and gives them with common ids; only what is new is told again.

    A place without names in one file takes the names that another file has for it. Raises TooLarge.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places: dict[Place, int] = {}
        self._lines: dict[Place, tuple[Line, ...]] = {}
        self._nodes: dict[tuple[int, int], int] = {}
        self._series: dict[tuple[Series, tuple[tuple[str, str], ...]], int] = {}
        self.begin()

    def begin(self) -> None:
        """A new file: its ids count from nothing."""
        self._place_ids: list[int] = []
        self._node_ids = list(range(ROOTS))
        self._series_ids: list[int] = []

    def tables(self, delta: Delta, extra: Mapping[str, str]) -> Delta:
        """What tables of the file bring that is new. `extra` labels go to all its series that
        have none of that name."""
        locations: list[Location] = []
        names: dict[int, tuple[Line, ...]] = {}
        self._place_ids += [self._place(location, locations, names) for location in delta.locations]
        nodes = self._join_nodes(delta)
        series, labels = self._join_series(delta, extra)
        self._limits.hold(len(self._nodes), self._limits.nodes, "stack frames")
        self._limits.hold(len(self._places), self._limits.entries, "places in code")
        self._limits.hold(len(self._series), self._limits.series, "threads")
        return Delta(
            delta.start_ns,
            delta.start_ns,
            locations=locations,
            nodes=nodes,
            series=series,
            labels=labels,
            names=names,
            context=delta.context,
            notices=delta.notices,
        )

    def counts(self, counts: Counts) -> Counts:
        """Counts of the file under way."""
        node_ids, series_ids = self._node_ids, self._series_ids
        return Counts(
            array("I", [node_ids[node] for node in counts.nodes]),
            array("I", [series_ids[series] for series in counts.series]),
            counts.samples,
            counts.values,
        )

    def _place(self, location: Location, new: list[Location], names: dict[int, tuple[Line, ...]]) -> int:
        """The id of a location. What has an address is one place, with or without names; other names at the same
        address (code made at run time) are another."""
        place = (location.binary, location.build_id, location.offset)
        key: Place = (*place, () if location.offset else location.lines)
        had = self._lines.get(key)
        if had is not None and location.lines and had != location.lines:
            if had:
                key = (*place, location.lines)
            else:
                names[self._places[key]] = self._lines[key] = location.lines
        known = self._places.get(key)
        if known is None:
            known = self._places[key] = len(self._places)
            self._lines[key] = location.lines
            new.append(location)
        return known

    def _join_nodes(self, delta: Delta) -> list[tuple[int, int]]:
        """The new nodes; `_node_ids` then says what each node of the file is here."""
        known, new, ids, locations = self._nodes, [], self._node_ids, self._place_ids
        for parent, location in delta.nodes:
            key = (ids[parent], locations[location])
            node = known.get(key)
            if node is None:
                node = known[key] = ROOTS + len(known)
                new.append(key)
            ids.append(node)
        return new

    def _join_series(self, delta: Delta, extra: Mapping[str, str]) -> tuple[list[Series], dict[int, dict[str, str]]]:
        new: list[Series] = []
        new_labels: dict[int, dict[str, str]] = {}
        for place, series in enumerate(delta.series):
            labels = {**extra, **delta.labels.get(place, {})}
            key = (series, tuple(sorted(labels.items())))
            known = self._series.get(key)
            if known is None:
                known = self._series[key] = len(self._series)
                new.append(series)
                new_labels[known] = labels
            self._series_ids.append(known)
        return new, new_labels
