"""The tasks of asyncio that wait: all of a process, and for each the coroutines down to the await it is suspended at.

From 3.14 on each thread has a list of its tasks. Before, `asyncio.tasks` has a `WeakSet` of all: the set in it is found
by its type among the first fields of the object, since where an object has its fields differs with each version.
What is read changes meanwhile: what is not of the type that it should be ends the search.

Format: `PyCoroObject`, `PyFrameObject`, `_PyInterpreterFrame` of CPython's Include/internal and Include/cpython, and
`FutureIter` of Modules/_asynciomodule.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from ...profiles.locations import Line
from .asyncio_tasks import TaskOffsets, TaskReader
from .code_objects import SHIM, CodeReader, PythonProcess
from .imported_modules import dict_values, modules_of
from .layouts import Layout
from .memory import Glimpse, read_word
from .threads import ThreadState, read_threads

MOST_TASKS, MOST_COROUTINES = 64, 32
"""Tasks that are looked at, of a process and in one look, and coroutines of each."""

LARGEST_SET = 4096
"""Places of a set of tasks that are looked at."""

_TYPE, _TYPE_NAME, _MODULE_DICT, _DICT_VALUES = 8, 24, 16, 40
_INNER, _WEAK_OBJECT, _SET_MASK, _SET_TABLE, _SET_ENTRY, _LOOP = 16, 16, 32, 40, 16, 16
_FIELDS = 6
_SET_NAMES = ("_scheduled_tasks", "_all_tasks")
"""What the set of tasks is called in 3.12 and later, and before."""

_COROUTINES = ("coroutine", "generator", "async_generator")
_WRAPPERS = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow", "FutureIter")
"""What has at its first field what it stands for."""


class SuspendedTask(NamedTuple):
    """A task that waits: its name, and the functions it waits in, the innermost first."""

    name: str
    frames: tuple[Line, ...]


class _Suspended(NamedTuple):
    """Where a coroutine has its frame, and a frame what it awaits, the last of its values: by a pointer, `top`, so many
    bytes `above` it, or as a number of values from `values` on (which is a pointer where `values_are_elsewhere`)."""

    frame: int
    frame_is_elsewhere: bool = False
    top: int = -1
    above: int = 8
    number: int = -1
    values: int = 0
    values_are_elsewhere: bool = False


_3_8 = _Suspended(frame=16, frame_is_elsewhere=True, top=72)
_3_10 = _Suspended(frame=16, frame_is_elsewhere=True, number=80, values=64, values_are_elsewhere=True)
_3_11 = _Suspended(frame=80, number=64, values=72)
_BY_MINOR = {
    **dict.fromkeys((8, 9), _3_8), 10: _3_10, 11: _3_11, **dict.fromkeys((12, 13), _3_11._replace(frame=72)),
    14: _Suspended(frame=72, top=64), 15: _Suspended(frame=72, top=64, above=16),
}  # fmt: skip


class SuspendedTasks:
    """Reads the tasks of one process. Each look costs some 0.03 ms a task."""

    def __init__(self, process: PythonProcess, offsets: TaskOffsets, reader: CodeReader) -> None:
        self._process = process
        self._offsets = offsets
        self._reader = reader
        self._memory = Glimpse(process.memory)
        self._set = 0

    def look(self, tid: int) -> list[SuspendedTask]:
        """At most `MOST_TASKS` tasks that wait: from 3.14 on those of a thread, by the number that its process knows it
        by, or of the only one that has any; before, those of a process in which one event loop has all."""
        self._memory.renew()
        self._reader.new_round()
        tasks = self._of_thread(tid) if self._offsets.head >= 0 else self._of_process()
        names = TaskReader(self._process, self._memory, self._offsets, self._reader)
        found = []
        for task in tasks:
            frames = self._frames(task)
            named = names.named(task) if frames else None
            if named is not None:
                found.append(SuspendedTask(named.name, tuple(frames)))
        self._memory.renew()
        return found

    def _of_thread(self, tid: int) -> list[int]:
        """From 3.14 on: each thread has a circle of nodes that lie in its tasks."""
        threads = read_threads(self._memory, self._process.runtime)
        found = {thread.native_id: tasks for thread in threads if (tasks := list(self._circle(thread)))}
        return next(iter(found.values())) if len(found) == 1 else found.get(tid, [])

    def _circle(self, thread: ThreadState) -> Iterator[int]:
        head, running = thread.address + self._offsets.head, self._word(thread.address + self._offsets.running)
        node = self._word(head)
        for _ in range(MOST_TASKS):
            if node in (0, head):
                return
            if node - self._offsets.node != running:
                yield node - self._offsets.node
            node = self._word(node)

    def _of_process(self) -> list[int]:
        """To 3.13: the members of a set of weak references."""
        if not self._set or self._type_name(self._set) != "set":
            self._set = self._find_set()
        if not self._set:
            return []
        table, places = self._word(self._set + _SET_TABLE), self._word(self._set + _SET_MASK) + 1
        data = self._memory.read(table, min(places, LARGEST_SET) * _SET_ENTRY)
        members = (self._word(key + _WEAK_OBJECT) for key, _ in struct.iter_unpack("<QQ", data) if key)
        tasks = [task for task in members if self._type_name(task) == "Task"]
        loops = {self._word(task + _LOOP) for task in tasks}
        return tasks[:MOST_TASKS] if len(loops) == 1 else []

    def _find_set(self) -> int:
        memory, runtime = self._memory, self._process.runtime
        module = dict_values(memory, runtime.layout, modules_of(memory, runtime), ("asyncio.tasks",))
        content = self._word(module[0] + _MODULE_DICT) if module else 0
        sets = dict_values(memory, runtime.layout, content, _SET_NAMES) if content else []
        return next((found for each in sets for found in self._fields_of(each) if self._type_name(found) == "set"), 0)

    def _fields_of(self, instance: int) -> Iterator[int]:
        """What may be fields of an object, those of each version in the order in which they were made."""
        places = [instance + 24, self._word(instance - 32), self._word(instance - 24) + 1]
        places.append(self._word(self._word(instance + 16) + _DICT_VALUES))
        for place in places:
            data = self._memory.read(place, 8 * _FIELDS) if place > 8 else b""
            yield from struct.unpack(f"<{_FIELDS}Q", data) if data else ()

    def _frames(self, task: int) -> list[Line]:
        """The functions of a task that waits, the innermost first; empty for one that runs or is about to."""
        layout = self._process.runtime.layout
        suspended = _BY_MINOR.get(layout.version[1])
        found: list[Line] = []
        here = self._word(task + self._offsets.coroutine)
        for _ in range(MOST_COROUTINES):
            name = self._type_name(here)
            if name in _WRAPPERS:
                here = self._word(here + _INNER)
            elif name in _COROUTINES and suspended is not None:
                frame = here + suspended.frame
                frame = self._word(frame) if suspended.frame_is_elsewhere else frame
                line = self._line(layout, frame)
                if line is None:
                    return []
                found += [line] if line.function else []
                # Of a frame that runs, to 3.13, the interpreter has not written down what is on top.
                here = self._awaited(frame, suspended) & ~layout.frame.code_tags
            else:
                return found[::-1] if name else []
        return found[::-1]

    def _line(self, layout: Layout, frame: int) -> Line | None:
        offsets = layout.frame
        code = self._word(frame + offsets.code) & ~offsets.code_tags
        data = self._memory.read(frame + offsets.instruction, offsets.instruction_bytes)
        if not code or not data:
            return None
        line = self._reader.resolve(self._process, code, int.from_bytes(data, "little", signed=True))
        return Line("") if line is SHIM else line

    def _awaited(self, frame: int, suspended: _Suspended) -> int:
        """What is on top of a frame's values: what it awaits."""
        if suspended.top >= 0:
            return self._word(self._word(frame + suspended.top) - suspended.above)
        data = self._memory.read(frame + suspended.number, 4)
        number = int.from_bytes(data, "little", signed=True) if data else 0
        values = self._word(frame + suspended.values) if suspended.values_are_elsewhere else frame + suspended.values
        return self._word(values + 8 * (number - 1)) if 0 < number < 1 << 16 else 0

    def _word(self, address: int) -> int:
        return read_word(self._memory, address) if address > 0 else 0

    def _type_name(self, address: int) -> str:
        """The name of an object's type, without its module."""
        kind = self._word(address + _TYPE) if address else 0
        name = self._word(kind + _TYPE_NAME) if kind else 0
        text = self._memory.read(name, 40) if name else b""
        return text.partition(b"\0")[0].rpartition(b".")[2].decode("latin-1")
