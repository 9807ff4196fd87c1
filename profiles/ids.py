"""The ids in a delta: checked against what there is, and moved to where the tables of the profile have them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace

from .delta import Counts, Delta
from .stacks import ROOTS, Nodes


@dataclass(frozen=True, slots=True)
class FirstIds:
    """A number of locations, of stack nodes (beside the roots) and of series: where the next ones begin."""

    locations: int = 0
    nodes: int = 0
    series: int = 0

    def __sub__(self, other: FirstIds) -> FirstIds:
        return FirstIds(self.locations - other.locations, self.nodes - other.nodes, self.series - other.series)

    def __bool__(self) -> bool:
        return bool(self.locations or self.nodes or self.series)


def check(delta: Delta, known: FirstIds) -> None:
    """Raise ValueError when a delta speaks of ids beyond those known before it and those it brings."""
    locations = known.locations + len(delta.locations)
    series = known.series + len(delta.series)
    first = ROOTS + known.nodes
    if not _nodes_fit(delta.nodes, first, locations):
        raise ValueError("a stack node points at something that is not there")
    nodes = first + len(delta.nodes)
    for counts in delta.counts.values():
        columns = (counts.nodes, counts.series, counts.samples, counts.values)
        if len({len(column) for column in columns}) != 1:
            raise ValueError("the columns of a count differ in length")
        if len(counts) and (max(counts.nodes) >= nodes or max(counts.series) >= series):
            raise ValueError("a count points at a stack or series that is not there")
    if any(not 0 <= i < locations for i in delta.names) or any(not 0 <= i < series for i in delta.labels):
        raise ValueError("a name or label is for something that is not there")


def _nodes_fit(nodes: Nodes | list[tuple[int, int]], first: int, locations: int) -> bool:
    """Whether all nodes have parents before them and locations that there are. (The table checks columns' parents.)"""
    if isinstance(nodes, Nodes):
        return len(nodes.parents) == len(nodes.locations) and max(nodes.locations, default=-1) < locations
    return all(
        0 <= parent < first + place and 0 <= location < locations for place, (parent, location) in enumerate(nodes)
    )


def moved(delta: Delta, first: FirstIds) -> Delta:
    """The delta with its ids counted from `first`; itself where that is the beginning."""
    if not first:
        return delta

    def node(index: int) -> int:
        return index if index < ROOTS else index + first.nodes

    def counts(old: Counts) -> Counts:
        series = array("I", (index + first.series for index in old.series))
        return Counts(array("I", map(node, old.nodes)), series, old.samples, old.values)

    return replace(
        delta,
        nodes=_moved_columns(delta.nodes, first)
        if isinstance(delta.nodes, Nodes)
        else [(node(parent), location + first.locations) for parent, location in delta.nodes],
        names={index + first.locations: lines for index, lines in delta.names.items()},
        labels={index + first.series: labels for index, labels in delta.labels.items()},
        counts={kind: counts(old) for kind, old in delta.counts.items()},
    )


def _moved_columns(nodes: Nodes, first: FirstIds) -> Nodes:
    import numpy as np

    moved = Nodes(array("I"), array("I"))
    parents = np.array(nodes.parents)
    moved.parents.frombytes(np.where(parents < ROOTS, parents, parents + np.uint32(first.nodes)).tobytes())
    moved.locations.frombytes((np.array(nodes.locations) + np.uint32(first.locations)).tobytes())
    return moved
