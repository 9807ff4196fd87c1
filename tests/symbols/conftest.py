"""Programs to name: compiled from tests/programs/names, run, and looked at with other tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent.parent / "programs" / "names"

Build = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles: build("name", "g++", "-O2", "names.cpp") gives the path of the program; each is built once.

    The test is skipped when the compiler is not installed.
    """
    folder = tmp_path_factory.mktemp("programs")

    def run(name: str, compiler: str, *arguments: str) -> Path:
        program = folder / name
        if program.exists():
            return program
        if shutil.which(compiler) is None:
            pytest.skip(f"{compiler} is not installed")
        sources = [str(SOURCES / word) for word in arguments if (SOURCES / word).exists()]
        flags = [word for word in arguments if not (SOURCES / word).exists()]
        subprocess.run([compiler, *flags, "-o", str(program), *sources], check=True, cwd=folder, capture_output=True)
        return program

    return run


@pytest.fixture(scope="session")
def small(build: Build) -> Path:
    """The small C program, with symbols and without debug information."""
    return build("small", "gcc", "-O1", "-fno-inline-small-functions", "small.c")


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a command until the test ends, and waits until it has printed a first line."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(*command: str | Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), f"{command} ended at once"
        return process

    yield run
    for process in processes:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
