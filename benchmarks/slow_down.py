"""What a program that is sampled loses, by the depth of its stack: beside the same ticks with an empty program (the
floor), beside icetop, and beside `perf record --call-graph dwarf`, switched on in turns for a fifth of a second each.

    python benchmarks/slow_down.py [ROUNDS]

The program counts its rounds and its CPU time. Told is how much longer a round takes than with nothing on, as the
median over all turns with its standard error, and what that is for each sample.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from icetop.profiles.target import Target
from icetop.sampler.loader.programs import PERF_EVENT_IOC_DISABLE, PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_SET_BPF
from icetop.sampler.loader.system_call import load_program, open_cpu_clock
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session
from measuring import ICETOP, PROGRAMS, running

TURN, DEPTHS = 0.2, (10, 30, 60, 120)
NOTHING = struct.pack("=BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0)
"""The program `return 0`."""

Switch = Callable[[bool], None]


@contextmanager
def empty_program(frequency: int) -> Iterator[Switch]:
    """The same ticks as icetop's, with a program that does nothing."""
    program = load_program("nothing", "perf_event", NOTHING)
    clocks = [open_cpu_clock(cpu, frequency) for cpu in sorted(os.sched_getaffinity(0))]
    for clock in clocks:
        fcntl.ioctl(clock, PERF_EVENT_IOC_SET_BPF, program)
    yield switch_of(clocks)
    for descriptor in (*clocks, program):
        os.close(descriptor)


def switch_of(clocks: list[int]) -> Switch:
    """What switches clocks on and off; off they are."""

    def switch(on: bool) -> None:
        for clock in clocks:
            fcntl.ioctl(clock, PERF_EVENT_IOC_ENABLE if on else PERF_EVENT_IOC_DISABLE, 0)

    switch(False)
    return switch


@contextmanager
def icetop(pid: int, frequency: int) -> Iterator[Switch]:
    """icetop's programs and its collector, which looks at nothing else, once they know all of the program."""
    options = CollectOptions(Target(pids=frozenset({pid})), frequency)
    session = Session(options, lambda stage: None, end_with_target=False)
    thread = threading.Thread(target=lambda: [None for _ in session.deltas()])
    thread.start()
    time.sleep(1.5)
    yield switch_of(list(session._collector.kernel._programs.clocks.values()))
    session.stop()
    thread.join()
    session.close()


@contextmanager
def perf(pid: int, frequency: int, folder: str) -> Iterator[Switch]:
    """perf, told through a pipe to go on and to stop."""
    for name in ("orders", "answers"):
        os.mkfifo(f"{folder}/{name}")
    words = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(frequency), "--call-graph", "dwarf", "-p", str(pid)]
    control = ["-D", "-1", "--control", f"fifo:{folder}/orders,{folder}/answers", "-o", f"{folder}/perf.data"]
    process = subprocess.Popen([*words, *control], stderr=subprocess.DEVNULL)
    orders, answers = os.open(f"{folder}/orders", os.O_RDWR), os.open(f"{folder}/answers", os.O_RDWR)

    def switch(on: bool) -> None:
        os.write(orders, b"enable\n" if on else b"disable\n")
        os.read(answers, 64)

    switch(False)
    yield switch
    process.send_signal(2)
    process.wait()
    for name in ("orders", "answers"):
        os.unlink(f"{folder}/{name}")


def nanoseconds_a_round(told: mmap.mmap) -> float:
    """Over one turn."""
    rounds, nanoseconds = struct.unpack_from("=QQ", told)
    time.sleep(TURN)
    later, more = struct.unpack_from("=QQ", told)
    return float((more - nanoseconds) / max(later - rounds, 1))


def measure(program: str, depth: int, frequency: int, rounds: int) -> str:
    """A line: how much slower the program is beside each, and microseconds a sample."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as held:
        process = held.enter_context(subprocess.Popen([program, str(depth), f"{folder}/told"]))
        held.callback(process.kill)
        time.sleep(0.3)
        file = held.enter_context(open(f"{folder}/told", "r+b"))
        told = held.enter_context(mmap.mmap(file.fileno(), 4096))
        switches = {
            "empty": held.enter_context(empty_program(frequency)),
            "icetop": held.enter_context(icetop(process.pid, frequency)),
        }
        if shutil.which("perf"):
            switches["perf"] = held.enter_context(perf(process.pid, frequency, folder))
        ratios: dict[str, list[float]] = {name: [] for name in switches}
        for _ in range(rounds):
            for name, switch in switches.items():
                before = nanoseconds_a_round(told)
                switch(True)
                beside = nanoseconds_a_round(told)
                switch(False)
                after = nanoseconds_a_round(told)
                ratios[name].append(2 * beside / (before + after) - 1)
    return "; ".join(line(name, found, frequency) for name, found in ratios.items())


def line(name: str, ratios: list[float], frequency: int) -> str:
    """What was found beside one tool."""
    middle = statistics.median(ratios)
    error = 1.25 * statistics.stdev(ratios) / len(ratios) ** 0.5
    return f"{name} {100 * middle:+.2f} % (+- {100 * error:.2f}), {1e6 * middle / frequency:.1f} us a sample"


def cost(words: list[str], file: Path) -> str:
    """CPU time and memory of a tool that runs for ten seconds, and what it wrote."""
    tool = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    halves = []
    for _ in range(2):
        time.sleep(4.9)
        halves.append(int(Path(f"/proc/{tool.pid}/schedstat").read_text().split()[0]) / 1e9)
    peak = next(row for row in Path(f"/proc/{tool.pid}/status").read_text().splitlines() if row.startswith("VmHWM"))
    _, _, used = os.wait4(tool.pid, 0)
    tool.returncode = 0
    second = 100 * (halves[1] - halves[0]) / 4.9
    total, memory, size = used.ru_utime + used.ru_stime, int(peak.split()[1]) >> 10, file.stat().st_size >> 10
    return f"CPU {total:.2f} s, {second:.2f} % of a core in the second half, {memory} MB, {size} KiB written"


def costs(program: str, depth: int) -> None:
    """Those of icetop and of perf, for such a program."""
    with tempfile.TemporaryDirectory() as folder, running(program, str(depth), f"{folder}/told") as pid:
        own, other = Path(folder, "x.pb.gz"), Path(folder, "perf.data")
        words = [*ICETOP, "record", "-d", "10", "-p", str(pid), "-o", str(own)]
        print(f"icetop record, 10 s: {cost(words, own)}")
        if shutil.which("perf"):
            words = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "99", "--call-graph", "dwarf", "-p", str(pid)]
            print(f"perf record, 10 s: {cost([*words, '-o', str(other), '--', 'sleep', '10'], other)}")


def main() -> None:
    """Many samples for what one costs, by depth; then the usual rate."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/steps"
        source = PROGRAMS / "stacks" / "steps.c"
        subprocess.run(["gcc", "-O2", "-fno-optimize-sibling-calls", "-o", program, source], check=True)
        for depth in DEPTHS:
            print(f"depth {depth:3}, 999 Hz: {measure(program, depth, 999, max(rounds // 4, 3))}", flush=True)
        print(f"depth  60,  99 Hz: {measure(program, 60, 99, rounds)}", flush=True)
        costs(program, 60)


if __name__ == "__main__":
    main()
