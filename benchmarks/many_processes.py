"""The cost of native stacks by how many processes run, and by how many distinct stacks they have.

    python benchmarks/many_processes.py [SECONDS] [PROCESSES ...]

Processes of up to 50 binaries share all CPUs, all of them busy, first so that they sleep in between and the machine is
just full, then without ever sleeping. The lines after that are of one process that takes more and more ways to the loop
in which it spins, sampled at 999 Hz. Told are the first delta with samples, the share of samples finished in the kernel
before and from second 10, the collector's CPU time a second in the same parts, its memory, and how many different
stacks there were. Both curves take under four minutes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from icetop.profiles.target import Target
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session
from icetop.targets.vitals import own_cost
from measuring import PROGRAMS

BINARIES, SETTLED, SECONDS = 50, 10.0, 17.0
PROCESSES, BITS = (1, 10, 50, 150, 500), (0, 4, 8, 12)


@dataclass
class Part:
    """Sums over some deltas."""

    seconds: float = 0.0
    samples: int = 0
    lost: int = 0
    finished: int = 0
    cpu_s: float = 0.0

    def __str__(self) -> str:
        share = 100 * (1 - self.finished / max(self.samples, 1))
        cpu = 100 * self.cpu_s / max(self.seconds, 1e-9)
        return f"{share:5.1f} % of {self.samples:5} in the kernel, lost {self.lost}, {cpu:5.2f} % of a core"


def build(folder: Path) -> list[str]:
    """Fifty programs that differ."""
    source = str(PROGRAMS / "stacks" / "many.c")
    compilers = []
    for number in range(BINARIES):
        words = ["gcc", "-O2", f"-DNUMBER={number}", "-o", str(folder / f"many{number}"), source]
        compilers.append(subprocess.Popen([*words, *(["-static"] if number % 5 == 4 else [])]))
    assert not any(compiler.wait() for compiler in compilers)
    return [str(folder / f"many{number}") for number in range(BINARIES)]


def sample(pids: Sequence[int], seconds: float, rate: int) -> tuple[float, Part, Part, int]:
    """When the first samples came, the parts before and from second 10, and the number of different stacks."""
    begin = time.monotonic()
    session = Session(CollectOptions(Target(pids=frozenset(pids)), rate), lambda stage: None, end_with_target=False)
    first, early, late, finished, before = 0.0, Part(), Part(), 0, begin
    stacks: set[int] = set()
    try:
        for delta in session.deltas(seconds):
            now = time.monotonic()
            samples = sum(delta.counts["cpu"].samples)
            stacks.update(delta.counts["cpu"].nodes)
            first = first or (now - begin if samples else 0.0)
            part = early if now - begin < SETTLED + 0.5 else late
            part.seconds, before = part.seconds + now - before, now
            part.samples += samples
            part.lost += sum(delta.lost.values())
            part.cpu_s += delta.vitals.profiler_cpu_s if delta.vitals else 0.0
            part.finished -= finished
            finished = session.counters["finished"]
            part.finished += finished
    finally:
        session.close()
    return first, early, late, len(stacks)


def measure(
    programs: Sequence[str],
    processes: int,
    seconds: float,
    busy_ms: float,
    more: Sequence[str] = ("2",),
    rate: int = 99,
) -> str:
    """A line about so many processes; in a child, so that each begins with nothing known."""
    reading, writing = os.pipe()
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(processes):
            words = (programs[number % BINARIES], str(busy_ms), "1000", *more)
            running.append(subprocess.Popen(words))
            # Where hundreds run, the next would be long in starting.
            running[-1].send_signal(signal.SIGSTOP)
        for process in running:
            process.send_signal(signal.SIGCONT)
        time.sleep(1.0)
        pids = [process.pid for process in running]
        if not os.fork():
            first, early, late, stacks = sample(pids, seconds, rate)
            text = (
                f"first {first:.2f} s; {early}; from {SETTLED:.0f} s {late}; {own_cost().rss >> 20} MB, {stacks} stacks"
            )
            os.write(writing, text.encode())
            os._exit(0)
        os.close(writing)
        text = os.read(reading, 4096).decode()
        os.close(reading)
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.wait()
    return text


def main() -> None:
    """The curves, point by point."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    cpus = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        programs = build(Path(name))
        counts = [int(word) for word in sys.argv[2:]] or list(PROCESSES)
        for count in counts:
            busy_ms = min(1000.0, 950.0 * cpus / count)
            print(f"{count:4} processes, each {busy_ms:.0f} ms a second: {measure(programs, count, seconds, busy_ms)}")
        print(f"{counts[-1]:4} processes, all busy: {measure(programs, counts[-1], seconds, 1000.0)}", flush=True)
        for bits in BITS if len(sys.argv) < 3 else ():
            line = measure(programs, 1, seconds, 1000.0, (str(bits), "spin"), 999)
            print(f"{2**bits:4} ways down, 1 process: {line}", flush=True)


if __name__ == "__main__":
    main()
