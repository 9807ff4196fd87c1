"""The CPython interpreters of this machine, one for each minor version."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from icetop.tests.programs_to_run import Start, starter

VERSIONS = [(3, minor) for minor in range(8, 17)]
MORE = "ICETOP_TEST_PYTHONS"
"""An environment variable with more interpreters: commands with `:` between them, such as `chroot /sid python3.15`."""

Command = list[str]
FindPython = Callable[[tuple[int, int]], Command]
Program = Callable[..., Command]
Run = Callable[[Command], "subprocess.Popen[bytes]"]

_ASK = "import sys, sysconfig; print(*sys.version_info[:2], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"


@cache
def _found() -> dict[tuple[int, int], Command]:
    more = [words.split() for words in os.environ.get(MORE, "").split(":") if words.strip()]
    places = [*Path("/usr/bin").glob("python3.[0-9]*"), *Path("~/.pyenv/versions").expanduser().glob("3.*/bin/python")]
    commands = more + [[str(path)] for path in places if not path.name.endswith("-config")]
    found: dict[tuple[int, int], Command] = {}
    for command in commands:
        done = subprocess.run([*command, "-c", _ASK], capture_output=True, text=True, check=False)
        words = done.stdout.split()
        if done.returncode == 0 and words[2] == "0":
            found.setdefault((int(words[0]), int(words[1])), command)
    return found


@pytest.fixture(scope="session")
def find_python() -> FindPython:
    """The command of the interpreter of a version, without free threads; skips where there is none."""

    def find(version: tuple[int, int]) -> Command:
        if version not in _found():
            pytest.skip(f"no Python {version[0]}.{version[1]} here")
        return _found()[version]

    return find


@pytest.fixture(params=VERSIONS, ids=lambda version: f"{version[0]}.{version[1]}")
def version(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Each version in turn."""
    found: tuple[int, int] = request.param
    return found


SOME = [(3, 9), (3, 12)]
some_versions = pytest.mark.parametrize(
    "version", SOME, indirect=True, ids=lambda version: f"{version[0]}.{version[1]}"
)
"""For what does not depend on how a version lays out its memory: one before the frames moved, and one after."""


@pytest.fixture
def python(version: tuple[int, int], find_python: FindPython) -> Command:
    """The interpreter of each version in turn."""
    return find_python(version)


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a command until the test ends."""
    yield from starter()


PROGRAMS = Path(__file__).parent.parent.parent / "programs" / "python"


@pytest.fixture
def program(python: Command, tmp_path: Path) -> Iterator[Program]:
    """The command that runs a program of `PROGRAMS`, copied to where the interpreter sees it when that is a chroot."""
    copies: list[Path] = []

    def command(name: str, *arguments: str) -> list[str]:
        folder = PROGRAMS
        if python[0] == "chroot":
            copies.append(Path(mkdtemp(dir=Path(python[1]) / "tmp")))
            shutil.copytree(PROGRAMS, copies[-1], dirs_exist_ok=True)
            folder = Path("/tmp") / copies[-1].name
        return [*python, str(folder / name), *arguments]

    yield command
    for copy in copies:
        shutil.rmtree(copy)


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs commands until the test ends; what they print first is left to the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(command: list[str]) -> subprocess.Popen[bytes]:
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
