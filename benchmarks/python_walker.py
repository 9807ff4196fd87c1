"""What Python's frames cost in the kernel, by the depth of the stack (1 min); what a Python program loses while it is
sampled at 99 Hz by icetop and by py-spy, each time between two turns with nothing (3 min); what ten seconds of
recording cost (3 min); and the first second of fifty Python processes (1 min). With standard errors.

    python benchmarks/python_walker.py [kernel] [slow-down] [cost] [first-second]
"""

from __future__ import annotations

import json
import math
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from subprocess import PIPE

from icetop.profiles.target import Target
from icetop.sampler.collector import Collector
from icetop.sampler.context import collect_context
from icetop.sampler.options import CollectOptions
from measuring import ICETOP, middle, ratio, run_and_measure

PY_SPY = ["py-spy", "record", "-r", "99", "-f", "raw"]
STATISTICS = Path("/proc/sys/kernel/bpf_stats_enabled")
DEEP = """
import sys
sys.setrecursionlimit(5000)
def deep(n):
    if n > 0:
        deep(n - 1)
    while True:
        sum(range(100000))
print("ready", flush=True)
deep(int(sys.argv[1]) - 2)
"""
WORK = """
import json, sys, time
text = json.dumps({str(i): [i, {"a": i}] for i in range(200)})
def key(x): return -x
def turn(): return len(json.dumps(json.loads(text))) + len(sorted(range(500), key=key))
def deeper(n): return deeper(n - 1) if n else turn()
print("ready", flush=True)
for _ in sys.stdin:
    cpu, begin = time.process_time(), time.perf_counter()
    for _ in range(int(sys.argv[1])): deeper(20)
    print(time.process_time() - cpu, time.perf_counter() - begin, flush=True)
"""
ROUNDS, TURNS, DEPTHS, COSTS = 14, 4000, (10, 50, 100, 480), 4
STARTING = 1.0
"""Seconds until each tool samples."""


def run_time(program: int) -> tuple[int, int]:
    """Nanoseconds and runs of a program so far."""
    text = Path(f"/proc/self/fdinfo/{program}").read_text()
    found = dict(line.split(":\t") for line in text.splitlines() if ":\t" in line)
    return int(found["run_time_ns"]), int(found["run_cnt"])


def nanoseconds_a_sample(python: str, depth: int, with_python: bool) -> list[float]:
    """What a sample of a thread that is so deep costs in the kernel, once all is known of it: a value a second."""
    with subprocess.Popen([python, "-c", DEEP, str(depth)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        options = CollectOptions(Target(pids=frozenset({process.pid})), frequency_hz=999)
        collector = Collector(options, collect_context(options), lambda stage: None)
        programs = collector.kernel._programs
        found: list[tuple[int, int]] = []
        settled = time.monotonic() + 1.5
        for delta in collector.deltas(6.0):
            for name in () if with_python else ("python_expected", "python_processes"):
                programs.maps[name].delete_all(key for key, _ in programs.maps[name].items())
            if time.monotonic() > settled and not delta.last:
                found.append(run_time(programs._loaded["sample"]))
        collector.close()
        process.kill()
    return [(late - early) / (runs - before) for (early, before), (late, runs) in pairwise(found)]


def tools(pid: int, folder: str, *more: str) -> dict[str, list[str]]:
    """The commands that sample a process."""
    spy = [*PY_SPY, "-o", f"{folder}/raw", "-p", str(pid), *more]
    return {
        "icetop": [*ICETOP, "record", "-p", str(pid), "-o", f"{folder}/seen.pb.gz", *more],
        "py-spy": spy,
        "py-spy --native": [*spy, "--native"],
    }


def slow_down(python: str) -> None:
    """How much longer the same work takes beside each tool than right before and after it: by the clock, since py-spy
    stops what it samples, and in CPU time."""
    ratios: dict[str, list[tuple[float, float]]] = {}
    words = [python, "-c", WORK, str(TURNS)]
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(words, stdin=PIPE, stdout=PIPE, text=True) as work:

        def turn() -> tuple[float, float]:
            assert work.stdin is not None and work.stdout is not None
            print(file=work.stdin, flush=True)
            cpu, wall = map(float, work.stdout.readline().split())
            return wall, cpu

        assert work.stdout is not None
        work.stdout.readline()
        before = turn()
        for _ in range(ROUNDS):
            for name, command in tools(work.pid, folder).items():
                tool = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(STARTING)
                beside = turn()
                tool.send_signal(signal.SIGINT)
                tool.wait()
                after = turn()
                longer = [2 * x / (a + b) - 1 for a, x, b in zip(before, beside, after, strict=True)]
                ratios.setdefault(name, []).append((longer[0], longer[1]))
                before = after
        work.kill()
    for name, found in ratios.items():
        wall, cpu = (percent(values) for values in zip(*found, strict=True))
        print(f"slow-down beside {name}: {wall} by the clock, {cpu} of CPU time", flush=True)


def percent(ratios: Sequence[float]) -> str:
    """The median, and the standard error of it."""
    error = 1.25 * statistics.stdev(ratios) / len(ratios) ** 0.5
    return f"{100 * statistics.median(ratios):+.2f} % (+- {100 * error:.2f})"


def tool_costs(python: str) -> None:
    """CPU seconds of icetop and py-spy for ten seconds of the same process, fifty frames deep, in turns."""
    costs: dict[str, list[float]] = {}
    started = subprocess.Popen([python, "-c", DEEP, "50"], stdout=subprocess.PIPE)
    with tempfile.TemporaryDirectory() as folder, started as process:
        assert process.stdout is not None
        process.stdout.readline()
        for words in tools(process.pid, folder, "-d", "1").values():
            run_and_measure(words)
        for _ in range(COSTS):
            for name, words in tools(process.pid, folder, "-d", "10").items():
                cost = run_and_measure(words)
                costs.setdefault(name, []).append(cost.cpu_s)
                if len(costs[name]) == COSTS:
                    print(f"10 s of {name}: CPU {middle(costs[name])} s, {cost.peak_mb:.0f} MB", flush=True)
        process.kill()
    for name in list(costs)[1:]:
        print(f"icetop / {name}: {ratio(costs['icetop'], costs[name])}")


def first_second(python: str) -> None:
    """Fifty processes, all of them busy: what of their first second has its Python frames, and what that costs."""
    processes = [subprocess.Popen([python, "-c", DEEP, "30"], stdout=subprocess.DEVNULL) for _ in range(50)]
    time.sleep(5)
    pids = ",".join(str(process.pid) for process in processes)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            run_and_measure([*ICETOP, "record", "-p", pids, "-d", "1", "-o", f"{folder}/seen.pb.gz"])
            words = [*ICETOP, "report", f"{folder}/seen.pb.gz", "--format", "json"]
            found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
            unknown, seen = found["truncated_by"].get("python_unresolved", 0), sum(map(bool, found["processes"]))
            print(
                f"first second of {seen} processes: {found['samples']} samples of {found['expected']}, "
                f"{unknown} without Python's frames, {found['profiler']['cpu_s']:.2f} s of CPU"
            )
    for process in processes:
        process.kill()
        process.wait()


def in_the_kernel(python: str) -> None:
    """Nanoseconds by depth, with and without Python's frames."""
    STATISTICS.write_text("1")
    try:
        for depth in DEPTHS:
            found = [nanoseconds_a_sample(python, depth, wanted) for wanted in (False, True)]
            (native, both), errors = map(statistics.mean, found), [statistics.stdev(f) / len(f) ** 0.5 for f in found]
            a_frame, error = (both - native) / depth, math.hypot(*errors) / depth
            print(
                f"{depth:4} frames: {native:7.0f} ns a sample, with Python's {both:7.0f}: {a_frame:5.1f} a frame "
                f"(+- {error:.1f})",
                flush=True,
            )
    finally:
        STATISTICS.write_text("0")


PARTS = {"kernel": in_the_kernel, "slow-down": slow_down, "cost": tool_costs, "first-second": first_second}


def main() -> None:
    """The parts that are asked for, all by default, with this machine's Python."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]("/usr/bin/python3")


if __name__ == "__main__":
    main()
