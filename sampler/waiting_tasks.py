"""What the tasks of asyncio wait for while their event loop waits: looked at from outside, at each reading."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..profiles.printable import printable
from ..symbols.cpython.suspended_tasks import SuspendedTask
from .python_processes import MOST_TASK_NAMES, PythonProcesses

MOST_LOOPS = 16
"""Event loops whose tasks are looked at in one reading: one of 64 tasks takes some 2 ms."""

SHORTEST_NS = 10_000_000
"""A loop that waits less than that between two readings is busy: how its tasks stand at the second one tells little."""

NEAREST_FRAMES = 8
"""Of a stack that is told in one line, so many functions from the leaf."""

_UNNAMED = re.compile(r"Task-\d+$")


class WaitingTasks:
    """Tells the tasks of event loops, each loop once a reading."""

    def __init__(self, interpreters: PythonProcesses) -> None:
        self._interpreters = interpreters
        self._looked: dict[tuple[int, int], list[tuple[str, ...]]] = {}

    def begin(self) -> None:
        """A new reading: look anew."""
        self._looked.clear()

    def of(self, space_id: int, tid: int) -> list[tuple[str, ...]]:
        """What to show below the wait of the event loop of a thread, for each of its tasks that wait: its name, if it
        was given one, and its functions. Empty where that cannot be had."""
        key = (space_id, tid)
        if key not in self._looked:
            if len(self._looked) >= MOST_LOOPS:
                return []
            reader = self._interpreters.suspended_tasks(space_id)
            names: set[str] = set()
            self._looked[key] = [_told(task, names) for task in reader.look(tid)] if reader is not None else []
        return self._looked[key]


def in_one_line(functions: Iterable[str]) -> str:
    """Where somebody is, from the innermost function on: `[in recv < serve]`."""
    return f"[in {' < '.join(functions)}]"


def _told(task: SuspendedTask, names: set[str]) -> tuple[str, ...]:
    place = in_one_line(printable(line.function) for line in task.frames[:NEAREST_FRAMES])
    if _UNNAMED.match(task.name) or len(names) >= MOST_TASK_NAMES:
        return (place,)
    names.add(task.name)
    return f"[task {printable(task.name)}]", place
