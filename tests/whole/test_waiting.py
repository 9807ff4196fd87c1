"""Time off the CPU: how long, in which function, and why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from icetop.tests.programs_to_run import builder

from .conftest import Icetop, Start

pytestmark = pytest.mark.bpf

PROGRAMS = Path(__file__).parent.parent / "programs"
Report = Callable[..., dict[str, Any]]
Build = Callable[..., Path]


def waited(found: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Nanoseconds by (function of the program that waits, cause)."""
    sums: Counter[tuple[str, str]] = Counter()
    for stack in found["stacks"]:
        names = [found["frames"][index]["name"] for index in stack["frames"]]
        function = next((name for name in names if name.startswith("wait_in_")), "")
        if function:
            cause = next(name for name in reversed(names) if name.startswith("[") and not name.startswith("[to "))
            sums[function, cause] += stack["value"]
    return sums


@pytest.mark.parametrize(
    "flags", [("-O2", "-fomit-frame-pointer"), pytest.param(("-O1", "-static"), marks=pytest.mark.soak)]
)
def test_waits_have_their_share_cause_and_whole_length(
    flags: tuple[str, ...], build: Build, icetop: Icetop, report: Report, tmp_path: Path
) -> None:
    """Within 2 points of what the program measured, and the first wait, in which walkers may still be loading."""
    words = ("record", "--kind", "offcpu", "-F", 999, "-o", "x.pb.gz", "--", build("waits", *flags), 40, "took")
    done = icetop(*words)
    assert done.returncode == 0, done.stderr
    took = (tmp_path / "took").read_text().split()
    truth = dict(zip(took[:-2:2], map(int, took[1:-2:2]), strict=True))
    sums = waited(report("x.pb.gz", "--kind", "offcpu", "--stacks"))
    causes = {"wait_in_sleep": "[sleep]", "wait_in_pipe": "[pipe]", "wait_in_futex": "[lock]"}
    whole = sum(truth.values())
    first = 60e6 / whole
    for function, cause in causes.items():
        found = sums[function, cause] + sums[function, "[run queue]"]
        assert found / whole == pytest.approx(truth[function] / whole, abs=0.02 + first), (sums, truth)
        assert sums[function, cause] > 0.5 * found, sums
    assert sum(sums.values()) == pytest.approx(whole, rel=0.02 + first)
    assert {cause for _, cause in sums} <= {*causes.values(), "[run queue]", "[disk I/O]", "[page fault]", "[other]"}


LIFE = """
import json, os, sys, time
before = time.monotonic_ns()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
after = time.monotonic_ns()
used = os.wait4(pid, 0)[2]
print(json.dumps([pid, before, after, time.monotonic_ns(), used.ru_utime + used.ru_stime]))
"""


def test_all_that_was_waited_is_a_life_less_its_cpu_time(
    build: Build, icetop: Icetop, report: Report, tmp_path: Path
) -> None:
    """Within 1 %. When exactly it began and ended is known as far as its parent and it itself saw it."""
    words = ("/usr/bin/python3", "-c", LIFE, build("waits", "-O2"), 60, "took")
    done = icetop("record", "--kind", "offcpu", "-o", "x.pb.gz", "--", *words)
    assert done.returncode == 0, done.stderr
    pid, before, after, seen, cpu_s = json.loads(done.stdout.splitlines()[0])
    ended = int((tmp_path / "took").read_text().split()[-1])
    total = report("x.pb.gz", "--kind", "offcpu", "--idle", "-p", pid)["total"]
    assert 0.99 * (ended - after - cpu_s * 1e9) < total < 1.01 * (seen - before - cpu_s * 1e9)


def test_wall_time_is_what_ran_and_what_waited(build: Build, icetop: Icetop, report: Report, start: Start) -> None:
    """The same file says both apart and together, in one unit."""
    script = (
        "import time\nwhile True:\n    end = time.monotonic() + 0.05\n"
        "    while time.monotonic() < end: pass\n    time.sleep(0.05)"
    )
    process = start("/usr/bin/python3", "-c", script)
    done = icetop("record", "--kind", "cpu,offcpu", "-F", 499, "-d", 4, "-o", "x.pb.gz", "-p", process.pid)
    assert done.returncode == 0, done.stderr
    ran, waited, wall = (report("x.pb.gz", "--kind", kind) for kind in ("cpu", "offcpu", "wall"))
    assert ran["total"] > 0.1e9
    assert waited["total"] > 1e9
    assert wall["total"] == ran["total"] + waited["total"]
    assert wall["total"] / 1e9 == pytest.approx(wall["duration_s"], abs=0.4)
    assert {row["name"] for row in waited["functions"]} >= {"[sleep]"}


def test_who_is_at_the_other_end(icetop: Icetop, report: Report, start: Start) -> None:
    """A client that waits for its server, in poll as libpq does: the cause is the network, the peer the server."""
    serve = (
        "import socket, time\ns = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
        "c = s.accept()[0]\nwhile c.recv(1): time.sleep(0.05); c.send(b'x')"
    )
    server = start(sys.executable, "-c", serve, stdout=subprocess.PIPE)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    ask = (
        f"import select, socket\nc = socket.create_connection(('127.0.0.1', {port}))\np = select.poll()\n"
        "p.register(c, select.POLLIN)\nwhile True: c.send(b'x'); p.poll(); c.recv(1)"
    )
    client = start(sys.executable, "-c", ask)
    done = icetop("record", "--kind", "offcpu", "-d", 3, "-o", "x.pb.gz", "-p", client.pid)
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in report("x.pb.gz", "--kind", "offcpu")["functions"]}
    (peer,) = (name for name in rows if name.startswith("[to "))
    assert f" {server.pid} at 127.0.0.1:{port}" in peer
    assert rows[peer]["cum_percent"] > 80
    assert rows["[network]"]["cum"] >= rows[peer]["cum"]


def test_who_waits_for_a_lock_who_held_it_and_who_let_go(
    build: Build, icetop: Icetop, report: Report, start: Start
) -> None:
    """Of two threads that fight for a mutex, and of two that fight for Python's lock, which is named as such."""
    spin = (
        "import threading\ndef spin():\n    while True: sum(range(1000))\nthreading.Thread(target=spin).start(); spin()"
    )
    process, python = start(build("mutex", "-O2", "-pthread")), start("/usr/bin/python3", "-c", spin)
    done = icetop("record", "--kind", "lock", "-d", 2, "-o", "x.pb.gz", "-p", f"{process.pid},{python.pid}")
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--kind", "lock", "--stacks")
    assert {row["cause"] for row in found["causes"]} == {"lock", "GIL"}
    assert found["total"] == sum(row["value"] for row in found["causes"])
    of_python: Counter[str] = Counter()
    for stack in found["stacks"]:
        if stack["pid"] == python.pid:
            of_python[stack["cause"]] += stack["value"]
    assert of_python["GIL"] > 0.9 * of_python.total(), found["stacks"]
    waits = [stack for stack in found["stacks"] if stack["comm"] == "visitor" and stack["pid"] == process.pid]
    told = sum(stack["value"] for stack in waits)
    assert told > 0.5e9
    keeper, whole = f"keeper {process.pid}]", 0
    for stack in waits:
        names = [found["frames"][index]["name"] for index in stack["frames"]]
        if f"[held by {keeper}" in names and f"[woken by {keeper}" in names and "ask_for_it" in names:
            whole += stack["value"] * (" < let_go < keep_it < main]" in names[-1])
    assert whole > 0.5 * told
    only = report("x.pb.gz", "--kind", "wall", "--cause", "lock", "-p", process.pid)
    assert [row["cause"] for row in only["causes"]] == ["lock"]
    assert only["total"] == sum(stack["value"] for stack in found["stacks"] if stack["pid"] == process.pid)


LIVES = """
import os, signal, sys, threading, time
def lived(pid, since):
    os.waitpid(pid, 0)
    return [pid, time.monotonic() - since]
at = time.monotonic()
killed = os.fork() or time.sleep(60)
changing = os.fork()
if not changing:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    time.sleep(0.5)
    os.execvp("sleep", ["sleep", "0.7"])
splitting = os.fork()
if not splitting:
    sleeper = threading.Thread(target=time.sleep, args=(0.8,))
    sleeper.start()
    for _ in range(5):
        os.waitpid(os.fork() or os._exit(0), 0)
    sleeper.join()
    os._exit(0)
time.sleep(1)
os.kill(killed, signal.SIGKILL)
found = [lived(pid, at) for pid in (killed, splitting, changing)]
print(*(f"{pid} {seconds}" for pid, seconds in found), file=open(sys.argv[1], "w"))
"""


@pytest.mark.soak
def test_threads_that_end_exec_and_fork_while_they_wait(icetop: Icetop, report: Report, tmp_path: Path) -> None:
    """What they waited until then is there, no more than they lived, and nothing is lost."""
    done = icetop("record", "--kind", "offcpu", "-o", "x.pb.gz", "--", "/usr/bin/python3", "-c", LIVES, "lived")
    assert done.returncode == 0, done.stderr
    assert "waits were lost" not in done.stderr
    words = (tmp_path / "lived").read_text().split()
    lived = dict(zip(map(int, words[::2]), map(float, words[1::2]), strict=True))
    sums: Counter[tuple[int, bool]] = Counter()
    for stack in report("x.pb.gz", "--kind", "offcpu", "--idle", "--stacks")["stacks"]:
        sums[stack["pid"], stack["pid"] == stack["tid"]] += stack["value"] / 1e9
    for pid, least in zip(lived, (0.9, 0.7, 1.1), strict=True):
        assert least < sums[pid, True] < lived[pid] + 0.02, (sums, lived)
    _, splitting, changing = lived
    assert 0.7 < sums[splitting, False] < lived[splitting]
    assert 0.4 < sums[changing, False] < lived[changing], "the thread that exec ended"


@pytest.mark.parametrize("choice", ["-p", *(pytest.param(other, marks=pytest.mark.soak) for other in ("--comm", ""))])
def test_what_slept_before_icetop_came_shows_while_it_lasts(
    choice: str, icetop: Icetop, report: Report, start: Start, tmp_path: Path
) -> None:
    """Its wait is counted from then on; a thread of the same process that wakes is one of it."""
    code = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); print(1, flush=True)\n"
    program = tmp_path / f"slept{choice}"
    program.symlink_to("/usr/bin/python3")
    process = start(program, "-c", f"{code}while True: time.sleep(0.2)", stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    target = {"-p": ("-p", process.pid), "--comm": ("--comm", program.name), "": ()}[choice]
    done = icetop("record", "--kind", "offcpu", "-d", 1.5, "-o", "x.pb.gz", *target)
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--kind", "offcpu", "--stacks", "-p", process.pid)
    assert [row["pid"] for row in found["processes"]] == [process.pid]
    slept = sum(row["value"] for row in found["stacks"] if row["tid"] != process.pid and row["cause"] == "sleep") / 1e9
    assert 0.6 * found["duration_s"] < slept < found["duration_s"] + 1
    assert {row["name"] for row in found["functions"]} >= {"[sleep]", "hrtimer_nanosleep"}


@pytest.mark.soak
def test_a_sleep_that_began_before_icetop_came_counts_until_it_wakes(
    icetop: Icetop, report: Report, start: Start
) -> None:
    """To the moment, not to the last second; and the thread is followed from there."""
    code = "import time; print(1, flush=True); time.sleep(3)\nwhile True: pass"
    process = start("/usr/bin/python3", "-c", code, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    done = icetop("record", "--kind", "wall", "-F", 499, "-d", 4, "-o", "x.pb.gz", "-p", process.pid)
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--kind", "wall")
    assert found["total"] / 1e9 == pytest.approx(found["duration_s"], abs=0.2)
    causes = {row["cause"]: row["value"] / 1e9 for row in found["causes"]}
    assert 0.5 < causes["sleep"] < 3


@pytest.mark.soak
def test_goroutines_hang_under_the_wait_of_their_scheduler(
    icetop: Icetop, report: Report, start: Start, tmp_path: Path
) -> None:
    """Each in its functions, in equal parts; what threads of the scheduler wait for without work is no lock."""
    program = builder(tmp_path, PROGRAMS / "languages")("goroutines", "go", "-ldflags=-s -w", "goroutines.go")
    process = start(program, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    done = icetop("record", "--kind", "offcpu", "-d", 2, "-o", "x.pb.gz", "-p", process.pid)
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--kind", "offcpu", "--idle", "--stacks")
    assert [row["cause"] for row in found["causes"]] == ["events"]
    sums: Counter[str] = Counter()
    for stack in found["stacks"]:
        sums[found["frames"][stack["frames"][-1]]["name"]] += stack["value"]
    one = "[in runtime.selectgo < main.waitInSelect < main.main.gowrap2]"
    three = "[in runtime.chanrecv1 < main.waitInChannel < main.main.gowrap1]"
    assert sums[three] == pytest.approx(3 * sums[one], rel=0.01)
    together = sum(value for name, value in sums.items() if name.startswith("[in "))
    assert 8 * sums[one] == pytest.approx(together, rel=0.01)
