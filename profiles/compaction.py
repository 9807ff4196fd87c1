"""Dropping from a profile's tables what its time line no longer refers to, so that a long life stays bounded."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from .stacks import ROOTS, StackTable
from .timeline import Bucket


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left: the stacks under new ids, and the old ids of the locations and series in their new order."""

    stacks: StackTable
    locations: list[int]
    series: list[int]


def compacted(stacks: StackTable, buckets: Iterable[Bucket]) -> Kept:
    """The tables without what no count needs. The counts of the buckets get the new ids; totals do not change."""
    every = [counts for bucket in buckets for counts in bucket.counts.values()]
    used = _with_ancestors(stacks, {node for counts in every for node in counts.nodes})
    table, nodes, locations = StackTable(), {root: root for root in range(ROOTS)}, dict[int, int]()
    for node in sorted(node for node in used if node >= ROOTS):
        location = locations.setdefault(stacks.locations[node], len(locations))
        nodes[node] = table.append(nodes[stacks.parents[node]], location)
    series = {old: new for new, old in enumerate(sorted({index for counts in every for index in counts.series}))}
    for counts in every:
        counts.nodes = array("I", (nodes[node] for node in counts.nodes))
        counts.series = array("I", (series[index] for index in counts.series))
    return Kept(table, list(locations), list(series))


def _with_ancestors(stacks: StackTable, used: set[int]) -> set[int]:
    pending = [node for node in used if node >= ROOTS]
    while pending:
        parent = stacks.parents[pending.pop()]
        if parent not in used:
            used.add(parent)
            pending += [parent] if parent >= ROOTS else []
    return used
