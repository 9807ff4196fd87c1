"""Nanoseconds in the kernel for each sample by the depth of its stack, warm and cold, and the share that user space
had to finish.

    python benchmarks/unwinding.py [SECONDS]

The kernel counts the time itself (kernel.bpf_stats_enabled). The floor is the same chain for a sample that is filtered
out: entered, looked at, and left.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from icetop.profiles.target import Target
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session
from measuring import built, running

DEPTHS = (10, 30, 60, 120, 240)
STATS = Path("/proc/sys/kernel/bpf_stats_enabled")
RATE = 999


@contextmanager
def counting_time() -> Iterator[None]:
    """Let the kernel count the time that programs take."""
    before = STATS.read_text()
    STATS.write_text("1")
    try:
        yield
    finally:
        STATS.write_text(before)


def times() -> tuple[int, int]:
    """Nanoseconds and runs of all programs that this process holds, so far; only the first of a chain is counted."""
    total = runs = 0
    for info in Path("/proc/self/fdinfo").iterdir():
        try:
            fields = dict(line.split(":\t", 1) for line in info.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        total += int(fields.get("run_time_ns", 0))
        runs += int(fields.get("run_cnt", 0))
    return total, runs


def measure(pid: int, seconds: float, floor: float) -> tuple[float, float, int, int]:
    """ns a sample until a third of a second's ticks were taken, and after; samples, and those finished in user space.

    Ticks of other processes are filtered out at the cost of the floor, which is taken off.
    """
    session = Session(CollectOptions(Target(pids=frozenset({pid})), RATE), lambda stage: None, end_with_target=False)
    cold, cold_samples, samples = (0, 0), 0, 0
    try:
        for delta in session.deltas(seconds):
            if not cold_samples and samples > RATE / 3:
                cold, cold_samples = times(), samples
            samples += sum(delta.counts["cpu"].samples)
        last = times()
        finished = session.counters["finished"]
    finally:
        session.close()

    def each(time: int, runs: int, taken: int) -> float:
        return (time - floor * (runs - taken)) / taken if taken else time / max(runs, 1)

    warm = each(last[0] - cold[0], last[1] - cold[1], samples - cold_samples)
    return each(*cold, cold_samples), warm, samples, finished


def main() -> None:
    """One program for each depth, one after the other."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    flags = ("-O2", "-fno-optimize-sibling-calls")
    with tempfile.TemporaryDirectory() as name, counting_time():
        program = built("recursion", Path(name), *flags)
        with running(program, "10"), running("sleep", "1000") as idle:
            floor = measure(idle, seconds, 0.0)[1]
        print(f"floor (filtered out): {floor:.0f} ns a tick; {RATE} Hz, {seconds:.0f} s each")
        for depth in DEPTHS:
            with running(program, str(depth)) as pid:
                cold, warm, samples, finished = measure(pid, seconds, floor)
            share = 100 * (1 - finished / max(samples, 1))
            print(f"depth {depth:4}: cold {cold:7.0f} ns, warm {warm:7.0f} ns ({warm / floor:.1f}x the floor)", end="")
            print(f", {share:.2f} % of {samples} finished in the kernel")


if __name__ == "__main__":
    main()
