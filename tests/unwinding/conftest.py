"""Programs to unwind: compiled from tests/programs/unwinding, run, and stopped by gdb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from icetop.tests.programs_to_run import Build, Start, builder, starter

SOURCES = Path(__file__).parent.parent / "programs" / "unwinding"


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles a program of `SOURCES`; the test is skipped when the compiler lacks what an option asks for."""
    return builder(tmp_path_factory.mktemp("programs"), SOURCES, may_lack_options=True)


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs a command until the test ends."""
    yield from starter()
