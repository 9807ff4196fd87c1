"""The tasks of asyncio behind a stack."""

from __future__ import annotations

from collections import Counter

import pytest
from icetop.symbols.binaries import BinaryCache
from icetop.symbols.cpython.asyncio_tasks import MOST_TASKS, Task, TaskReader, find_task_offsets
from icetop.symbols.cpython.memory import Glimpse
from icetop.symbols.mappings import read_address_space

from .conftest import Program, Run, some_versions
from .looking import Look, look_at, wait_for
from .test_hostile_memory import LyingMemory


def reader_of(look: Look, pid: int, memory: object = None) -> TaskReader | None:
    space, binaries = read_address_space(pid), BinaryCache(Counter())
    version = look.runtime.layout.version
    offsets = find_task_offsets(version, space.mappings, lambda mapping: binaries.behind(space, mapping))
    return TaskReader(look.process, memory or Glimpse(look.memory), offsets, look.reader) if offsets else None


@pytest.mark.parametrize("kind", ["direct", "gather"])
def test_the_running_task_and_those_that_await_it(
    program: Program, run: Run, kind: str, version: tuple[int, int]
) -> None:
    process = run(program("tasks.py", kind))
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    reader = reader_of(look, process.pid)
    assert reader is not None
    (thread,) = look.threads
    tasks = reader.tasks(thread, look.walk(thread))
    wanted = [Task("fetch prices", "innermost"), Task("größe", "middle"), Task("Task-1", "main")]
    assert tasks == wanted[: 1 if kind == "gather" and version < (3, 14) else 3]


@some_versions
def test_without_a_task_nothing_is_told(program: Program, run: Run) -> None:
    process = run(program("stacks.py", "recursion"))
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    reader = reader_of(look, process.pid)
    for thread in look.threads:
        assert reader is None or reader.tasks(thread, look.walk(thread)) == []


@some_versions
def test_lies_give_few_tasks(program: Program, run: Run) -> None:
    process = run(program("tasks.py", "direct"))
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    (thread,) = look.threads
    stack = look.walk(thread)
    for seed in range(30):
        reader = reader_of(look, process.pid, LyingMemory(look.memory, seed, 0.05))
        assert reader is not None
        assert len(reader.tasks(thread, stack)) <= MOST_TASKS
