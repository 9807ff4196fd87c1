from __future__ import annotations

from array import array

import pytest
from icetop.profiles.stacks import DEEPEST, NO_LOCATION, ROOTS, Nodes, StackTable
from icetop.profiles.vocabulary import StackEnd
from icetop.tests.stack_builder import StackBuilder


def test_a_new_table_has_a_root_for_each_way_to_end() -> None:
    table = StackTable()
    assert len(table) == ROOTS == len(StackEnd)
    assert [table.end(root) for root in range(ROOTS)] == list(StackEnd)
    assert set(table.locations) == {NO_LOCATION}
    assert list(table.walk(int(StackEnd.TOO_DEEP))) == []


def test_equal_beginnings_share_nodes_and_ends_keep_stacks_apart() -> None:
    table = StackTable()
    builder = StackBuilder(table)
    first = builder.node(StackEnd.COMPLETE, [1, 2, 3])
    second = builder.node(StackEnd.COMPLETE, [1, 2, 4])
    truncated = builder.node(StackEnd.TOO_DEEP, [1, 2, 3])
    assert builder.node(StackEnd.COMPLETE, [1, 2, 3]) == first
    assert len(table) == ROOTS + 4 + 3
    assert list(table.walk(first)) == [3, 2, 1]
    assert list(table.walk(second)) == [4, 2, 1]
    assert table.end(truncated) is StackEnd.TOO_DEEP
    assert [table.depths[node] for node in (0, first, truncated)] == [0, 3, 3]


def test_a_parent_must_be_there_before_its_child() -> None:
    table = StackTable()
    for parent in (ROOTS, ROOTS + 5, -1):
        with pytest.raises(ValueError, match="not before it"):
            table.append(parent, 0)


def test_a_stack_that_is_too_deep_leaves_nothing_behind() -> None:
    table = StackTable()
    table.append(0, 7)
    chain = [(0, 1), *((ROOTS + 1 + place, 1) for place in range(DEEPEST))]
    with pytest.raises(ValueError, match="deeper than 65535"):
        table.extend(chain)
    assert len(table) == ROOTS + 1
    assert {len(column) for column in (table.parents, table.locations, table.ends, table.depths)} == {ROOTS + 1}
    table.extend(chain[:-1])
    assert table.depths[-1] == DEEPEST


def test_columns_are_taken_as_pairs_are() -> None:
    pairs, columns = StackTable(), StackTable()
    for nodes in ([(0, 1), (ROOTS, 2), (3, 4), (ROOTS + 1, 5)], [(ROOTS + 3, 6), (ROOTS + 4, 7), (ROOTS, 8)]):
        pairs.extend(nodes)
        columns.extend(Nodes(array("I", (p for p, _ in nodes)), array("I", (place for _, place in nodes))))
    assert vars(columns) == vars(pairs)


@pytest.mark.parametrize(
    ("parents", "why"),
    [
        ([0, ROOTS + 1], "not before it"),
        ([ROOTS], "not before it"),
        ([0, *range(ROOTS, ROOTS + DEEPEST)], "deeper than"),
    ],
)
def test_columns_with_a_bad_parent_leave_the_table_as_it_was(parents: list[int], why: str) -> None:
    table = StackTable()
    with pytest.raises(ValueError, match=why):
        table.extend(Nodes(array("I", parents), array("I", [1] * len(parents))))
    assert len(table) == len(table.depths) == len(table.ends) == len(table.locations) == ROOTS
