"""The asyncio task that a thread runs, and the tasks that wait for it: names to put above its stack.

From 3.14 on a thread state names its running task, a task names those that await it, and the extension module
describes where (its section `.AsyncioDebug`, `Py_AsyncioModuleDebugOffsets` in CPython's Modules/_asynciomodule.c).
Before, the way leads through the frame of `asyncio.events.Handle._run`: its handle, the handle's callback, which is
that of a task, and from there the task; who awaits it is told by the callback of the task itself, unless that is a
function, as with `asyncio.gather`. Other event loops than asyncio's own have no such frame: there nothing is told
before 3.14.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..binaries import Binary
from ..elf_file import Section
from ..mappings import Mapping
from ..raw_bytes import BrokenFile
from .code_objects import CodeReader, PythonProcess
from .layouts import Version
from .memory import Memory, read_word
from .strings import read_string
from .threads import ThreadState
from .walk import PythonStack

MOST_TASKS = 32
"""Tasks of one chain; a longer one is cut, and one that goes in a circle ends."""

MOST_WAITERS = 64
"""Places of a set of awaiting tasks that are looked at, for the first one."""

HANDLE_RUN = ("asyncio.events.Handle._run", "asyncio.events._run")
"""The function that runs steps of tasks, as names of 3.11 and later have it, and as earlier ones do."""

SECTION = ".AsyncioDebug"
_DESCRIPTION = struct.Struct("<13Q")
_MODULE = re.compile(r"_asyncio\.cpython-\d+.*\.so$")
_WRAPPERS = ("TaskStepMethWrapper", "TaskWakeupMethWrapper")
_CALLBACK, _WRAPPED_TASK, _METHOD_SELF, _FUTURE_CALLBACK = 24, 16, 24, 24
_TYPE, _TYPE_NAME = 8, 24
_SET_MASK, _SET_TABLE, _SET_ENTRY = 32, 40, 16


class Task(NamedTuple):
    """A task: its name, and the qualified name of its coroutine (empty where it cannot be read)."""

    name: str
    coroutine: str


class TaskOffsets(NamedTuple):
    """Where a task has its name and its coroutine, and the coroutine its qualified name; before 3.14 also where a
    frame has its first variable. From 3.14 on: in the thread state, `running`; in the task, who awaits it (a task, or
    a set of them if the byte `awaited_by_is_set` says so) and where it is linked to others (`node`); in the thread
    state the `head` of those."""

    name: int
    coroutine: int
    qualname: int
    locals: int = -1
    running: int = -1
    awaited_by: int = -1
    awaited_by_is_set: int = -1
    node: int = -1
    head: int = -1


_BEFORE_3_14: dict[Version, TaskOffsets] = {
    (3, 8): TaskOffsets(name=120, coroutine=112, qualname=56, locals=360),
    (3, 9): TaskOffsets(name=160, coroutine=152, qualname=56, locals=360),
    (3, 10): TaskOffsets(name=168, coroutine=160, qualname=48, locals=352),
    (3, 11): TaskOffsets(name=144, coroutine=136, qualname=40, locals=72),
    (3, 12): TaskOffsets(name=144, coroutine=136, qualname=32, locals=72),
    (3, 13): TaskOffsets(name=128, coroutine=120, qualname=32, locals=72),
}


def find_task_offsets(
    version: Version, mappings: Sequence[Mapping], open_binary: Callable[[Mapping], Binary | None]
) -> TaskOffsets | None:
    """Where tasks have what; None when the process has not imported asyncio, as far as that can be told."""
    modules = [mapping for mapping in mappings if _MODULE.match(mapping.path.rpartition("/")[2])]
    if version < (3, 14):
        return _BEFORE_3_14.get(version)
    for mapping in (*modules[:1], *[mapping for mapping in mappings if mapping.has_file][:1]):
        binary = open_binary(mapping)
        section = binary.elf.section(SECTION) if binary is not None else None
        if binary is not None and section is not None:
            return _described(binary, section)
    return None


def _described(binary: Binary, section: Section) -> TaskOffsets | None:
    try:
        values = _DESCRIPTION.unpack(binary.elf.contents(section, 4096)[: _DESCRIPTION.size])
    except (BrokenFile, struct.error):
        return None
    size, name, awaited_by, _, is_set, coroutine, node = values[:7]
    thread_size, running, head = values[9], *values[11:]
    if max(name, awaited_by, is_set, coroutine, node) >= size or size > 4096:
        return None
    if not 0 < running < thread_size < 1 << 20 or head >= thread_size:
        return None
    return TaskOffsets(name, coroutine, 32, -1, running, awaited_by, is_set, node, head)


class TaskReader:
    """Reads tasks of one process. `memory` should be a `Glimpse` that lives as long as the look at the stacks."""

    def __init__(self, process: PythonProcess, memory: Memory, offsets: TaskOffsets, reader: CodeReader) -> None:
        self._process = process
        self._memory = memory
        self._offsets = offsets
        self._reader = reader

    def tasks(self, thread: ThreadState, stack: PythonStack) -> list[Task]:
        """The task that a thread runs, the task that awaits it, and so on; empty when it runs none. Of several tasks
        that await one, the first found is told. `stack` is the thread's, as the walker in user space gives it."""
        task = self._running(thread, stack)
        found: dict[int, Task] = {}
        while task and task not in found and len(found) < MOST_TASKS:
            named = self.named(task)
            if named is None:
                break
            found[task] = named
            task = self._awaiting(task)
        return list(found.values())

    def _running(self, thread: ThreadState, stack: PythonStack) -> int:
        if self._offsets.running >= 0:
            return read_word(self._memory, thread.address + self._offsets.running)
        for frame in stack.frames:
            line = self._reader.resolve(self._process, frame.code, frame.instruction)
            if line is not None and line.function in HANDLE_RUN:
                handle = read_word(self._memory, frame.address + self._offsets.locals)
                return self._behind(read_word(self._memory, handle + _CALLBACK)) if handle else 0
        return 0

    def _behind(self, callback: int) -> int:
        """The task behind a callback that runs or wakes one: 0 for other callbacks."""
        kind = self._type_name(callback)
        if kind in _WRAPPERS:
            return read_word(self._memory, callback + _WRAPPED_TASK)
        if kind == "builtin_function_or_method":
            task = read_word(self._memory, callback + _METHOD_SELF)
            return task if self._type_name(task).endswith("Task") else 0
        return 0

    def _awaiting(self, task: int) -> int:
        offsets = self._offsets
        if offsets.running < 0:
            return self._behind(read_word(self._memory, task + _FUTURE_CALLBACK))
        awaiting = read_word(self._memory, task + offsets.awaited_by)
        if not awaiting or self._memory.read(task + offsets.awaited_by_is_set, 1) in (b"", b"\0"):
            return awaiting
        return next(self._members(awaiting), 0)

    def _members(self, address: int) -> Iterator[int]:
        """The members of a set object."""
        mask = read_word(self._memory, address + _SET_MASK)
        table = read_word(self._memory, address + _SET_TABLE)
        for index in range(min(mask + 1, MOST_WAITERS)):
            entry = self._memory.read(table + index * _SET_ENTRY, _SET_ENTRY)
            key, _ = struct.unpack("<QQ", entry) if entry else (0, 0)
            if key and self._type_name(key).endswith("Task"):
                yield key

    def named(self, task: int) -> Task | None:
        """The names of the task at an address; None where there is none."""
        strings = self._process.runtime.layout.string
        name_at = read_word(self._memory, task + self._offsets.name)
        if self._type_name(name_at) == "int":
            name: str | None = f"Task-{self._number(name_at)}"
        else:
            name = read_string(self._memory, strings, name_at) if name_at else None
        if not name:
            return None
        coroutine = read_word(self._memory, task + self._offsets.coroutine)
        qualname = read_word(self._memory, coroutine + self._offsets.qualname) if coroutine else 0
        return Task(name, (read_string(self._memory, strings, qualname) if qualname else None) or "")

    def _number(self, address: int) -> int:
        """An int object of up to sixty bits: digits of thirty, as many as the tag says, from its third bit on."""
        data = self._memory.read(address + 16, 16)
        if not data:
            return 0
        tag, low, high = struct.unpack("<QII", data)
        return int(low + (high << 30 if tag >> 3 > 1 else 0))

    def _type_name(self, address: int) -> str:
        """The name of an object's type, without its module."""
        kind = read_word(self._memory, address + _TYPE) if address else 0
        name = read_word(self._memory, kind + _TYPE_NAME) if kind else 0
        text = self._memory.read(name, 40) if name else b""
        return text.partition(b"\0")[0].rpartition(b".")[2].decode("latin-1")
