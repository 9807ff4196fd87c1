"""The tables of several live sources as one: the ids that each counts for itself become ids in common."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..profiles.delta import Counts, Delta
from ..profiles.ids import FirstIds, check
from ..profiles.locations import Location
from ..profiles.series import Series
from ..profiles.stacks import ROOTS, Nodes


@dataclass(slots=True)
class Part:
    """What one source has told of its tables since its last reset, and the common ids of it. All its series get the
    labels `own`."""

    own: dict[str, str] = field(default_factory=dict)
    locations: list[Location] = field(default_factory=list)
    nodes: Nodes = field(default_factory=lambda: Nodes(array("I"), array("I")))
    series: list[Series] = field(default_factory=list)
    labels: list[dict[str, str]] = field(default_factory=list)
    location_ids: array[int] = field(default_factory=lambda: array("I"))
    node_ids: array[int] = field(default_factory=lambda: array("I", range(ROOTS)))
    series_ids: array[int] = field(default_factory=lambda: array("I"))

    @property
    def sizes(self) -> FirstIds:
        """How much there is of each table."""
        return FirstIds(len(self.locations), len(self.nodes), len(self.series))

    def whole(self) -> Delta:
        """All its tables, as if they were news."""
        return Delta(
            0,
            0,
            locations=self.locations,
            nodes=self.nodes,
            series=self.series,
            labels=dict(enumerate(self.labels)),
        )

    def forget(self) -> None:
        """Begin with nothing."""
        self.__init__(self.own)  # type: ignore[misc]


class CommonIds:
    """Gives what sources tell with common ids. When one begins its ids anew, all do: the tables of the others are told
    again, so that what is not used any more can be forgotten."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._sizes = FirstIds()

    def joined(self, told: Sequence[tuple[Part, Delta]]) -> tuple[Delta, list[tuple[Part, str]]]:
        """Tables and counts of these deltas as one; only the first may be a reset.

        And of which sources a delta was left out, since it speaks of ids that they never told, and why.
        """
        found, refused, anew = Delta(0, 0), [], False
        for part, delta in told:
            try:
                check(delta, FirstIds() if delta.reset else part.sizes)
            except ValueError as error:
                refused.append((part, str(error)))
                continue
            if delta.reset:
                self._begin_anew(part, found)
                anew = True
            self._add(part, delta, found)
        return replace(found, reset=anew), refused

    def _begin_anew(self, who: Part, found: Delta) -> None:
        self._sizes = FirstIds()
        who.forget()
        for part in self._parts:
            if part is not who:
                whole = part.whole()
                part.forget()
                self._add(part, whole, found)

    def _add(self, part: Part, delta: Delta, found: Delta) -> None:
        first, known = self._sizes, len(part.series)
        new = FirstIds(len(delta.locations), len(delta.nodes), len(delta.series))
        part.location_ids.extend(range(first.locations, first.locations + new.locations))
        part.node_ids.extend(range(ROOTS + first.nodes, ROOTS + first.nodes + new.nodes))
        part.series_ids.extend(range(first.series, first.series + new.series))
        part.locations.extend(delta.locations)
        part.series.extend(delta.series)
        part.labels.extend({} for _ in delta.series)
        self._sizes = FirstIds(first.locations + new.locations, first.nodes + new.nodes, first.series + new.series)
        found.locations.extend(delta.locations)
        found.series.extend(delta.series)
        _add_nodes(part, delta, found)
        for index, lines in delta.names.items():
            part.locations[index] = replace(part.locations[index], lines=lines)
            found.names[part.location_ids[index]] = lines
        own_of_new = {known + place: part.own for place in range(new.series)} if part.own else {}
        for index, labels in (*delta.labels.items(), *own_of_new.items()):
            part.labels[index].update(labels)
            found.labels.setdefault(part.series_ids[index], {}).update({**labels, **part.own})
        for kind, counts in delta.counts.items():
            _add_counts(found.counts.setdefault(kind, Counts()), part, counts)


def _add_nodes(part: Part, delta: Delta, found: Delta) -> None:
    assert isinstance(found.nodes, list)
    for parent, location in delta.nodes:
        part.nodes.parents.append(parent)
        part.nodes.locations.append(location)
        found.nodes.append((part.node_ids[parent], part.location_ids[location]))


def _add_counts(sums: Counts, part: Part, counts: Counts) -> None:
    sums.nodes.extend(part.node_ids[node] for node in counts.nodes)
    sums.series.extend(part.series_ids[series] for series in counts.series)
    sums.samples.extend(counts.samples)
    sums.values.extend(counts.values)
