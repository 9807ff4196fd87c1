"""The nodes of stacks, one after the other: how tests make small tables, and what larger ones are compared with."""

from __future__ import annotations

from collections.abc import Iterable

from icetop.profiles.stacks import StackTable
from icetop.profiles.vocabulary import StackEnd


class StackBuilder:
    """Gives the node of a stack, adding what the table lacks. Holds one dict entry a node."""

    def __init__(self, table: StackTable) -> None:
        self._table = table
        self._children: dict[tuple[int, int], int] = {}

    def node(self, end: StackEnd, locations: Iterable[int]) -> int:
        """The leaf node of the stack whose location ids are given root first."""
        node = int(end)
        for location in locations:
            key = (node, location)
            child = self._children.get(key)
            if child is None:
                child = self._children[key] = self._table.append(node, location)
            node = child
        return node
