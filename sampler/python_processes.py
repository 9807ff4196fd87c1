"""The interpreters of processes: found when a process is first seen, and told to the kernel's Python walker.

What is found for a program holds for all processes that were forked from it, as the kernel goes by the program's image.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ..profiles.delta import Notice
from ..profiles.target import Target
from ..symbols.binaries import BinaryCache
from ..symbols.cpython.asyncio_tasks import TaskOffsets, find_task_offsets
from ..symbols.cpython.code_objects import CodeReader, PythonProcess
from ..symbols.cpython.interpreter_file import InterpreterFile, Unusable
from ..symbols.cpython.linked_library import find_link
from ..symbols.cpython.memory import ProcessMemory
from ..symbols.cpython.runtimes import InterpreterFiles, Runtime, find_runtime
from ..symbols.cpython.threads import find_slot, holds_for_all, read_threads
from ..symbols.mappings import AddressSpace, read_address_space
from .kept_interpreters import KeptInterpreters, KnownFile
from .python_ahead import code_start, python_of_command, python_pids
from .python_writer import PythonWriter

if TYPE_CHECKING:
    from ..symbols.cpython.suspended_tasks import SuspendedTasks

MOST_PROCESSES = 256
"""Processes whose memory is held open; the one not seen for longest is found anew when it is seen again."""

MOST_IMAGES, MOST_REASONS = 1024, 16
TASKS_SINCE, MOST_TASK_NAMES = (3, 14), 64
"""The version from which on a thread tells its task, before which the code that runs tasks has to be known, and how
many names of tasks are taken of a process."""

AHEAD_SECONDS = 0.1
"""How long processes are looked into before sampling begins; the others are when their first samples come."""

MOST_TRIES = 60
"""How often an interpreter is asked where its threads keep their state: once a drain, while it starts up."""


@dataclass(slots=True)
class Interpreter:
    """A CPython in a process. `loops` are the addresses, (start, end), of its evaluation loop; `task_runner` is that of
    the code which runs steps of asyncio's tasks, once it was seen."""

    process: PythonProcess
    memory: ProcessMemory
    image: int
    loops: tuple[tuple[int, int], ...]
    tries: int = 0
    task_runner: int = 0
    task_names: set[str] = field(default_factory=set)
    suspended: SuspendedTasks | None = None
    starts: list[int] = field(default_factory=list)

    @property
    def runtime(self) -> Runtime:
        """Where its state lies."""
        return self.process.runtime

    def is_loop(self, address: int) -> bool:
        """Whether an address lies in the evaluation loop."""
        place = bisect_right(self.starts, address) - 1
        return place >= 0 and address < self.loops[place][1]


class Told(NamedTuple):
    """What the kernel was told of a program beside its interpreter's address and layout."""

    slot: int
    certain: bool
    tasks: TaskOffsets | None = None
    task_runner: int = 0
    too_many_tasks: bool = False


Found = Interpreter | Unusable | None


class PythonProcesses:
    """Finds interpreters. `counters` gets `python_found`, `python_unusable`, `python_forgotten` and
    `python_tasks_too_many`."""

    def __init__(
        self, writer: PythonWriter, binaries: BinaryCache, counters: Counter[str], kept: KeptInterpreters
    ) -> None:
        self._writer = writer
        self._binaries = binaries
        self._counters = counters
        self._kept = kept
        self._files = InterpreterFiles(kept=kept.files)
        self._expected: set[tuple[int, int]] = set()
        self._known: OrderedDict[int, tuple[AddressSpace, Found]] = OrderedDict()
        self._told: OrderedDict[int, Told] = OrderedDict()
        self._slots: dict[str, int] = {}
        self._waiting: dict[int, tuple[AddressSpace, Interpreter]] = {}
        self.reasons: set[str] = set()

    def look_ahead(self, target: Target) -> None:
        """Tell the kernel of interpreters before the first sample: of programs that are known from before, of
        processes that run, and of the command that is about to."""
        for known in self._kept.programs():
            self._slots[known.build_id] = known.slot
            self._expect_program(known)
        path = python_of_command(target.command)
        if path and (binary := self._binaries.at_path(path)) is not None:
            found = self._files.of(binary, by_name=True)
            if isinstance(found, InterpreterFile):
                slot = self._slots.get(binary.build_id, 0)
                self._expect_program(KnownFile(path, found, binary.build_id, *binary.identity[:2], slot))
        if self._expected and not target.pids:
            self._writer.expect()
        until = time.monotonic() + AHEAD_SECONDS
        for pid in python_pids(target):
            if self._expect_process(pid):
                self._writer.expect()
            if time.monotonic() > until:
                break

    def _expect_process(self, pid: int) -> bool:
        """Tell of the interpreter in a process; whether there is one."""
        try:
            program = os.stat(f"/proc/{pid}/exe")
            if (program.st_dev, program.st_ino) in self._expected:
                return True
            space = read_address_space(pid)
        except OSError:
            return False
        found, start = self._find(0, 0, space), code_start(pid)
        if not isinstance(found, Interpreter):
            return False
        slot = _slot(found)[0] or self._slots.get(found.runtime.build_id, 0)
        if not self._learn(space, found, slot) and start is not None:
            self._writer.expect_process(pid, found.runtime, start, slot)
        found.memory.close()
        return True

    def _learn(self, space: AddressSpace, interpreter: Interpreter, slot: int) -> bool:
        """Keep in mind what was found in a process, for others that run the same program; whether that can be done."""
        runtime = interpreter.runtime
        binary = self._binaries.behind(space, runtime.mapping)
        found = self._files.of(binary, by_name=True) if binary is not None else None
        if binary is None or not isinstance(found, InterpreterFile):
            return False
        self._slots[runtime.build_id] = slot or self._slots.get(runtime.build_id, 0)
        known = KnownFile(binary.path, found, binary.build_id, slot=slot)
        mapping = next(mapping for mapping in space.mappings if mapping.has_file)
        if mapping[3:5] != runtime.mapping[3:5]:
            self._kept.learn(binary.identity, known)
            binary, start = self._binaries.behind(space, mapping), code_start(space.pid)
            if binary is None or start is None:
                return False
            link = find_link(binary.elf, start, interpreter.memory, runtime.address - found.runtime)
            if link is None:
                return False
            known = known._replace(path=binary.path, link=link)
        known = known._replace(device=mapping.device, inode=mapping.inode)
        self._kept.learn(binary.identity, known)
        if slot or (mapping.device, mapping.inode) not in self._expected:
            self._expect_program(known)
        return True

    def _expect_program(self, known: KnownFile) -> None:
        self._writer.expect_program(known)
        self._expected.add((known.device, known.inode))
        if len(self._expected) > MOST_IMAGES:
            self._expected.pop()

    def of(self, space_id: int, image: int, space: AddressSpace) -> Found:
        """The interpreter in an address space; None when it has none, Unusable with the reason when it is of no use."""
        known = self._known.get(space_id)
        if known is not None and (known[0] is space or isinstance(known[1], Interpreter)):
            self._known.move_to_end(space_id)
            if known[0] is not space and isinstance(known[1], Interpreter):
                self._known[space_id] = (space, known[1])
                self._look_for_tasks(space, known[1])
            return known[1]
        found = self._find(space_id, image, space)
        self._known[space_id] = (space, found)
        self._forget_oldest()
        if isinstance(found, Interpreter):
            self._tell(space_id, space, found)
            self._look_for_tasks(space, found)
        elif isinstance(found, Unusable):
            self._counters["python_unusable"] += 1
            if len(self.reasons) < MOST_REASONS:
                self.reasons.add(found.reason)
        return found

    def relative(self, image: int, besides: Interpreter | None = None) -> Interpreter | None:
        """The process that runs this program, by forks, and was not seen for longest, as a parent of workers; None
        when there is no other."""
        for _, found in self._known.values():
            if isinstance(found, Interpreter) and found.image == image and found is not besides:
                return found
        return None

    def look_again(self) -> None:
        """Ask interpreters that have just started where their threads keep their state."""
        for space_id, (space, interpreter) in list(self._waiting.items()):
            slot, certain = _slot(interpreter)
            interpreter.tries += 1
            if slot:
                self._learn(space, interpreter, slot)
                told = self._told.get(interpreter.image, Told(slot, certain))
                self._write(interpreter, told._replace(slot=slot, certain=certain))
            if certain or interpreter.tries >= MOST_TRIES:
                del self._waiting[space_id]

    def notices(self) -> list[Notice]:
        """What cannot be shown of Python, and why."""
        found = [Notice("info", f"no Python functions: {reason}") for reason in sorted(self.reasons)]
        if self._writer.refused:
            found.append(Notice("warning", "no Python functions", self._writer.refused))
        return found

    def _find(self, space_id: int, image: int, space: AddressSpace) -> Found:
        try:
            memory = ProcessMemory(space.pid)
        except OSError:
            return None
        found = find_runtime(space.mappings, lambda mapping: self._binaries.behind(space, mapping), memory, self._files)
        if not isinstance(found, Runtime):
            memory.close()
            return found
        self._counters["python_found"] += 1
        moved = found.mapping.start - found.mapping.offset
        loops = tuple((start + moved, end + moved) for start, end in found.loop_ranges)
        process = PythonProcess(space_id, memory, found)
        return Interpreter(process, memory, image, loops, starts=[start for start, _ in loops])

    def _tell(self, space_id: int, space: AddressSpace, interpreter: Interpreter) -> None:
        """Tell the kernel, unless it was told of this very program, by a process that shares it."""
        told = self._told.get(interpreter.image)
        if told is not None and told.certain:
            return
        slot, certain = _slot(interpreter) if interpreter.runtime.started else (0, False)
        self._write(interpreter, Told(slot or self._slots.get(interpreter.runtime.build_id, 0), certain))
        self._learn(space, interpreter, slot)
        if not certain:
            self._waiting[space_id] = space, interpreter

    def follow_tasks(self, space: AddressSpace, interpreter: Interpreter) -> None:
        """Tell the kernel where names of asyncio's tasks are, now that the code which runs them was seen (to 3.13)."""
        told = self._told.get(interpreter.image)
        if told is None or told.task_runner or told.too_many_tasks:
            return
        tasks = find_task_offsets(interpreter.runtime.layout.version, space.mappings, lambda mapping: None)
        if tasks is not None:
            self._write(interpreter, told._replace(tasks=tasks, task_runner=interpreter.task_runner))

    def suspended_tasks(self, space_id: int) -> SuspendedTasks | None:
        """What reads the tasks that wait in a process; None where there is no asyncio."""
        from ..symbols.cpython.suspended_tasks import SuspendedTasks

        space, found = self._known.get(space_id, (None, None))
        if space is None or not isinstance(found, Interpreter):
            return None
        if found.suspended is None:
            version, mappings = found.runtime.layout.version, space.mappings
            offsets = find_task_offsets(version, mappings, lambda mapping: self._binaries.behind(space, mapping))
            if offsets is not None:
                found.suspended = SuspendedTasks(found.process, offsets, CodeReader())
        return found.suspended

    def _look_for_tasks(self, space: AddressSpace, interpreter: Interpreter) -> None:
        """Tell the kernel where names of asyncio's tasks are, once the process has asyncio and says so (from 3.14)."""
        version, told = interpreter.runtime.layout.version, self._told.get(interpreter.image)
        if version < TASKS_SINCE or told is None or told.tasks is not None or told.too_many_tasks:
            return
        tasks = find_task_offsets(version, space.mappings, lambda mapping: self._binaries.behind(space, mapping))
        if tasks is not None:
            self._write(interpreter, told._replace(tasks=tasks))

    def keeps_task(self, interpreter: Interpreter, name: str) -> bool:
        """Whether the name of a task is shown. A program that gives very many would have a stack for each request: of
        such a one no names of tasks are taken any more."""
        interpreter.task_names.add(name)
        if len(interpreter.task_names) <= MOST_TASK_NAMES:
            return True
        interpreter.task_names.clear()
        told = self._told.get(interpreter.image)
        if told is not None:
            self._counters["python_tasks_too_many"] += 1
            self._write(interpreter, told._replace(tasks=None, task_runner=0, too_many_tasks=True))
        return False

    def _write(self, interpreter: Interpreter, told: Told) -> None:
        self._writer.write(
            interpreter.image, interpreter.runtime, told.slot, told.certain, told.tasks, told.task_runner
        )
        self._told[interpreter.image] = told
        self._told.move_to_end(interpreter.image)
        if len(self._told) > MOST_IMAGES:
            self._told.popitem(last=False)

    def _forget_oldest(self) -> None:
        if len(self._known) <= MOST_PROCESSES:
            return
        space_id, (_, found) = self._known.popitem(last=False)
        self._waiting.pop(space_id, None)
        if isinstance(found, Interpreter):
            found.memory.close()
            self._counters["python_forgotten"] += 1


def _slot(interpreter: Interpreter) -> tuple[int, bool]:
    """How far from its storage's start each thread has the pointer to its state (0: none is seen), and whether that
    holds for all threads."""
    threads = read_threads(interpreter.memory, interpreter.runtime)
    slot = find_slot(interpreter.memory, threads) or 0
    return slot, bool(slot) and holds_for_all(interpreter.memory, threads, slot)
