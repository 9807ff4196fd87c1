"""Programs to unwind: compiled from tests/programs/unwinding, run, and stopped by gdb."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent.parent / "programs" / "unwinding"

Build = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles: build("name", "g++", "-O2", "shapes.cpp") gives the path of the program; each is built once.

    The test is skipped when the compiler is not installed or lacks what an option asks for.
    """
    folder = tmp_path_factory.mktemp("programs")

    def run(name: str, compiler: str, *arguments: str) -> Path:
        program = folder / name
        if program.exists():
            return program
        if shutil.which(compiler) is None:
            pytest.skip(f"{compiler} is not installed")
        words = [str(SOURCES / word) if (SOURCES / word).exists() else word for word in arguments]
        before = ["build"] if compiler == "go" else []
        done = subprocess.run([compiler, *before, "-o", str(program), *words], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"{compiler} {' '.join(arguments)}: {done.stderr.strip()[:200]}")
        return program

    return run


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a command until the test ends, and waits until it has printed a first line."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(*command: str | Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), f"{command} ended at once"
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
