"""What following switches costs: a storm of them, and a database, each beside the same without icetop.

    python benchmarks/waiting.py [RUNS [storm] [costs] [pgbench] [redis]]

Two processes on one CPU wake each other through pipes as fast as they can: each of their waits is shorter than what is
followed always. pgbench asks a PostgreSQL of its own, and redis-benchmark a Redis, where they are installed. Of
icetop's programs the kernel counts the nanoseconds itself (kernel.bpf_stats_enabled), in runs of their own, as the
counting costs as much again. bcc's offcputime needs kprobes; where there are none, `offcputime.py` does the same at the
tracepoint. `empty programs` hang on both tracepoints and do nothing: what any tool pays that looks at switches and
wake-ups. Five runs of one load take two and a half minutes, of the costs one. Needs root.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from icetop.sampler.loader.btf import read_btf
from icetop.sampler.loader.offsets import find_offsets
from measuring import ICETOP, PROGRAMS, ROOT, memory_mb, middle

from unwinding import counting_time

SECONDS = 3.0
RAW_TRACEPOINT = "17"


LONG_US = 1500
"""How long each waits in the other load, above what is followed always."""


def storm(program: Path, rest_us: int = 0) -> float:
    """Rounds a second. Each is two waits, with rests four: two in the pipes, two to rest."""
    words = ["taskset", "-c", "0", str(program), str(SECONDS), *([str(rest_us)] if rest_us else [])]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def print_costs(words: list[str], program: Path, runs: int) -> None:
    """What icetop's programs take for a wait: its switch, its wake-up, and the switch back; with what else switches."""
    for what, rest_us, waits in (("below", 0, 2), ("above", LONG_US, 4)):
        with counting_time():
            found = [beside(words, lambda rest_us=rest_us: storm(program, rest_us))[:2] for _ in range(runs)]
        each = [total / (rate * SECONDS * waits) for rate, (total, _) in found]
        a_run = [total / times for _, (total, times) in found]
        print(
            f"a wait {what} the minimum: {middle(each)} ns in icetop's programs, {middle(a_run)} ns each time they run"
        )


def spent(pid: int) -> tuple[int, int]:
    """Nanoseconds that a process's programs at switches and wake-ups have run so far, and how often they did."""
    total = runs = 0
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        fields = dict(line.split(":\t", 1) for line in info.read_text().splitlines() if ":\t" in line)
        if fields.get("prog_type") == RAW_TRACEPOINT:
            total += int(fields.get("run_time_ns", 0))
            runs += int(fields.get("run_cnt", 0))
    return total, runs


def beside(words: list[str], load: Callable[[], float]) -> tuple[float, tuple[int, int], float]:
    """What a load came to beside a command, what the command's programs ran meanwhile, and its memory in MB."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    before = spent(process.pid)
    rate = load()
    after = spent(process.pid)
    memory = memory_mb(process.pid)
    process.terminate()
    process.wait()
    return rate, (after[0] - before[0], after[1] - before[1]), memory


@contextmanager
def database(folder: Path) -> Iterator[Callable[[], float]]:
    """A PostgreSQL with pgbench's tables; gives what runs its read-only load and says transactions a second."""
    server = subprocess.Popen([PROGRAMS / "postgres.sh", folder])
    ask = ["--host", str(folder), "--username", "postgres"]
    try:
        while subprocess.run(["psql", *ask, "-c", "SELECT 1"], capture_output=True).returncode:
            time.sleep(0.2)
        subprocess.run(["pgbench", *ask, "-i", "-s", "2", "postgres"], check=True, capture_output=True)

        def load() -> float:
            words = ["pgbench", *ask, "-S", "-c", "2", "-T", str(int(SECONDS)), "postgres"]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            return float(re.findall(r"tps = ([0-9.]+)", done.stdout)[-1])

        yield load
    finally:
        server.terminate()
        server.wait()


@contextmanager
def redis(folder: Path) -> Iterator[Callable[[], float]]:
    """A Redis; gives what asks it for as long and says answers a second."""
    socket = folder / "redis.sock"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""], stdout=subprocess.DEVNULL
    )
    ask = ["redis-benchmark", "-s", str(socket), "-t", "get", "-c", "2", "--csv", "-n"]

    def rate(requests: int) -> float:
        done = subprocess.run([*ask, str(requests)], check=True, capture_output=True, text=True)
        return float(done.stdout.splitlines()[-1].split(",")[1].strip('"'))

    try:
        while not socket.exists():
            time.sleep(0.1)
        requests = int(SECONDS * rate(10_000))
        yield lambda: rate(requests)
    finally:
        server.terminate()
        server.wait()


def with_bcc(folder: Path) -> dict[str, list[str]]:
    """bcc's offcputime, or where that cannot be what does the same, and what does nothing: words that start them."""
    (folder / "include").symlink_to(ROOT / "bpf" / "include")
    offset = find_offsets(read_btf())["task_pid"]
    own = ["/usr/bin/python3", str(ROOT / "benchmarks" / "offcputime.py"), str(folder), str(offset)]
    tool = shutil.which("offcputime-bpfcc") or shutil.which("offcputime")
    has_kprobes = tool and Path("/sys/bus/event_source/devices/kprobe").exists()
    found = {"bcc's offcputime": [str(tool), "-f", "3600"]} if has_kprobes else {"as offcputime": own}
    return {**found, "empty programs": [*own, "empty"]}


def main() -> None:
    """Pairs, one after another."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    wanted = sys.argv[2:] or ["storm", "costs", "pgbench", "redis"]
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        program = Path(name) / "ping_pong"
        subprocess.run(["gcc", "-O2", "-o", program, PROGRAMS / "ping_pong.c"], check=True)
        peers = {
            "nothing": ["sleep", "60"],
            "icetop record --kind offcpu": [*ICETOP, "record", "--kind", "offcpu", "-o", f"{name}/x.pb.gz"],
            "perf sched record": ["perf", "sched", "record", "-o", f"{name}/perf.data"],
        }
        peers |= with_bcc(Path(name))
        missing = [tool for tool in ("pgbench", "redis-benchmark", "perf") if not shutil.which(tool)]
        print(f"not here: {', '.join(missing)}" if missing else "all are here")
        if "storm" in wanted:
            compare("thousands of switches a second on one CPU", runs, peers, lambda: 2 * storm(program) / 1000)
        if "costs" in wanted:
            print_costs(peers["icetop record --kind offcpu"], program, runs)
        if "pgbench" in wanted and shutil.which("pgbench"):
            with database(Path(name) / "postgres") as load:
                compare("transactions of pgbench -S -c 2 a second", runs, peers, load)
        if "redis" in wanted and shutil.which("redis-benchmark"):
            with redis(Path(name)) as load:
                compare("answers of redis-benchmark -t get -c 2 a second", runs, peers, load)


def compare(what: str, runs: int, peers: dict[str, list[str]], load: Callable[[], float]) -> None:
    """Print what a load comes to beside each of these, in pairs."""
    found: dict[str, list[tuple[float, float]]] = {tool: [] for tool in peers}
    for _ in range(runs):
        for tool, words in peers.items():
            rate, _, memory = beside(words, load)
            found[tool].append((rate, memory))
    bare = [rate for rate, _ in found["nothing"]]
    print(f"{what}, {runs} runs: median (range); slower than with nothing, in pairs; memory")
    for tool, each in found.items():
        rates = [rate for rate, _ in each]
        slower = [100 * (1 - there / alone) for there, alone in zip(rates, bare, strict=True)]
        print(f"{tool:30} {middle(rates)}  {middle(slower)} %  {statistics.median(mb for _, mb in each):.0f} MB")


if __name__ == "__main__":
    main()
