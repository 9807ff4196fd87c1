"""Tens of thousands of samples of eight kinds of programs at once, and of programs that live a second: whole stacks."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND
from .test_complete import FEW, PROGRAMS, is_entry

pytestmark = [pytest.mark.bpf, pytest.mark.soak]

SECONDS, BIN = 180, 5
"""How long all of them are recorded, and what is looked at in one go; both in seconds."""

Report = dict[str, Any]


def report(recording: Path, *words: str) -> Report:
    done = subprocess.run(
        [*COMMAND, "report", str(recording), "--stacks", "--format", "json", *words], check=True, capture_output=True
    )
    found: Report = json.loads(done.stdout)
    return found


def find(tool: str) -> str | None:
    """A program of PostgreSQL's, which Debian keeps beside its other versions."""
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{tool}"))
    return str(beside[-1]) if beside else shutil.which(tool)


@dataclass
class Database:
    """A PostgreSQL of one's own; `run` runs a program as its user."""

    folder: Path
    user: str

    def run(self, *words: str, **more: Any) -> subprocess.Popen[bytes]:
        who = {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []}
        return subprocess.Popen(
            words, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who, **more
        )

    def bench(self, *words: str) -> subprocess.Popen[bytes]:
        return self.run(find("pgbench") or "", "-h", str(self.folder), *words, "postgres")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """PostgreSQL with pgbench's tables."""
    if None in (find("postgres"), find("initdb"), find("pgbench")) or os.geteuid() != 0:
        pytest.skip("PostgreSQL and pgbench are not installed, or this is not root, who runs them as another user")
    made = Database(Path(tempfile.mkdtemp()), "nobody")
    os.chmod(made.folder, 0o755)
    shutil.chown(made.folder, made.user)
    server = None
    try:
        words = (find("initdb") or "", "--pgdata=data", "--auth=trust", "--no-sync", "--username=nobody")
        assert not made.run(*words, "--encoding=UTF8", "--locale=C").wait()
        options = {"unix_socket_directories": made.folder, "listen_addresses": "", "fsync": "off"}
        options |= {"shared_buffers": "32MB", "dynamic_shared_memory_type": "mmap"}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        server = made.run(find("postgres") or "", "-D", "data", *settings)
        until = time.monotonic() + 30
        while made.bench("-i", "-q", "-s", "2").wait():
            assert time.monotonic() < until and server.poll() is None, "PostgreSQL did not start"
            time.sleep(0.3)
        yield made
    finally:
        if server is not None:
            server.terminate()
            server.wait()
        shutil.rmtree(made.folder, ignore_errors=True)


def backends_of(parent: subprocess.Popen[bytes], folder: Path) -> set[int]:
    """The processes of pgbench's connections: children of the server that came when it did."""
    text = (folder / "data" / "postmaster.pid").read_text()
    children = Path(f"/proc/{text.split()[0]}/task/{text.split()[0]}/children").read_text().split()
    found = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in children}
    return {child for child, title in found.items() if "[local]" in title and parent.poll() is None}


def entries_and_others(found: Report, names: dict[int, str]) -> dict[str, Counter[bool]]:
    """By program: samples whose stack begins at an entry of a thread (True), and the others."""
    roots = [is_entry(frame) for frame in found["frames"]]
    seen: dict[str, Counter[bool]] = {name: Counter() for name in names.values()}
    for stack in found["stacks"]:
        if stack["pid"] in names:
            whole = bool(stack["frames"]) and roots[stack["frames"][0]]
            seen[names[stack["pid"]]][whole] += stack["samples"]
    return seen


def missed_by_time(recording: Path, names: dict[int, str]) -> list[int]:
    """How many samples are not whole, in each bin of the time."""
    reports = [report(recording, "--range", f"{begin}..{begin + BIN}") for begin in range(0, SECONDS, BIN)]
    return [sum(counts[False] for counts in entries_and_others(found, names).values()) for found in reports]


def test_of_twenty_thousand_samples_nearly_all_are_whole(database: Database, tmp_path: Path) -> None:
    """99.9 % of them, and in no 10 s more than 5 are not, the first included."""
    recording, started, names = tmp_path / "x.pb.gz", [], {}
    bench = database.bench("-c", "1", "-T", str(2 * SECONDS), "-S")
    try:
        for name, make in PROGRAMS.items():
            (tmp_path / name.replace(" ", "")).mkdir()
            words = make(tmp_path / name.replace(" ", ""))
            started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            names[started[-1].pid] = name
        time.sleep(1.0)
        names |= dict.fromkeys(backends_of(bench, database.folder), "PostgreSQL")
        pids = ",".join(map(str, names))
        words = ["record", "-F", "99", "-d", str(SECONDS), "-p", pids, "-o", str(recording)]
        subprocess.run([*COMMAND, *words], check=True, capture_output=True)
    finally:
        for process in (*started, bench):
            process.kill()
            process.wait()
    whole = report(recording)
    seen = entries_and_others(whole, names)
    print(seen, whole["truncated_by"], whole["lost_by"])
    pooled: Counter[bool] = sum(seen.values(), Counter())
    assert len(seen) == len(PROGRAMS) + 1 and all(counts.total() > 300 for counts in seen.values()), seen
    assert pooled.total() >= 20_000, seen
    assert pooled[True] >= 0.999 * pooled.total(), (seen, whole["truncated_by"])
    missed = missed_by_time(recording, names) if pooled[False] > FEW else []
    assert max(map(sum, pairwise(missed)), default=0) <= FEW, missed


LIVES = 20
"""Processes of each kind that live for a second."""


@pytest.mark.parametrize("program", ["C++ -O2", "static C++", "Rust", "Go", "python3", "node", "sqlite3"])
def test_processes_that_live_a_second(program: str, tmp_path: Path) -> None:
    """98 % of their samples are whole: each process is new to icetop."""
    make: Callable[[Path], list[str]] = PROGRAMS[program]
    words = make(tmp_path)
    recording = tmp_path / "x.pb.gz"
    script = 'for i in $(seq "$1"); do shift 0; timeout 1 "${@:2}" >/dev/null 2>&1; done; true'
    command = ["bash", "-c", script, "bash", str(LIVES), *words]
    subprocess.run([*COMMAND, "record", "-F", "99", "-o", str(recording), "--", *command], check=True)
    found = report(recording)
    names = {stack["pid"]: "lives" for stack in found["stacks"] if stack["comm"] not in ("bash", "timeout", "seq")}
    seen = entries_and_others(found, names)["lives"]
    print(program, seen, found["truncated_by"])
    assert seen.total() >= 15 * LIVES
    assert seen[True] >= 0.98 * seen.total(), (seen, found["truncated_by"])
