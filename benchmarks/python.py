"""Microseconds of user space for a Python frame, by the depth of the stack: walking it from outside, naming code that
was not seen before, and naming it again in the next round and within a round.

    python benchmarks/python.py [PYTHON ...]

Each frame is a function of its own, in modules of a hundred functions.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from icetop.symbols.binaries import BinaryCache
from icetop.symbols.cpython.code_objects import CodeReader, PythonProcess
from icetop.symbols.cpython.memory import Glimpse, ProcessMemory
from icetop.symbols.cpython.runtimes import InterpreterFiles, Runtime, find_runtime
from icetop.symbols.cpython.threads import read_threads
from icetop.symbols.cpython.walk import FrameWalker
from icetop.symbols.mappings import read_address_space
from measuring import middle

DEPTHS = (10, 50, 100, 480)
REPEATS = 9
BODY = """
def function_{number}(rest, wait, values=()):
    total = sum(value * 2 for value in values)
    if total > 3:
        values = [value for value in values if value]
    if rest:
        return rest[0](rest[1:], wait, values)
    wait()
    return total
"""
MAIN = """
import sys
from importlib import import_module
functions = []
for number in range(int(sys.argv[1])):
    functions.append(getattr(import_module(f"module_{number // 100}"), f"function_{number}"))
def wait():
    print(1, flush=True), sys.stdin.readline()
sys.setrecursionlimit(5000)
functions[0](functions[1:], wait)
"""


def write(folder: Path) -> Path:
    """The program and its modules."""
    for module in range(-(-max(DEPTHS) // 100)):
        text = "".join(BODY.format(number=number) for number in range(100 * module, 100 * module + 100))
        (folder / f"module_{module}.py").write_text(text)
    (folder / "main.py").write_text(MAIN)
    return folder / "main.py"


def timed(call: Callable[[], object], frames: int) -> float:
    """Microseconds a frame of one call."""
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1e6 / frames


def measure(pid: int) -> tuple[int, dict[str, list[float]]]:
    """Frames of the process's stack, and microseconds a frame of each step."""
    space, memory, binaries = read_address_space(pid), ProcessMemory(pid), BinaryCache(Counter())
    runtime = find_runtime(space.mappings, lambda mapping: binaries.behind(space, mapping), memory, InterpreterFiles())
    assert isinstance(runtime, Runtime), runtime
    process = PythonProcess(pid, memory, runtime)
    (thread,) = read_threads(memory, runtime)
    frames = FrameWalker(Glimpse(memory), runtime).walk(thread).frames
    times: dict[str, list[float]] = {"walk": [], "new": [], "next round": [], "again": []}
    for _ in range(REPEATS):
        reader = CodeReader()

        def name(reader: CodeReader = reader) -> None:
            for frame in frames:
                assert reader.resolve(process, frame.code, frame.instruction)

        times["walk"].append(timed(lambda: FrameWalker(Glimpse(memory), runtime).walk(thread), len(frames)))
        times["new"].append(timed(name, len(frames)))
        times["again"].append(timed(name, len(frames)))
        reader.new_round()
        times["next round"].append(timed(name, len(frames)))
    return len(frames), times


def main() -> None:
    """Each interpreter at each depth."""
    with tempfile.TemporaryDirectory() as folder:
        program = write(Path(folder))
        for python in sys.argv[1:] or ["/usr/bin/python3"]:
            for depth in DEPTHS:
                words = [python, str(program), str(depth)]
                process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                assert process.stdout is not None
                process.stdout.readline()
                frames, times = measure(process.pid)
                process.kill()
                process.communicate()
                print(f"{python} {frames:4} frames: us a frame", *(f"{key}{middle(v)}" for key, v in times.items()))


if __name__ == "__main__":
    main()
