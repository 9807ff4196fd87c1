"""The waits of a service on a real database."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop, Start
from .test_by_keyboard import Screen, open_screen

__all__ = ["open_screen"]

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

PROGRAMS = Path(__file__).parent.parent / "programs"
PYTHON = "/usr/bin/python3"


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


def begin_service(database: str, start: Start) -> tuple[int, int]:
    """A service that asks for what takes a scan, again and again; gives its pid and that of its backend."""
    service = (
        f"import psycopg2\nc = psycopg2.connect({database!r})\nq = c.cursor()\n"
        "q.execute('SELECT pg_backend_pid()'); print(q.fetchone()[0], flush=True)\n"
        "def run_query(text):\n    q.execute('SELECT count(*) FROM products WHERE about LIKE %s', (text,))\n"
        "def view():\n    run_query('%zebra%')\nwhile True: view()"
    )
    process = start(PYTHON, "-c", service, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process.pid, int(process.stdout.readline())


def test_a_service_that_waits_for_its_database(
    database: str, icetop: Icetop, report: Callable[..., dict[str, Any]], start: Start
) -> None:
    """View, execute, libpq, poll; the network; and at the other end the very backend, whose CPU time is the scan."""
    service, backend = begin_service(database, start)
    done = icetop("record", "--kind", "offcpu", "-F", 499, "-d", 5, "-o", "x.pb.gz", "-p", f"{service},{backend}")
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--kind", "offcpu", "--stacks", "-p", service)
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


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_enter_on_the_other_end_shows_the_backend(
    size: tuple[int, int], database: str, start: Start, open_screen: Callable[[tuple[int, int]], Screen]
) -> None:
    """On the live service: search, enter, and there is the scan, on a screen of any size."""
    service, backend = begin_service(database, start)
    screen = open_screen(size)
    screen.start("--kind", "cpu,offcpu", "-p", service)
    screen.sees(f"pid {service}")
    screen.press("2")
    screen.sees(" threads ")
    screen.press("/")
    screen.type(f"to postgres {backend}")
    screen.press("Enter")
    screen.sees(f"[to postgres {backend} at 127.0.0.1:")
    screen.press("Enter")
    screen.sees(lambda text: f"pid {backend}" in text and "ExecScan" in text)
