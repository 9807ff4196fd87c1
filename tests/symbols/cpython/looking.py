"""Looking at a Python process with the user-space walker."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from icetop.profiles.locations import Line
from icetop.symbols.binaries import BinaryCache
from icetop.symbols.cpython.code_objects import SHIM, CodeReader, PythonProcess
from icetop.symbols.cpython.memory import Glimpse, Memory, ProcessMemory
from icetop.symbols.cpython.runtimes import InterpreterFiles, Runtime, find_runtime
from icetop.symbols.cpython.threads import ThreadState, read_threads
from icetop.symbols.cpython.walk import FrameWalker, PythonStack
from icetop.symbols.mappings import read_address_space

Frame = tuple[str, str, int]
"""Name without the module, file, line."""


@dataclass
class Look:
    """A process and what was read of it."""

    memory: Memory
    runtime: Runtime
    process: PythonProcess
    reader: CodeReader
    threads: list[ThreadState]

    def walk(self, thread: ThreadState) -> PythonStack:
        return FrameWalker(Glimpse(self.memory), self.runtime).walk(thread)

    def lines(self, stack: PythonStack) -> list[Line | None]:
        found = [self.reader.resolve(self.process, frame.code, frame.instruction) for frame in stack.frames]
        return [line for line in found if line is not SHIM]


def look_at(pid: int) -> Look:
    space = read_address_space(pid)
    binaries = BinaryCache(Counter())
    memory = ProcessMemory(pid)
    runtime = find_runtime(space.mappings, lambda mapping: binaries.behind(space, mapping), memory, InterpreterFiles())
    assert isinstance(runtime, Runtime), runtime
    process = PythonProcess(pid, memory, runtime)
    return Look(memory, runtime, process, CodeReader(), read_threads(memory, runtime))


def said_by(process: subprocess.Popen[bytes]) -> dict[str, dict[str, object]]:
    """The line of JSON that a program prints of itself, as soon as it waits."""
    assert process.stdout is not None
    found: dict[str, dict[str, object]] = json.loads(process.stdout.readline())
    wait_for(found["pid"], "S")
    return found


def wait_for(pid: object, state: str) -> None:
    """Wait until the first thread of a process sleeps (S) or is stopped (T)."""
    until = time.monotonic() + 30
    while Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != state:
        assert time.monotonic() < until, f"{pid} never got to {state}"
        time.sleep(0.001)


def same(lines: list[Line | None], said: list[list[object]]) -> bool:
    """Whether frames are those that the interpreter tells: name, file, line."""
    if len(lines) != len(said):
        return False
    for line, (name, file, number) in zip(lines, said, strict=True):
        if line is None or (line.file, line.line) != (file, number or 0):
            return False
        if line.function != name and not line.function.endswith(f".{name}"):
            return False
    return True
