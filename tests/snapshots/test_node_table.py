"""Nodes made for many stacks at once are those that one stack after the other gives."""

from __future__ import annotations

import random

import numpy as np
import pytest
from icetop.profiles.stacks import DEEPEST, ROOTS, StackTable
from icetop.snapshots.node_table import NodeTable

Stack = tuple[int, tuple[int, ...]]


def add(nodes: NodeTable, stacks: list[Stack]) -> list[int]:
    columns = (
        [root for root, _ in stacks],
        [len(way) for _, way in stacks],
        [place for _, way in stacks for place in way],
    )
    return nodes.add(*(np.array(column, dtype=np.int64) for column in columns)).tolist()


@pytest.mark.parametrize("seed", range(6))
def test_every_stack_has_one_leaf_and_every_beginning_one_node(seed: int) -> None:
    rng = random.Random(seed)
    nodes, table = NodeTable(), StackTable()
    stacks: list[Stack] = []
    leaves: list[int] = []
    for _ in range(12):
        some = [
            (rng.choice((0, 0, 3)), tuple(rng.choices(range(rng.choice((2, 50))), k=rng.randrange(9))))
            for _ in range(rng.randrange(40))
        ]
        some += rng.choices(stacks, k=5) if stacks else []
        leaves += add(nodes, some)
        stacks += some
        table.extend(nodes.take())
    assert len(table) == len(nodes)
    for (root, way), leaf in zip(stacks, leaves, strict=True):
        assert tuple(table.walk(leaf))[::-1] == way
        assert table.ends[leaf] == root and table.depths[leaf] == len(way)
    assert len(set(leaves)) == len(set(stacks))
    beginnings = {(root, way[:length]) for root, way in stacks for length in range(1, len(way) + 1)}
    assert len(nodes) - ROOTS == len(beginnings)


def test_a_stack_may_be_as_deep_as_the_table_takes_and_no_deeper() -> None:
    nodes, table = NodeTable(), StackTable()
    leaves = add(nodes, [(0, (7,) * DEEPEST), (0, (7,) * 3)])
    table.extend(nodes.take())
    assert [table.depths[leaf] for leaf in leaves] == [DEEPEST, 3]
    with pytest.raises(ValueError, match="deeper than 65535 frames"):
        add(nodes, [(0, (7,) * (DEEPEST + 1))])
