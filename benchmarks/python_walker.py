"""What Python's frames cost in the kernel, by the depth of the stack, and what a Python program loses while it is
sampled: paired rounds with nothing, with icetop and with py-spy, at 99 Hz.

    python benchmarks/python_walker.py [PYTHON ...]
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from icetop.profiles.target import Target
from icetop.sampler.collector import Collector
from icetop.sampler.context import collect_context
from icetop.sampler.options import CollectOptions
from measuring import ICETOP, run_and_measure

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
begin = time.process_time()
for _ in range(int(sys.argv[1])): deeper(20)
print(time.process_time() - begin)
"""
ROUNDS, TURNS, DEPTHS = 9, 3000, (10, 50, 100, 480)


def run_time(program: int) -> tuple[int, int]:
    """Nanoseconds and runs of a program so far."""
    text = Path(f"/proc/self/fdinfo/{program}").read_text()
    found = dict(line.split(":\t") for line in text.splitlines() if ":\t" in line)
    return int(found["run_time_ns"]), int(found["run_cnt"])


def nanoseconds_a_sample(python: str, depth: int, with_python: bool) -> float:
    """What a sample of a thread that is so deep costs in the kernel, once everything is known of it."""
    with subprocess.Popen([python, "-c", DEEP, str(depth)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        options = CollectOptions(Target(pids=frozenset({process.pid})), frequency_hz=999)
        collector = Collector(options, collect_context(options), lambda stage: None)
        programs = collector.kernel._programs
        found: list[tuple[int, int]] = []
        settled = time.monotonic() + 1.5
        for delta in collector.deltas(4.0):
            if not with_python:
                programs.maps["python_processes"].delete_all(
                    key for key, _ in programs.maps["python_processes"].items()
                )
            if time.monotonic() > settled and not delta.last:
                found.append(run_time(programs._loaded["sample"]))
        collector.close()
        process.kill()
    (first, runs), (last, more) = found[0], found[-1]
    return (last - first) / (more - runs)


def slow_down(python: str) -> dict[str, list[float]]:
    """CPU seconds of the same work: alone, beside icetop, beside py-spy, in turns."""
    seconds: dict[str, list[float]] = {"alone": [], "icetop": [], "py-spy": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for tool, times in seconds.items():
                with subprocess.Popen([python, "-c", WORK, str(TURNS)], stdout=subprocess.PIPE) as process:
                    assert process.stdout is not None
                    process.stdout.readline()
                    words = {
                        "icetop": [*ICETOP, "record", "-p", str(process.pid), "-o", f"{folder}/seen.pb.gz"],
                        "py-spy": [
                            "py-spy",
                            "record",
                            "-r",
                            "99",
                            "-f",
                            "raw",
                            "-o",
                            f"{folder}/raw",
                            "-p",
                            str(process.pid),
                        ],
                    }.get(tool, [])
                    beside = None
                    if words and shutil.which(words[0]):
                        beside = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    times.append(float(process.stdout.readline()))
                    if beside is not None:
                        beside.wait()
    return seconds


def tool_costs(python: str) -> None:
    """CPU seconds of icetop and py-spy for ten seconds of the same process."""
    with subprocess.Popen([python, "-c", DEEP, "50"], stdout=subprocess.PIPE) as process:
        time.sleep(0.5)
        pid = str(process.pid)
        for words in (
            [*ICETOP, "record", "-p", pid, "-d", "10", "-o", os.devnull + ".pb.gz"],
            ["py-spy", "record", "-d", "10", "-r", "99", "-f", "raw", "-o", os.devnull, "-p", pid],
            ["py-spy", "record", "--native", "-d", "10", "-r", "99", "-f", "raw", "-o", os.devnull, "-p", pid],
        ):
            if shutil.which(words[0]):
                cost = run_and_measure(words)
                print(f"{' '.join(words[:3])[-40:]:40} {cost.cpu_s:.2f} s of CPU")
        process.kill()


def main() -> None:
    """For each interpreter that is given, or this machine's."""
    for python in sys.argv[1:] or ["/usr/bin/python3"]:
        print(python)
        STATISTICS.write_text("1")
        try:
            for depth in DEPTHS:
                native, both = (nanoseconds_a_sample(python, depth, wanted) for wanted in (False, True))
                a_frame = (both - native) / depth
                print(f"{depth:4} frames: {native:7.0f} ns a sample, with Python's {both:7.0f}: {a_frame:5.1f} a frame")
        finally:
            STATISTICS.write_text("0")
        times = slow_down(python)
        for tool in ("icetop", "py-spy"):
            ratios = [
                100 * (with_tool / alone - 1) for with_tool, alone in zip(times[tool], times["alone"], strict=True)
            ]
            print(f"slow-down beside {tool}: {statistics.median(ratios):+.1f} % (+- {statistics.stdev(ratios):.1f})")
        tool_costs(python)


if __name__ == "__main__":
    main()
