"""The tables a collector builds up, and the news of them since the last delta."""

from __future__ import annotations

from collections.abc import Iterable

from ..profiles.locations import Line, Location
from ..profiles.series import Series
from ..profiles.stacks import ROOTS
from ..profiles.vocabulary import StackEnd

MOST_NODES = 200_000
MOST_LOCATIONS = 60_000
MOST_SERIES = 30_000


class Tables:
    """Ids for locations, stack nodes and series. What is added is news until `take_news` hands it over."""

    def __init__(self) -> None:
        self._locations: dict[tuple[object, ...], int] = {}
        self._nodes: dict[tuple[int, int], int] = {}
        self._series: dict[Series, int] = {}
        self.new_locations: list[Location] = []
        self.new_nodes: list[tuple[int, int]] = []
        self.new_series: list[Series] = []
        self.new_names: dict[int, tuple[Line, ...]] = {}
        self.new_labels: dict[int, dict[str, str]] = {}
        self._functions: list[tuple[str, str]] = []

    @property
    def full(self) -> bool:
        """Whether a table reached its bound, so that all of them should start anew."""
        return len(self._nodes) > MOST_NODES or len(self._locations) > MOST_LOCATIONS or len(self._series) > MOST_SERIES

    def location(self, location: Location, owner: int = 0) -> tuple[int, bool]:
        """The id of a location, and whether it is new.

        Code made at run time is one thing in each address space (`owner`), and another when other code takes its place.
        """
        key: tuple[object, ...] = (location.binary, location.build_id, location.offset, location.language.value)
        if owner:
            key = (*key, owner, location.lines)
        index = self._locations.get(key)
        if index is not None:
            return index, False
        index = self._locations[key] = len(self._locations)
        self.new_locations.append(location)
        self._functions.append((location.binary, location.lines[-1].function if location.lines else ""))
        return index, True

    def name(self, index: int, lines: tuple[Line, ...]) -> None:
        """A location got its name."""
        self.new_names[index] = lines
        self._functions[index] = (self._functions[index][0], lines[-1].function if lines else "")

    def function(self, index: int) -> tuple[str, str]:
        """The binary of a location, and the name of the function there that no other called in it; empty so far."""
        return self._functions[index]

    def node(self, end: StackEnd, locations: Iterable[int]) -> int:
        """The leaf node of the stack with these location ids, root first."""
        node = int(end)
        for location in locations:
            node = self.child(node, location)
        return node

    def child(self, node: int, location: int) -> int:
        """The node of a stack with one location more."""
        key = (node, location)
        child = self._nodes.get(key)
        if child is None:
            child = self._nodes[key] = ROOTS + len(self._nodes)
            self.new_nodes.append(key)
        return child

    def series(self, series: Series, labels: dict[str, str], place: dict[str, str]) -> int:
        """The id of a series; the labels of its process and of its control group count when it is new."""
        index = self._series.get(series)
        if index is None:
            index = self._series[series] = len(self._series)
            self.new_series.append(series)
            if labels or place:
                self.new_labels[index] = {**place, **labels}
        return index

    def relabel(self, cgroup: str, labels: dict[str, str]) -> None:
        """More is known of a control group than when its series were new."""
        for series, index in self._series.items():
            if series.cgroup == cgroup:
                self.new_labels[index] = {**self.new_labels.get(index, {}), **labels}

    def forget_news(self) -> None:
        """Begin collecting news afresh, after it has been handed over."""
        self.new_locations, self.new_nodes, self.new_series = [], [], []
        self.new_names, self.new_labels = {}, {}
