"""Python programs that are stopped at the very sample: its Python frames are those that another tool sees there.

The other tool is `py-spy dump`; for an interpreter that has its own sampler (3.15) it is that.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from icetop.profiles.vocabulary import Language
from icetop.sampler.collector import Collector
from icetop.sampler.loader.compiled import CompiledForm
from icetop.sampler.raw_stacks import RawStack

from .conftest import Start
from .stopping import collecting, sampled
from .test_python import VERSIONS, runs

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

PROGRAMS = {
    "recursion": ("calls.py", "recursion"),
    "deep": ("calls.py", "deep"),
    "threads": ("calls.py", "threads"),
    "asyncio": ("calls.py", "coroutines"),
    "generators, json, re, sorted": ("known_calls.py",),
    "fork": ("calls.py", "fork"),
}
STOPS = {"deep": 15}
MOST_STOPS = 40
OWN_SINCE = (3, 15)
"""The version from which on an interpreter can tell stacks of other processes."""

PTHREAD_TID = 0x2D0
"""Where glibc's `struct pthread` has `tid`, on x86-64."""

PROC = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'

Frames = list[tuple[str, int]]


class Tool(NamedTuple):
    """Another tool. `dump` gives the Python frames of a stopped process's threads, leaf first, by the thread's number,
    or None where it cannot; `enter` is put before a command whose process it is to look at."""

    dump: Callable[[int], dict[int, Frames] | None]
    enter: list[str]


def py_spy(pid: int) -> dict[int, Frames]:
    words = ["py-spy", "dump", "--nonblocking", "-j", "-p", str(pid)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = {}
    for thread in json.loads(told):
        shown = [(short(frame["name"]), frame["line"]) for frame in thread["frames"]]
        tid = thread["os_thread_id"] or thread_of(pid, thread["thread_id"])
        found[tid] = [frame for frame in shown if not is_shim(*frame)]
    return found


def is_shim(name: str, line: int) -> bool:
    """Whether it stands for no Python code: what cleans up after `__init__` is called so, too."""
    return name.startswith("<shim") or (name == "__init__" and line <= 0)


def thread_of(pid: int, pthread: int) -> int:
    """The number of a thread, from glibc's record of it: to 3.10 an interpreter does not know it."""
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(pthread + PTHREAD_TID)
        return int.from_bytes(memory.read(4), "little")


def short(name: str) -> str:
    return name.rpartition(".")[2]


@contextmanager
def own_sampler(version: str) -> Iterator[Tool]:
    """The interpreter's own, in a process that is asked again and again."""
    words = runs(version, "own_stacks.py")
    if words[0] == "chroot":
        words = ["unshare", "-m", "sh", "-c", PROC, *words[1:]]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def dump(pid: int) -> dict[int, Frames] | None:
            assert process.stdin is not None and process.stdout is not None
            print(pid, file=process.stdin, flush=True)
            told = json.loads(process.stdout.readline())
            if told is None:
                return None
            shown = {int(tid): [(short(name), line) for name, line in frames] for tid, frames in told.items()}
            return {tid: [frame for frame in frames if not is_shim(*frame)] for tid, frames in shown.items()}

        yield Tool(dump, ["nsenter", "-m", "-t", str(process.pid)])
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def other_tool(version: str) -> Iterator[Tool]:
    if tuple(map(int, version.split("."))) >= OWN_SINCE:
        with own_sampler(version) as tool:
            yield tool
    elif shutil.which("py-spy") is None:
        pytest.skip("py-spy is not installed")
    else:
        yield Tool(py_spy, [])


class Family:
    """A process and its children, which run and stop together."""

    def __init__(self, pid: int) -> None:
        time.sleep(0.1)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        self.pids = frozenset((pid, *map(int, children.split())))

    def go_on(self) -> None:
        """Run until one is stopped, and stop the others."""
        self.signal(signal.SIGCONT)
        until = time.monotonic() + 20
        while not any(map(is_stopped, self.pids)) and time.monotonic() < until:
            time.sleep(0.001)
        self.signal(signal.SIGSTOP)
        while not all(map(is_stopped, self.pids)) and time.monotonic() < until:
            time.sleep(0.001)

    def signal(self, number: int) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def is_stopped(pid: int) -> bool:
    """Whether all threads of a process are."""
    tasks = Path(f"/proc/{pid}/task")
    return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir())


def python_frames(collector: Collector, raw: RawStack) -> Frames:
    """Leaf first, as they are shown."""
    locations = [
        collector.samples.tables.new_locations[index] for index in collector.samples.stacks.user_locations(raw)
    ]
    lines = [place.lines[0] for place in locations if place.language is Language.PYTHON]
    return [(short(line.function), line.line) for line in lines]


@contextmanager
def stopping(pid: int, most: int, form: CompiledForm) -> Iterator[Iterator[tuple[int, int, Frames]]]:
    """The samples of a process and its children, as (process, thread, Python frames), while it is stopped there."""
    family = Family(pid)

    def stops(collector: Collector) -> Iterator[tuple[int, int, Frames]]:
        known: dict[int, RawStack] = {}
        for _ in range(most):
            family.go_on()
            for row, raw in sampled(collector, known):
                yield row.pid, row.tid, python_frames(collector, raw)

    try:
        with collecting(family.pids, form) as collector:
            yield stops(collector)
    finally:
        family.signal(signal.SIGKILL)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("version", VERSIONS)
def test_frames_at_a_sample_are_those_that_another_tool_sees(
    version: str, program: str, start: Start, stopping_form: CompiledForm
) -> None:
    """Names and lines of every frame, counted from the outermost."""
    most = STOPS.get(program, MOST_STOPS)
    frames = equal = stacks = whole = 0
    different: list[object] = []
    with other_tool(version) as tool:
        process = start(*tool.enter, *runs(version, *PROGRAMS[program]), stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline()
        with stopping(process.pid, most, stopping_form) as stops:
            for pid, tid, ours in stops:
                seen = tool.dump(pid)
                if seen is None:
                    continue
                theirs = seen.get(tid, [])
                same = sum(a == b for a, b in zip(reversed(ours), reversed(theirs), strict=False))
                longer = max(len(ours), len(theirs))
                stacks, frames, equal, whole = stacks + 1, frames + longer, equal + same, whole + (same == longer)
                if same != longer:
                    different.append((ours[:6], theirs[:6], len(ours), len(theirs)))
    print(f"{version} {program}: {stacks} stacks, {whole} equal, {frames} frames, {equal} equal", different[:8])
    assert stacks >= most / 2
    assert equal >= 0.995 * frames - 3, (equal, frames, different[:5])
