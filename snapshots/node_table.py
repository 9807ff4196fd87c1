"""The nodes of a file's stacks, made for many stacks at once: equal beginnings are shared, whatever order they come in.

A stack whose next frame no other stack of the batch has, and none before it, goes on alone: the rest of it is one run
of new nodes. Only what is shared has to be looked for, level by level, so that most of a file costs nothing.
"""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from ..profiles.selection import IntArray, distinct
from ..profiles.stacks import DEEPEST, ROOTS, Nodes

Run = tuple[IntArray, npt.NDArray[np.int32]]
"""(parent << 32 | location) codes in order, and the node of each."""


class NodeTable:
    """All nodes there are; `take` gives those made since it was called last.

    What there is to look up is kept in few sorted runs, each more than twice as long as the next one: cheap to add to.
    """

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._size = ROOTS
        self._made: list[tuple[IntArray, IntArray]] = []
        self._taken = Nodes(array("I"), array("I"))

    def __len__(self) -> int:
        return self._size

    def add(self, roots: IntArray, lengths: IntArray, locations: IntArray) -> IntArray:
        """The leaf nodes of stacks. `roots` has the root of each, `lengths` how many of the locations are its own,
        root first. Raises ValueError for a stack that is too deep.
        """
        if lengths.max(initial=0) > DEEPEST:
            raise ValueError(f"a stack is deeper than {DEEPEST} frames")
        nodes, places = roots.copy(), np.cumsum(lengths) - lengths
        left = lengths.copy()
        fresh = self._size
        going = np.flatnonzero(left)
        alone: list[IntArray] = []
        while len(going):
            codes, found = distinct(nodes[going] << 32 | locations[places[going]])
            known = self._look_up(codes, fresh)
            new = known < 0
            known[new] = self._make(codes[new] >> 32, codes[new] & 0xFFFFFFFF)
            nodes[going] = known[found]
            places[going] += 1
            left[going] -= 1
            single = (new & (np.bincount(found) == 1))[found]
            alone.append(going[single])
            going = going[~single & (left[going] > 0)]
        if alone:
            self._go_on(np.concatenate(alone), nodes, left, places, locations)
            self._keep()
        return nodes

    def take(self) -> Nodes:
        """The nodes made since the last time."""
        taken, self._taken = self._taken, Nodes(array("I"), array("I"))
        return taken

    def _keep(self) -> None:
        """Take the nodes made into the order in which they are looked for."""
        parents, locations = (np.concatenate(column) for column in zip(*self._made, strict=True))
        self._made = []
        if not len(parents):
            return
        self._taken.parents.frombytes(parents.astype(np.uint32).tobytes())
        self._taken.locations.frombytes(locations.astype(np.uint32).tobytes())
        codes = parents << 32 | locations
        order = np.argsort(codes)
        run = codes[order], (self._size - len(codes) + order).astype(np.int32)
        while self._runs and len(self._runs[-1][0]) <= 2 * len(run[0]):
            run = _merged(self._runs.pop(), run)
        self._runs.append(run)

    def _look_up(self, codes: IntArray, fresh: int) -> IntArray:
        """The nodes of (parent, location) codes, -1 where there is none. Parents from `fresh` on have none."""
        found = np.full(len(codes), -1, dtype=np.int64)
        old = np.flatnonzero(codes < fresh << 32)
        for known, nodes in self._runs:
            places = np.minimum(np.searchsorted(known, codes[old]), len(known) - 1)
            hit = known[places] == codes[old]
            found[old[hit]] = nodes[places[hit]]
        return found

    def _make(self, parents: IntArray, locations: IntArray) -> IntArray:
        made = np.arange(self._size, self._size + len(parents))
        self._size += len(parents)
        self._made.append((parents, locations))
        return made

    def _go_on(self, lone: IntArray, nodes: IntArray, left: IntArray, places: IntArray, locations: IntArray) -> None:
        """Make the rest of stacks that share nothing more: runs of nodes, each under the one before."""
        lone = lone[left[lone] > 0]
        sizes = left[lone]
        begins = np.cumsum(sizes) - sizes
        steps = np.arange(int(sizes.sum())) - np.repeat(begins, sizes)
        parents = self._size - 1 + np.arange(len(steps))
        parents[begins] = nodes[lone]
        first = self._size
        self._make(parents, locations[np.repeat(places[lone], sizes) + steps])
        nodes[lone] = first + begins + sizes - 1


def _merged(first: Run, second: Run) -> Run:
    codes, nodes = np.concatenate((first[0], second[0])), np.concatenate((first[1], second[1]))
    order = np.argsort(codes, kind="stable")
    return codes[order], nodes[order]
