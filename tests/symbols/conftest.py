"""Programs to name: compiled from tests/programs/names, run, and looked at with other tools."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from icetop.tests.programs_to_run import Build, Start, builder, starter

SOURCES = Path(__file__).parent.parent / "programs" / "names"


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles a program of `SOURCES`."""
    return builder(tmp_path_factory.mktemp("programs"), SOURCES)


@pytest.fixture(scope="session")
def small(build: Build) -> Path:
    """The small C program, with symbols and without debug information."""
    return build("small", "gcc", "-O1", "-fno-inline-small-functions", "small.c")


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a command until the test ends."""
    yield from starter()


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
