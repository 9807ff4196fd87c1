"""A thread's wall time is its lifetime, whatever it does; and the waits of a service on a real database."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop, Start

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

PROGRAMS = Path(__file__).parent.parent / "programs"
PYTHON = "/usr/bin/python3"
ASKS = 'import socket; a, b = socket.socketpair()\nwhile True: a.settimeout(0.004); a.send(b"x"); b.recv(1)'
BUSY_TIMER = "setInterval(() => { for (let i = 0; i < 1e6; i++); }, 7)"
KINDS = {
    "sleeps": "sleep 60",
    "python that waits and runs": f"{PYTHON} -c 'import time\nwhile True: time.sleep(0.01); sum(range(200000))'",
    "python with threads": (
        f"{PYTHON} -c 'import threading, time\ndef f():\n while True: sum(range(9999))\n"
        "threading.Thread(target=f).start()\nwhile True: time.sleep(0.02)'"
    ),
    "starts others": "sh -c 'while :; do /bin/true; sleep 0.05; done'",
    "writes to disk": "sh -c 'while :; do dd if=/dev/zero of=disk bs=64k count=8 conv=fsync status=none; done'",
    "a socket": f"{PYTHON} -c '{ASKS}'",
    "an event loop": (
        f"{PYTHON} -c 'import asyncio\nasync def f():\n while True: await asyncio.sleep(0.003)\nasyncio.run(f())'"
    ),
}


def test_wall_time_is_the_lifetime_on_ten_kinds_of_program(
    build: Callable[..., Path], icetop: Icetop, report: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """Within 1 %, all of them side by side on few CPUs, from the first instruction to the last."""
    kinds = {
        **KINDS,
        "waits": str(build("waits", "-O2")),
        "a mutex": str(build("mutex", "-O2", "-pthread")),
        "a storm": f"{build('ping_pong', '-O2')} 60",
        **(
            {"node": "node -e 'setInterval(() => { for (let i = 0; i < 1e6; i++); }, 7)'"}
            if shutil.which("node")
            else {}
        ),
    }
    words = [f"{name}={command}" for name, command in kinds.items()]
    runner = (sys.executable, PROGRAMS / "kinds_of_program.py", 10, "lived", *words)
    done = icetop("record", "--kind", "wall", "-F", 999, "-o", "x.pb.gz", "--", *runner)
    assert done.returncode == 0, done.stderr
    lived: dict[str, tuple[int, int]] = json.loads((tmp_path / "lived").read_text())
    sums: Counter[int] = Counter()
    for stack in report("x.pb.gz", "--kind", "wall", "--idle", "--stacks")["stacks"]:
        if stack["pid"] == stack["tid"]:
            sums[stack["pid"]] += stack["value"]
    assert len(lived) >= 10
    found = {name: sums[pid] / nanoseconds for name, (pid, nanoseconds) in lived.items()}
    assert found == {name: pytest.approx(1, abs=0.01) for name in found}, done.stderr


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    """The words that psycopg2 connects by, of a PostgreSQL with a table without an index."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is not installed")
    if subprocess.run([PYTHON, "-c", "import psycopg2"], capture_output=True).returncode:
        pytest.skip("python3-psycopg2 is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path("/tmp", f"{tmp_path.parent.name}-{port}")
    server = subprocess.Popen([PROGRAMS / "postgres.sh", folder, str(port)])
    ask = ["psql", "--quiet", "--host=127.0.0.1", f"--port={port}", "--username=postgres", "--command"]
    text = "md5(n::text) || md5((n + 1)::text)"
    rows = f"CREATE TABLE products AS SELECT n, {text} AS about FROM generate_series(1, 200000) n"
    try:
        until = time.monotonic() + 60
        while subprocess.run([*ask, "SELECT 1"], capture_output=True).returncode:
            assert time.monotonic() < until and server.poll() is None
            time.sleep(0.2)
        subprocess.run([*ask, rows], check=True)
        yield f"host=127.0.0.1 port={port} user=postgres"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_service_that_waits_for_its_database(
    database: str, icetop: Icetop, report: Callable[..., dict[str, Any]], start: Start
) -> None:
    """View, execute, libpq, poll; the network; and at the other end the very backend, whose CPU time is the scan."""
    service = (
        f"import psycopg2\nc = psycopg2.connect({database!r})\nq = c.cursor()\n"
        "q.execute('SELECT pg_backend_pid()'); print(q.fetchone()[0], flush=True)\n"
        "def run_query(text):\n    q.execute('SELECT count(*) FROM products WHERE about LIKE %s', (text,))\n"
        "def view():\n    run_query('%zebra%')\nwhile True: view()"
    )
    process = start(PYTHON, "-c", service, stdout=subprocess.PIPE)
    assert process.stdout is not None
    backend = int(process.stdout.readline())
    done = icetop("record", "--kind", "offcpu", "-F", 499, "-d", 5, "-o", "x.pb.gz", "-p", f"{process.pid},{backend}")
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--kind", "offcpu", "--stacks", "-p", process.pid)
    told = 0
    for stack in found["stacks"]:
        names = [found["frames"][index]["name"] for index in stack["frames"]]
        binaries = {found["frames"][index]["binary"].rsplit("/", 1)[-1].split(".")[0] for index in stack["frames"]}
        way = [name for name in names if name in ("view", "run_query") or "view" in name.split(".")]
        if way and "libpq" in binaries and "do_sys_poll" in names and stack.get("cause") == "network":
            told += stack["value"] * names[-1].startswith(f"[to postgres {backend} at 127.0.0.1:")
    assert told > 0.8 * found["total"], found["functions"][:20]
    scan = {row["name"]: row["cum_percent"] for row in report("x.pb.gz", "--kind", "cpu", "-p", backend)["functions"]}
    assert scan.get("ExecScan", 0) > 60, scan
