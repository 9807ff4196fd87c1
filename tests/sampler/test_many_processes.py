"""Hundreds of processes of dozens of programs on a full machine: the kernel finishes nearly all of their stacks."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.profiles.vocabulary import StackEnd
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

SOURCE = Path(__file__).parent.parent / "programs" / "stacks" / "many.c"
PROCESSES, PROGRAMS, SETTLED = 500, 50, 10.0
SEEN, LOOKED_AT = 4 * PROCESSES, 2000
"""Samples until each process was likely seen, ten seconds where nothing else runs, and samples after that."""

LONGEST = 120.0


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Programs that differ, every fifth of them static."""
    folder = tmp_path_factory.mktemp("many")
    made = [folder / f"many{number}" for number in range(PROGRAMS)]
    compilers = []
    for number, program in enumerate(made):
        more = ["-static"] if number % 5 == 4 else []
        compilers.append(subprocess.Popen(["gcc", "-O2", f"-DNUMBER={number}", "-o", program, SOURCE, *more]))
    assert not any(compiler.wait() for compiler in compilers)
    return made


@contextmanager
def running(programs: list[Path], busy_ms: float) -> Iterator[frozenset[int]]:
    """All of them, started before the first does anything."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(PROCESSES):
            processes.append(subprocess.Popen([str(programs[number % PROGRAMS]), str(busy_ms), "1000"]))
            processes[-1].send_signal(signal.SIGSTOP)
        for process in processes:
            process.send_signal(signal.SIGCONT)
        time.sleep(1.0)
        yield frozenset(process.pid for process in processes)
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


@pytest.mark.parametrize("all_busy", [False, True], ids=["sleeping in between", "all busy"])
def test_the_kernel_finishes_stacks_of_many_processes(all_busy: bool, programs: list[Path]) -> None:
    """95 % of them from second 10 on, and nothing is lost."""
    profile, ends = Profile(), Counter[StackEnd]()
    samples = finished = before = 0
    first = None
    with running(programs, 1000.0 if all_busy else 950.0 * len(os.sched_getaffinity(0)) / PROCESSES) as pids:
        begin = time.monotonic()
        session = Session(CollectOptions(Target(pids=pids)), lambda stage: None, end_with_target=False)
        try:
            for delta in session.deltas(LONGEST):
                profile.fold(delta)
                counts = delta.counts["cpu"]
                for node, times in zip(counts.nodes, counts.samples, strict=True):
                    ends[StackEnd(profile.stacks.ends[node])] += times
                since = time.monotonic() - begin
                first = since if first is None and len(counts) else first
                assert not delta.lost
                if since > SETTLED + 0.5 and ends.total() > SEEN and not delta.last:
                    samples += sum(counts.samples)
                    finished += session.counters["finished"] - before
                before = session.counters["finished"]
                if samples > LOOKED_AT:
                    session.stop()
        finally:
            session.close()
    print(f"first {first:.2f} s; from {SETTLED:.0f} s {samples} samples, {finished} finished here; {ends}")
    assert samples > 500
    assert finished <= 0.05 * samples
    assert ends[StackEnd.COMPLETE] >= 0.99 * ends.total(), ends
