"""What Python's frames cost in the kernel, by the depth of the stack, what a Python program loses while it is sampled
(paired rounds with nothing, with icetop and with py-spy, at 99 Hz), what ten seconds of recording cost, and the first
second of fifty Python processes.

    python benchmarks/python_walker.py [kernel] [slow-down] [cost] [first-second]
"""

from __future__ import annotations

import json
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
from measuring import ICETOP, middle, run_and_measure

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
ROUNDS, TURNS, DEPTHS = 7, 3000, (10, 50, 100, 480)


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
            for name in () if with_python else ("python_expected", "python_processes"):
                programs.maps[name].delete_all(key for key, _ in programs.maps[name].items())
            if time.monotonic() > settled and not delta.last:
                found.append(run_time(programs._loaded["sample"]))
        collector.close()
        process.kill()
    (first, runs), (last, more) = found[0], found[-1]
    return (last - first) / (more - runs)


def tools(pid: int, folder: str, *more: str) -> dict[str, list[str]]:
    """The commands that sample a process."""
    spy = [*PY_SPY, "-o", f"{folder}/raw", "-p", str(pid), *more]
    return {
        "icetop": [*ICETOP, "record", "-p", str(pid), "-o", f"{folder}/seen.pb.gz", *more],
        "py-spy": spy,
        "py-spy --native": [*spy, "--native"],
    }


def slow_down(python: str) -> None:
    """How much longer the same work takes beside each: CPU seconds of each round in turns, alone first."""
    ratios: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            alone = 0.0
            for tool in ("", *tools(0, folder)):
                with subprocess.Popen([python, "-c", WORK, str(TURNS)], stdout=subprocess.PIPE) as process:
                    assert process.stdout is not None
                    process.stdout.readline()
                    words = tools(process.pid, folder).get(tool, ["true"])
                    beside = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    seconds = float(process.stdout.readline())
                    beside.wait()
                if tool:
                    ratios.setdefault(tool, []).append(100 * (seconds / alone - 1))
                else:
                    alone = seconds
    for tool, found in ratios.items():
        print(f"slow-down beside {tool}: {statistics.median(found):+.1f} % (+- {statistics.stdev(found):.1f})")


def tool_costs(python: str) -> None:
    """CPU seconds of icetop and py-spy for ten seconds of the same process, fifty frames deep."""
    started = subprocess.Popen([python, "-c", DEEP, "50"], stdout=subprocess.PIPE)
    with tempfile.TemporaryDirectory() as folder, started as process:
        assert process.stdout is not None
        process.stdout.readline()
        for name, words in tools(process.pid, folder, "-d", "10").items():
            run_and_measure(tools(process.pid, folder, "-d", "1")[name])
            costs = [run_and_measure(words) for _ in range(3)]
            print(f"10 s of {name}: CPU {middle([cost.cpu_s for cost in costs])} s, {costs[0].peak_mb:.0f} MB")
        process.kill()


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
            native, both = (nanoseconds_a_sample(python, depth, wanted) for wanted in (False, True))
            a_frame = (both - native) / depth
            print(f"{depth:4} frames: {native:7.0f} ns a sample, with Python's {both:7.0f}: {a_frame:5.1f} a frame")
    finally:
        STATISTICS.write_text("0")


PARTS = {"kernel": in_the_kernel, "slow-down": slow_down, "cost": tool_costs, "first-second": first_second}


def main() -> None:
    """The parts that are asked for, all by default, with this machine's Python."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]("/usr/bin/python3")


if __name__ == "__main__":
    main()
