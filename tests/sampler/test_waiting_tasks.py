"""What is told of the tasks of an event loop that waits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from icetop.profiles.locations import Line
from icetop.sampler.python_processes import PythonProcesses
from icetop.sampler.wait_reader import part
from icetop.sampler.waiting_tasks import MOST_LOOPS, NEAREST_FRAMES, WaitingTasks
from icetop.symbols.cpython.suspended_tasks import SuspendedTask


def waiting(*tasks: SuspendedTask, looks: list[int] | None = None) -> WaitingTasks:
    """Of a process that has these tasks; `looks` gets the threads that are looked at."""

    def look(tid: int) -> list[SuspendedTask]:
        (looks if looks is not None else []).append(tid)
        return list(tasks)

    processes: Any = SimpleNamespace(suspended_tasks=lambda space: SimpleNamespace(look=look) if space else None)
    return WaitingTasks(cast(PythonProcesses, processes))


def task(name: str, *functions: str) -> SuspendedTask:
    return SuspendedTask(name, tuple(map(Line, functions)))


def test_each_has_its_name_and_its_functions() -> None:
    tasks = waiting(task("fetch\x1b prices", "asyncio.tasks.sleep", "shop.fetch"), task("Task-12", "shop.serve"))
    named, unnamed = tasks.of(1, 2)
    assert named[0].startswith("[task fetch") and "\x1b" not in named[0]
    assert named[1] == "[in asyncio.tasks.sleep < shop.fetch]"
    assert unnamed == ("[in shop.serve]",)


def test_many_names_and_deep_stacks_are_bounded() -> None:
    told = waiting(*(task(f"request {number}", *"abcdefghijkl") for number in range(200))).of(1, 2)
    assert sum(len(names) == 2 for names in told) == 64
    assert told[-1][-1].count("<") == NEAREST_FRAMES - 1


def test_each_loop_is_looked_at_once_a_reading_and_few_of_them() -> None:
    looks: list[int] = []
    tasks = waiting(task("Task-1", "main"), looks=looks)
    for _ in range(3):
        for tid in range(MOST_LOOPS + 5):
            tasks.of(1, tid)
    assert looks == list(range(MOST_LOOPS))
    tasks.begin()
    assert tasks.of(1, 0) and looks[-1] == 0
    assert tasks.of(0, 1) == []


def test_parts_add_up() -> None:
    assert sorted(part(11, place, 1, 4) for place in range(4)) == [2, 3, 3, 3]
    assert part(11, 0, 1, 4) + part(11, 1, 3, 4) == part(11, 0, 1, 1) == 11
