"""Compiling and running the programs that tests look at: what the conftests of several rooms make fixtures of."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Build = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[bytes]"]


def builder(folder: Path, sources: Path, *, may_lack_options: bool = False) -> Build:
    """Compiles: build("name", "g++", "-O2", "names.cpp") gives the path of the program; each is built once.

    The test is skipped when the compiler is not installed, and with `may_lack_options` when it refuses.
    """

    def build(name: str, compiler: str, *arguments: str) -> Path:
        program = folder / name
        if program.exists():
            return program
        if shutil.which(compiler) is None:
            pytest.skip(f"{compiler} is not installed")
        command = [compiler, *(["build"] if compiler == "go" else []), "-o", str(program)]
        command += [str(sources / word) if (sources / word).exists() else word for word in arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode and may_lack_options:
            pytest.skip(f"{compiler} {' '.join(arguments)}: {done.stderr.strip()[:200]}")
        assert done.returncode == 0, done.stderr
        return program

    return build


def starter() -> Iterator[Start]:
    """Runs commands until the test ends, each waited for until it has printed a first line."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*command: str | Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), f"{command} ended at once"
        return process

    yield start
    for process in processes:
        assert process.stdin is not None and process.stdout is not None
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
