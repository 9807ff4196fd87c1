"""Time off the CPU: how long, in which function, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop, Start, cpu_seconds

pytestmark = pytest.mark.bpf

Report = Callable[..., dict[str, Any]]
Build = Callable[..., Path]


def waited(found: dict[str, Any], pid: int) -> Counter[tuple[str, str]]:
    """Nanoseconds of a process by (function of the program, cause)."""
    sums: Counter[tuple[str, str]] = Counter()
    for stack in found["stacks"]:
        if stack["pid"] == pid:
            names = [found["frames"][index]["name"] for index in stack["frames"]]
            function = next((name for name in names if name.startswith("wait_in_")), "")
            sums[function, names[-1]] += stack["value"]
    return sums


@pytest.mark.parametrize("flags", [("-O2", "-fomit-frame-pointer"), ("-O1", "-static")])
def test_waits_have_their_share_cause_and_whole_length(
    flags: tuple[str, ...], build: Build, icetop: Icetop, report: Report, start: Start
) -> None:
    """Shares by what each call waited on this machine; all of a thread's time that it did not run."""
    process = start(build("waits", *flags))
    before = cpu_seconds(process.pid)
    done = icetop("record", "--kind", "offcpu", "-d", 6, "-o", "x.pb.gz", "-p", process.pid)
    ran = cpu_seconds(process.pid) - before
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--kind", "offcpu", "--stacks")
    sums = waited(found, process.pid)
    total = sum(sums.values())
    causes = {"wait_in_sleep": "[sleep]", "wait_in_pipe": "[pipe]", "wait_in_futex": "[lock]"}
    for function, share in (("wait_in_sleep", 0.6), ("wait_in_pipe", 0.3), ("wait_in_futex", 0.1)):
        assert sums[function, causes[function]] / total == pytest.approx(share, abs=0.03), sums
    assert sum(value for (_, cause), value in sums.items() if cause in ("[other]",)) == 0
    # Its first wait is seen from its second on: it was under way when sampling began, 0.1 s at most.
    whole = found["duration_s"] - ran
    assert whole - 0.2 < total / 1e9 < whole * 1.01


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
