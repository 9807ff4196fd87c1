"""Stacks of real programs, stopped at random moments, equal what gdb sees frame by frame."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from icetop.profiles.vocabulary import StackEnd
from icetop.tests.programs_to_run import Build, Start
from icetop.tests.unwinding.conftest import SOURCES
from icetop.tests.unwinding.stopped import Comparison, Stop, compare, stops_of, walks_of


def gdb_can_attach() -> str:
    """Why gdb cannot look at other processes here, empty when it can."""
    if shutil.which("gdb") is None:
        return "gdb is not installed"
    with subprocess.Popen(["sleep", "60"]) as process:
        said = subprocess.run(
            ["gdb", "-nx", "-batch", "-ex", f"attach {process.pid}", "-ex", "python print('attached', gdb.VERSION)"],
            capture_output=True,
            text=True,
        ).stdout
        process.kill()
    return "" if "attached" in said and "ptrace" not in said else f"gdb cannot attach: {said[-200:]}"


OBSTACLE = gdb_can_attach()
needs_gdb = pytest.mark.skipif(bool(OBSTACLE), reason=OBSTACLE)
pytestmark = needs_gdb

STOPS = 60


def same(result: Comparison, at_least: float = 0.995, gdb_sees_all: bool = True) -> None:
    assert result.share >= at_least, str(result)
    assert len(result.lost_by_gdb) <= 0.03 * sum(result.ends.values()), str(result)
    # Where gdb loses its way (libgcc rewrites its own frames while it throws) there is no whole stack to be had.
    assert not gdb_sees_all or all(walk.end is not StackEnd.COMPLETE for walk in result.lost_by_gdb)


BUILDS = {
    "dynamic": ("-O2",),
    "lazily bound and realigned": ("-O3", "-mstackrealign", "-Wl,-z,lazy"),
    "static": ("-O2", "-static"),
    "static, position independent": ("-O2", "-static-pie"),
    "with frame pointers": ("-O1", "-fno-omit-frame-pointer"),
    "no red zone, small": ("-Os", "-mno-red-zone"),
}


@pytest.mark.parametrize("how", BUILDS)
def test_cpp(how: str, build: Build, start: Start, tmp_path: Path) -> None:
    program = build("gdb" + "".join(BUILDS[how]).replace(",", ""), "g++", "-pthread", *BUILDS[how], "shapes.cpp")
    # With an argument its signal handlers run on stacks of their own.
    process = start(program, *(["alternative"] if "static" in how else []))
    stops = stops_of(process.pid, STOPS, tmp_path)
    result = compare(process.pid, stops)
    same(result)
    assert result.ends[StackEnd.COMPLETE] >= 0.97 * len(stops)
    assert max(len(stop.frames) for stop in stops) > 8


def test_rust(build: Build, start: Start, tmp_path: Path) -> None:
    process = start(build("gdb_rust", "rustc", "-O", "shapes.rs"))
    result = compare(process.pid, stops_of(process.pid, STOPS, tmp_path))
    same(result, 1)
    assert set(result.ends) == {StackEnd.COMPLETE}


GO_ENDS = (
    "runtime.mcall",
    "runtime.systemstack",
    "runtime.mstart",
    "runtime.goexit",
    "runtime.rt0_go",
    "runtime.morestack",
)


def until_go_ends(stop: Stop) -> list[int]:
    """What gdb sees up to where it loses its way: it knows neither Go's switches of stacks nor their ends."""
    names = [name.removesuffix(".abi0") for _, name in stop.frames]
    last = next((place for place, name in enumerate(names) if name in GO_ENDS), len(names) - 1)
    return stop.addresses[: last + 1]


def test_go(build: Build, start: Start, tmp_path: Path) -> None:
    process = start(build("gdb_go", "go", "shapes.go"))
    stops = stops_of(process.pid, STOPS, tmp_path, most_stack=32 << 10)
    result = compare(process.pid, stops, until_go_ends)
    same(result, gdb_sees_all=False)  # where Go's runtime interrupts, gdb may lose what its frame pointers tell
    assert all(walk.addresses[-1] in result.roots for walk in result.lost_by_gdb)
    assert set(result.ends) == {StackEnd.COMPLETE}


@pytest.mark.parametrize("how", [[], ["-ldflags=-s"], ["-buildmode=pie"]])
def test_go_calling_c_and_back(how: list[str], build: Build, start: Start, tmp_path: Path) -> None:
    """gdb does not get through these, and so has not always copied the stack that Go's frame pointers lead to.

    A C linker put C code before Go's, so that where Go's code starts has to be found out.
    """
    process = start(build("callbacks" + "".join(how), "go", *how, "callbacks.go"))
    stops = stops_of(process.pid, 20, tmp_path, most_stack=32 << 10)
    walks = walks_of(process.pid, stops)
    assert sum(walk.end is StackEnd.COMPLETE for walk in walks) >= 0.7 * len(walks), walks
    assert all(walk.end in (StackEnd.COMPLETE, StackEnd.UNREADABLE_STACK) for walk in walks), walks
    deep = [walk for walk in walks if len(walk.addresses) > 8]
    assert deep


INTERPRETERS = {
    "python3": ["/usr/bin/python3", str(SOURCES / "busy.py")],
    "perl": ["perl", str(SOURCES / "busy.pl")],
    "sqlite3": ["sqlite3", ":memory:", f".read {SOURCES / 'busy.sql'}"],
}


@pytest.mark.parametrize("name", INTERPRETERS)
def test_interpreters(name: str, start: Start, tmp_path: Path) -> None:
    command = INTERPRETERS[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{name} is not installed")
    process = start(*command)
    result = compare(process.pid, stops_of(process.pid, STOPS, tmp_path))
    same(result)
    assert result.ends[StackEnd.COMPLETE] == sum(result.ends.values())


def test_node(start: Start, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    process = start("node", SOURCES / "busy.js")
    stops = stops_of(process.pid, 30, tmp_path)

    def below_the_jit(stop: Stop) -> list[int]:
        """gdb has no rules for generated code, and none for V8's built-in functions."""
        known = [("Builtins_" not in name and bool(name)) for _, name in stop.frames]
        return stop.addresses[: [*known, False].index(False) + 1][: len(known)]

    result = compare(process.pid, stops, below_the_jit)
    same(result)
    assert result.ends[StackEnd.COMPLETE] == len(stops)
