"""The tasks of asyncio that wait, and what they wait in."""

from __future__ import annotations

from collections import Counter

import pytest
from icetop.profiles.locations import Line
from icetop.symbols.binaries import BinaryCache
from icetop.symbols.cpython.asyncio_tasks import TaskOffsets, find_task_offsets
from icetop.symbols.cpython.code_objects import PythonProcess
from icetop.symbols.cpython.suspended_tasks import MOST_COROUTINES, MOST_TASKS, SuspendedTasks
from icetop.symbols.mappings import read_address_space

from .conftest import SOME, VERSIONS, Program, Run, some_versions
from .looking import Look, look_at, wait_for
from .test_hostile_memory import LyingMemory

every_version = pytest.mark.parametrize(
    "version",
    [version if version in SOME else pytest.param(version, marks=pytest.mark.soak) for version in VERSIONS],
    indirect=True,
    ids=lambda version: f"{version[0]}.{version[1]}",
)


def offsets_of(look: Look, pid: int) -> TaskOffsets:
    space, binaries = read_address_space(pid), BinaryCache(Counter())
    version = look.runtime.layout.version
    found = find_task_offsets(version, space.mappings, lambda mapping: binaries.behind(space, mapping))
    assert found is not None
    return found


def short(line: Line) -> str:
    return line.function.rpartition(".")[2]


@every_version
def test_each_has_the_functions_down_to_its_await(program: Program, run: Run, version: tuple[int, int]) -> None:
    process = run(program("waiting_tasks.py"))
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    reader = SuspendedTasks(look.process, offsets_of(look, process.pid), look.reader)
    tasks = reader.look(process.pid)
    found = {task.name: [short(line) for line in task.frames] for task in tasks}
    sleeping = ["sleep", "inner", "outer"]
    assert set(found) == {"Task-1", "pause", "consumer", *(f"sleeper {number}" for number in range(5))}
    assert found.pop("Task-1") == ["main"]
    assert found.pop("pause") == ["sleep", "pause"]
    assert found.pop("consumer") == ["sleep", "numbers", "consume"]
    assert found == {f"sleeper {number}": sleeping for number in range(5)}
    lines = {short(line): line.line for task in tasks for line in task.frames}
    assert (lines["inner"], lines["outer"], lines["consume"]) == (12, 16, 25)


@every_version
def test_those_that_are_about_to_run_do_not_wait(program: Program, run: Run, version: tuple[int, int]) -> None:
    process = run(program("tasks.py", "direct"))
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    reader = SuspendedTasks(look.process, offsets_of(look, process.pid), look.reader)
    found = {task.name: [short(line) for line in task.frames] for task in reader.look(process.pid)}
    assert found == {"Task-1": ["main"], "größe": ["middle"]}


@some_versions
def test_lies_give_few(program: Program, run: Run) -> None:
    process = run(program("waiting_tasks.py"))
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    offsets = offsets_of(look, process.pid)
    for seed in range(10):
        lying = PythonProcess(process.pid, LyingMemory(look.memory, seed, 0.05), look.runtime)
        found = SuspendedTasks(lying, offsets, look.reader).look(process.pid)
        assert len(found) <= MOST_TASKS
        assert all(len(task.frames) <= MOST_COROUTINES for task in found)


@some_versions
def test_without_asyncio_there_are_none(program: Program, run: Run, version: tuple[int, int]) -> None:
    process = run(program("stacks.py", "recursion"))
    assert process.stdout.readline()
    look = look_at(process.pid)
    if version < (3, 14):
        reader = SuspendedTasks(look.process, offsets_of(look, process.pid), look.reader)
        assert reader.look(process.pid) == []
