"""A thread's wall time is its lifetime, whatever it does."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

PROGRAMS = Path(__file__).parent.parent / "programs"
PYTHON = {
    "runs and sleeps": "import time\nwhile True: time.sleep(0.05); sum(range(50000))",
    "an event loop": "import asyncio\nasync def f():\n while True: await asyncio.sleep(0.01)\nasyncio.run(f())",
    "a socket": (
        "import socket, threading, time\na, b = socket.socketpair()\n"
        'def f():\n while True: time.sleep(0.02); a.send(b"x")\n'
        "threading.Thread(target=f).start()\nwhile True: b.recv(1)"
    ),
    "a queue": (
        "import queue, threading, time\nq = queue.Queue()\ndef f():\n while True: q.put(time.sleep(0.03))\n"
        "threading.Thread(target=f).start()\nwhile True: q.get()"
    ),
}
SHELL = {
    "sleeps": "sleep 60",
    "starts others": "sh -c 'while :; do /bin/true; sleep 0.1; done'",
    "writes to disk": "sh -c 'while :; do dd if=/dev/zero of=disk bs=99k count=2 conv=fsync 2> dd; sleep 0.1; done'",
}
TIMER = "setInterval(() => { for (let i = 0; i < 1e5; i++); }, 20)"


def test_wall_time_is_the_lifetime_on_ten_kinds_of_program(
    build: Callable[..., Path], icetop: Icetop, report: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """Within 1 %, all of them side by side. When exactly each began and ended is known as far as its parent saw it."""
    kinds = {
        **SHELL,
        **{name: f"/usr/bin/python3 -c '{code}'" for name, code in PYTHON.items()},
        "waits": str(build("waits", "-O2")),
        "a mutex": str(build("mutex", "-O2", "-pthread")),
        **({"a timer of node": f"node -e '{TIMER}'"} if shutil.which("node") else {}),
    }
    words = [f"{name}={command}" for name, command in kinds.items()]
    runner = (sys.executable, PROGRAMS / "kinds_of_program.py", 8, "lived", *words)
    done = icetop("record", "--kind", "wall", "-F", 999, "-o", "x.pb.gz", "--", *runner)
    assert done.returncode == 0, done.stderr
    lived: dict[str, tuple[int, int, int]] = json.loads((tmp_path / "lived").read_text())
    sums: Counter[int] = Counter()
    for stack in report("x.pb.gz", "--kind", "wall", "--idle", "--stacks")["stacks"]:
        if stack["pid"] == stack["tid"]:
            sums[stack["pid"]] += stack["value"]
    assert set(lived) == set(kinds)
    found = {name: (sums[pid] / least, sums[pid] / most) for name, (pid, least, most) in lived.items()}
    assert all(to_least > 0.99 and to_most < 1.01 for to_least, to_most in found.values()), (found, done.stderr)
