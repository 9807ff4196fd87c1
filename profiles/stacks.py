"""All stacks of a profile as one table of nodes: a stack is its leaf node, and a node is (parent, location)."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .vocabulary import StackEnd

NO_LOCATION = 0xFFFFFFFF
"""The location of a root node."""

ROOTS = len(StackEnd)
"""The first nodes of every table are its roots: one for each way a stack ends, numbered as `StackEnd`."""

DEEPEST = 0xFFFF
"""The deepest stack the table takes; far above what any walker yields."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """(parent, location) pairs as two columns, for sources that bring many at once: 8 bytes a node."""

    parents: array[int]
    locations: array[int]

    def __len__(self) -> int:
        return len(self.parents)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.parents, self.locations, strict=True)


class StackTable:
    """Nodes in order of their making, 11 bytes each; a node's parent always has the smaller id.

    Every stack hangs under the root node of how it ended, so a stack's end is read off its root. `depths` counts
    locations from the root, which itself has depth 0.
    """

    def __init__(self) -> None:
        self.parents = array("I", range(ROOTS))
        self.locations = array("I", [NO_LOCATION] * ROOTS)
        self.ends = array("B", range(ROOTS))
        self.depths = array("H", [0] * ROOTS)

    def __len__(self) -> int:
        return len(self.parents)

    def append(self, parent: int, location: int) -> int:
        """Add a node and give its id. Raises ValueError for a parent that is not in the table, or 65,535 frames."""
        if not 0 <= parent < len(self.parents):
            raise ValueError(f"stack node {len(self.parents)} has parent {parent}, which is not before it")
        if self.depths[parent] == DEEPEST:
            raise ValueError(f"a stack is deeper than {DEEPEST} frames")
        self.parents.append(parent)
        self.locations.append(location)
        self.ends.append(self.ends[parent])
        self.depths.append(self.depths[parent] + 1)
        return len(self.parents) - 1

    def extend(self, nodes: Iterable[tuple[int, int]]) -> None:
        """Add (parent, location) pairs in order, all or, where `append` would raise ValueError, none."""
        before = len(self)
        try:
            if isinstance(nodes, Nodes):
                self._extend_columns(nodes)
            else:
                for parent, location in nodes:
                    self.append(parent, location)
        except ValueError:
            for column in (self.parents, self.locations, self.ends, self.depths):
                del column[before:]
            raise

    def _extend_columns(self, nodes: Nodes) -> None:
        """Every node looks at the one above, then at the one above that one's, twice as far each time, until a node
        that was there before; so all ways are known after as many steps as the longest has binary digits.
        """
        import numpy as np

        known = len(self)
        above = np.array(nodes.parents, dtype=np.int64) - known
        if (above >= np.arange(len(above))).any():
            raise ValueError("a stack node has a parent that is not before it")
        steps = np.ones(len(above), dtype=np.int64)
        while len(going := np.flatnonzero(above >= 0)):
            nearer = above[going]
            steps[going], above[going] = steps[going] + steps[nearer], above[nearer]
        above += known
        depths = np.array(self.depths)[above] + steps
        if depths.max(initial=0) > DEEPEST:
            raise ValueError(f"a stack is deeper than {DEEPEST} frames")
        self.parents.extend(nodes.parents)
        self.locations.extend(nodes.locations)
        self.ends.frombytes(np.array(self.ends)[above].tobytes())
        self.depths.frombytes(depths.astype(np.uint16).tobytes())

    def end(self, node: int) -> StackEnd:
        """How the stack of `node` ended."""
        return StackEnd(self.ends[node])

    def walk(self, node: int) -> Iterator[int]:
        """The location ids of a stack, leaf first, without the root."""
        while node >= ROOTS:
            yield self.locations[node]
            node = self.parents[node]
