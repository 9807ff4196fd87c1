"""The interpreters of processes: found when a process is first seen, and told to the kernel's Python walker.

What is found for a program holds for all processes that were forked from it, as the kernel goes by the program's image.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from ..profiles.delta import Notice
from ..symbols.binaries import BinaryCache
from ..symbols.cpython.code_objects import PythonProcess
from ..symbols.cpython.interpreter_file import Unusable
from ..symbols.cpython.memory import ProcessMemory
from ..symbols.cpython.runtimes import InterpreterFiles, Runtime, find_runtime
from ..symbols.cpython.threads import find_slot, read_threads
from ..symbols.mappings import AddressSpace
from .python_writer import PythonWriter

MOST_PROCESSES = 256
"""Processes whose memory is held open; the one not seen for longest is found anew when it is seen again."""

MOST_IMAGES, MOST_REASONS = 1024, 16
MOST_TRIES = 60
"""How often an interpreter is asked where its threads keep their state: once a drain, while it starts up."""


@dataclass(slots=True)
class Interpreter:
    """A CPython in a process. `loops` are the addresses, (start, end), of its evaluation loop."""

    process: PythonProcess
    memory: ProcessMemory
    image: int
    loops: tuple[tuple[int, int], ...]
    tries: int = 0
    starts: list[int] = field(default_factory=list)

    @property
    def runtime(self) -> Runtime:
        """Where its state lies."""
        return self.process.runtime

    def is_loop(self, address: int) -> bool:
        """Whether an address lies in the evaluation loop."""
        place = bisect_right(self.starts, address) - 1
        return place >= 0 and address < self.loops[place][1]


Found = Interpreter | Unusable | None


class PythonProcesses:
    """Finds interpreters. `counters` gets `python_found`, `python_unusable` and `python_forgotten`."""

    def __init__(self, writer: PythonWriter, binaries: BinaryCache, counters: Counter[str]) -> None:
        self._writer = writer
        self._binaries = binaries
        self._counters = counters
        self._files = InterpreterFiles()
        self._known: OrderedDict[int, tuple[AddressSpace, Found]] = OrderedDict()
        self._told: OrderedDict[int, bool] = OrderedDict()
        self._slots: dict[str, int] = {}
        self._waiting: dict[int, Interpreter] = {}
        self.reasons: set[str] = set()

    def of(self, space_id: int, image: int, space: AddressSpace) -> Found:
        """The interpreter in an address space; None when it has none, Unusable with the reason when it is of no use."""
        known = self._known.get(space_id)
        if known is not None and (known[0] is space or isinstance(known[1], Interpreter)):
            self._known.move_to_end(space_id)
            return known[1]
        found = self._find(space_id, image, space)
        self._known[space_id] = (space, found)
        self._forget_oldest()
        if isinstance(found, Interpreter):
            self._tell(space_id, found)
        elif isinstance(found, Unusable):
            self._counters["python_unusable"] += 1
            if len(self.reasons) < MOST_REASONS:
                self.reasons.add(found.reason)
        return found

    def look_again(self) -> None:
        """Ask interpreters that have just started where their threads keep their state."""
        for space_id, interpreter in list(self._waiting.items()):
            slot = _slot(interpreter)
            interpreter.tries += 1
            if slot:
                self._slots[interpreter.runtime.build_id] = slot
                self._write(interpreter, slot, certain=True)
            if slot or interpreter.tries >= MOST_TRIES:
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

    def _tell(self, space_id: int, interpreter: Interpreter) -> None:
        """Tell the kernel, unless it was told of this very program, by a process that shares it."""
        if self._told.get(interpreter.image):
            return
        slot = _slot(interpreter) if interpreter.runtime.started else 0
        self._write(interpreter, slot or self._slots.get(interpreter.runtime.build_id, 0), certain=bool(slot))
        if slot:
            self._slots[interpreter.runtime.build_id] = slot
        else:
            self._waiting[space_id] = interpreter

    def _write(self, interpreter: Interpreter, slot: int, certain: bool) -> None:
        self._writer.write(interpreter.image, interpreter.runtime, slot, certain)
        self._told[interpreter.image] = certain
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


def _slot(interpreter: Interpreter) -> int:
    """How far from its storage's start each thread has the pointer to its state; 0 when none is seen."""
    return find_slot(interpreter.memory, read_threads(interpreter.memory, interpreter.runtime)) or 0
