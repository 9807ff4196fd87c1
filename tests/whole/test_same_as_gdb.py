"""Programs that are stopped at the very sample: the stack that the kernel took is what gdb sees, frame by frame."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from icetop.sampler.loader.compiled import CompiledForm
from icetop.sampler.raw_stacks import RawStack
from icetop.tests.unwinding.stopped import GDB_FRAMES

from .conftest import Start
from .stopping import collecting, sampled
from .test_complete import PROGRAMS, SOURCES, compile_with

pytestmark = [pytest.mark.bpf, pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")]

SIMPLE = {
    "C++": lambda folder: [*compile_with(folder, "g++", "-O2", "-pthread", str(SOURCES / "known.cpp")), "alone"],
    "static C++": lambda folder: [
        *compile_with(folder, "g++", "-O2", "-static", "-pthread", str(SOURCES / "known.cpp")),
        "alone",
    ],
    **{name: PROGRAMS[name] for name in ("Rust", "python3", "sqlite3")},
}
"""Programs of one thread."""

Frames = list[tuple[int, str]]


class Gdb:
    """A gdb that has a process stopped."""

    def __init__(self, pid: int, folder: Path) -> None:
        for name in ("orders", "answers"):
            os.mkfifo(folder / name)
        order = f"python order = {pid}, {str(folder / 'orders')!r}, {str(folder / 'answers')!r}"
        script = Path(__file__).with_name("gdb_at_samples.py")
        words = ["gdb", "-nx", "-batch", "-ex", order, "-x", str(GDB_FRAMES), "-x", str(script)]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._orders, self._answers = (folder / "orders").open("w"), (folder / "answers").open()
        self.attached = self._answers.readline() == '"attached"\n'

    def next_stop(self) -> Frames:
        """Let the process run to the next sample; its stack there."""
        print("on", file=self._orders, flush=True)
        return [(pc, name) for pc, name, _ in json.loads(self._answers.readline())]

    def close(self) -> None:
        self._orders.close()
        self._answers.close()
        self._process.wait()


def equal_frames(raw: RawStack, frames: Frames) -> int:
    """How many frames are the same, from the leaf on. Where a signal came ours is one byte on."""
    equal = 0
    for ours, (theirs, _) in zip(raw.user, frames, strict=False):
        if ours not in (theirs, theirs + 1):
            break
        equal += 1
    return equal


@pytest.mark.parametrize(
    ("program", "stops"),
    [("C++", 30), *(pytest.param(name, 300, marks=pytest.mark.soak) for name in SIMPLE)],
    ids=["short", *SIMPLE],
)
def test_stacks_are_those_that_gdb_sees(
    program: str, stops: int, tmp_path: Path, start: Start, stopping_form: CompiledForm
) -> None:
    make: Callable[[Path], list[str]] = SIMPLE[program]
    process = start(*make(tmp_path), stderr=subprocess.DEVNULL)
    gdb = Gdb(process.pid, tmp_path)
    if not gdb.attached:
        pytest.skip("gdb cannot attach to other processes here")
    known: dict[int, RawStack] = {}
    frames = equal = whole = 0
    different: list[Any] = []
    with collecting(frozenset({process.pid}), stopping_form) as collector:
        for _ in range(stops):
            seen = gdb.next_stop()
            for _, raw in sampled(collector, known):
                same = equal_frames(raw, seen)
                frames, equal = frames + len(seen), equal + same
                whole += same == len(seen) == len(raw.user)
                if same != len(seen):
                    different.append((raw.end, [hex(pc) for pc in raw.user][:12], [(hex(p), n) for p, n in seen][:12]))
        collector.kernel.stop()
        gdb.close()
    print(program, stops, "stops", frames, "frames", equal, "equal", whole, "whole", collector.counters)
    assert frames > 5 * stops
    # Of a frame of 300 KB the first sample is cut short: it is farther from the top of the stack than is copied.
    assert equal >= 0.995 * frames - 40, (equal, frames, different[:5])
