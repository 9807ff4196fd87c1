"""What following switches costs: a storm of them, and programs that wait long, each beside the same without icetop.

    python benchmarks/waiting.py [RUNS]

Two processes on one CPU wake each other through pipes as fast as they can: each of their waits is shorter than the
minimum. The kernel counts the nanoseconds of each program itself (kernel.bpf_stats_enabled). Needs root.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ICETOP, PROGRAMS, middle

from unwinding import counting_time

SECONDS = 3.0
RAW_TRACEPOINT = "17"


def storm(program: Path) -> float:
    """Rounds a second; each is two switches."""
    words = ["taskset", "-c", "0", str(program), str(SECONDS)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def spent(pid: int) -> tuple[int, int]:
    """Nanoseconds that a process's programs at switches and wake-ups have run so far, and how often they did."""
    total = runs = 0
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        fields = dict(line.split(":\t", 1) for line in info.read_text().splitlines() if ":\t" in line)
        if fields.get("prog_type") == RAW_TRACEPOINT:
            total += int(fields.get("run_time_ns", 0))
            runs += int(fields.get("run_cnt", 0))
    return total, runs


def beside(words: list[str], program: Path) -> tuple[float, tuple[int, int]]:
    """Rounds a second beside a command, and what its programs ran meanwhile."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    before = spent(process.pid)
    rounds = storm(program)
    after = spent(process.pid)
    process.terminate()
    process.wait()
    return rounds, (after[0] - before[0], after[1] - before[1])


def main() -> None:
    """Pairs, one after another."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "ping_pong"
        subprocess.run(["gcc", "-O2", "-o", program, PROGRAMS / "ping_pong.c"], check=True)
        peers = {
            "nothing": ["sleep", "60"],
            "icetop record --kind offcpu": [*ICETOP, "record", "--kind", "offcpu", "-o", f"{name}/x.pb.gz"],
            "perf sched record": ["perf", "sched", "record", "-o", f"{name}/perf.data"],
        }
        found: dict[str, list[float]] = {}
        nanoseconds: list[float] = []
        with counting_time():
            for _ in range(runs):
                for tool, words in peers.items():
                    rounds, (total, times) = beside(words, program)
                    found.setdefault(tool, []).append(rounds)
                    nanoseconds += [total / times] if times else []
    bare = found["nothing"]
    print(f"thousands of switches a second on one CPU, {runs} runs: median (range), and slower than with nothing")
    for tool, each in found.items():
        slower = 100 * (1 - statistics.median(there / alone for there, alone in zip(each, bare, strict=True)))
        print(f"{tool:30} {middle([2 * value / 1000 for value in each])}   {slower:5.1f} %")
    print(f"icetop's programs: {middle(nanoseconds)} ns at a switch or a wake-up")


if __name__ == "__main__":
    main()
