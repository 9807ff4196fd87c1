"""Running the command itself on real programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from icetop.sampler.loader.compiled import CompiledForm

from .stopping import make_stopping_form

Icetop = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
COMMAND = [sys.executable, "-m", "icetop"]


@pytest.fixture
def icetop(tmp_path: Path) -> Icetop:
    """Runs `icetop WORDS` in the test's folder; settings of whoever runs the tests do not count."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ICETOP_")}
    clean["XDG_CONFIG_HOME"] = str(tmp_path / "no-configuration")

    def run(*words: object, env: dict[str, str] | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *map(str, words)],
            **{"capture_output": True, "text": True, "cwd": tmp_path, "timeout": 120, **more},
            env={**clean, **(env or {})},
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture
def report(icetop: Icetop) -> Callable[..., dict[str, Any]]:
    """The JSON report of a file."""

    def read(*words: object) -> dict[str, Any]:
        done = icetop("report", *words, "--format", "json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return read


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs and ends them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: object, **more: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([str(word) for word in words], **{"stdout": subprocess.DEVNULL, **more}))
        return started[-1]

    yield begin
    end(*started)


def end(*processes: subprocess.Popen[bytes]) -> None:
    """End programs that have been recorded, so that what is done with the recording need not share the CPUs."""
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def stopping_form() -> CompiledForm:
    """Programs for the kernel that stop each thread that they sample."""
    return make_stopping_form()


def cpu_seconds(pid: int) -> float:
    """Time on a CPU so far, from the scheduler's own count in nanoseconds."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
