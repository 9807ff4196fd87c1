"""Stacks are whole, without frame pointers, from the first second: seen from the roots of the reported stacks."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop, Start

pytestmark = pytest.mark.bpf

Report = Callable[..., dict[str, Any]]
SOURCES = Path(__file__).parent.parent / "programs" / "stacks"
ENTRIES = frozenset(
    [
        "_start",
        "clone",
        "clone3",
        "__clone",
        "__clone3",
        "thread_start",
        "runtime.goexit",
        "runtime.goexit.abi0",
        "runtime.rt0_go",
        "runtime.rt0_go.abi0",
        "runtime.mstart",
        "runtime.mstart.abi0",
        "runtime.mcall",
        "runtime.morestack.abi0",
        "runtime.morestack",
        "runtime.systemstack",
        "ret_from_fork_asm",
        "ret_from_fork",
        "runtime.systemstack.abi0",
        "runtime.asmcgocall",
        "runtime.asmcgocall.abi0",
    ]
)
FEW = 5
"""Samples that may be otherwise: a busy machine takes the first of them while the program starts."""

NEAR = 128
"""Bytes from a binary's entry that still are its `_start`, where that has no name because the binary is stripped."""

PYTHON = "import json\ndef f(n): return n and f(n-1)\nwhile True: json.dumps({str(i): [i] for i in range(500)}); f(60)"
NODE = (
    "function f(n){return n<2?n:f(n-1)+f(n-2)}\n"
    "for(;;){let a=[];for(let i=0;i<5000;i++)a.push({k:'x'+i,v:i});a.sort((x,y)=>y.v-x.v);JSON.stringify(a);f(20)}"
)
SQL = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT sum(x) FROM c WHERE x LIKE '%7%3%';"


def needs(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


def compile_with(folder: Path, *words: str) -> list[str]:
    subprocess.run([needs(words[0]), *words[1:], "-o", str(folder / "program")], check=True, capture_output=True)
    return [str(folder / "program")]


def build_go(folder: Path) -> list[str]:
    words = [needs("go"), "build", "-o", str(folder / "program"), str(SOURCES / "known.go")]
    subprocess.run(words, check=True, capture_output=True)
    return [str(folder / "program")]


PROGRAMS: dict[str, Callable[[Path], list[str]]] = {
    "C++ -O2": lambda folder: compile_with(folder, "g++", "-O2", "-pthread", str(SOURCES / "known.cpp")),
    "static C++": lambda folder: compile_with(folder, "g++", "-O2", "-static", "-pthread", str(SOURCES / "known.cpp")),
    "Rust": lambda folder: compile_with(folder, "rustc", "-O", str(SOURCES / "known.rs")),
    "Go": lambda folder: build_go(folder),
    "python3": lambda folder: ["/usr/bin/python3", "-c", PYTHON],
    "node": lambda folder: [needs("node"), "-e", NODE],
    "sqlite3": lambda folder: [needs("sqlite3"), ":memory:", SQL],
}


def is_entry(frame: dict[str, Any]) -> bool:
    """Whether a frame is where a thread begins."""
    if frame["name"] in ENTRIES:
        return True
    if frame["name"] == "__libc_start_main":
        return True  # Called by `_start` alone, which is left out with the other functions of a Python interpreter.
    found = re.match(r"\[.*\+0x([0-9a-f]+)\]$", frame["name"])
    if not found or not frame["binary"].startswith("/"):
        return False
    if "libc.so" in frame["binary"]:
        return True  # clone3, which a stripped libc does not name
    return abs(int(found[1], 16) - entry_offset(frame["binary"])) < NEAR


@cache
def entry_offset(path: str) -> int:
    """The offset in the file of a program's entry."""
    data = Path(path).read_bytes()
    entry, headers = struct.unpack_from("<QQ", data, 24)
    size, count = struct.unpack_from("<HH", data, 54)
    for place in range(headers, headers + size * count, size):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, place)
        if kind == 1 and address <= entry < address + length:
            return int(entry - address + offset)
    return -NEAR


@pytest.mark.parametrize("program", PROGRAMS)
def test_stacks_reach_their_threads_entry(
    program: str, tmp_path: Path, icetop: Icetop, report: Report, start: Start
) -> None:
    """At most 5 stacks are cut short, the first second included, with nothing known beforehand of the program."""
    process = start(*PROGRAMS[program](tmp_path), stderr=subprocess.DEVNULL)
    done = icetop("record", "-F", 99, "-d", 3, "-o", "x.pb.gz", "-p", process.pid)
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--stacks")
    ends: Counter[bool] = Counter()
    for stack in found["stacks"]:
        ends[bool(stack["frames"]) and is_entry(found["frames"][stack["frames"][0]])] += stack["samples"]
    assert ends.total() > 30
    assert ends[False] <= FEW, (ends, found["truncated_by"])


@pytest.mark.parametrize(("depth", "frames", "whole"), [(300, 255, False), (300, 400, True), (1000, 1700, True)])
def test_deep_recursion_is_whole_with_the_option_and_marked_without(
    build: Callable[..., Path],
    icetop: Icetop,
    report: Report,
    start: Start,
    depth: int,
    frames: int,
    whole: bool,
) -> None:
    process = start(build("recursion", "-O2", "-fno-optimize-sibling-calls"), depth)
    done = icetop("record", "--max-frames", frames, "-F", 199, "-d", 1.5, "-o", "x.pb.gz", "-p", process.pid)
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--stacks")
    names = [frame["name"] for frame in found["frames"]]
    deepest = Counter[int]()
    for stack in found["stacks"]:
        deepest[sum(names[index] == "recurse" for index in stack["frames"])] += stack["samples"]
    assert found["samples"] > 20
    ended = found["complete"] if whole else found["truncated_by"].get("too_deep", 0)
    assert ended >= found["samples"] - FEW, found["truncated_by"]
    assert deepest[depth + 1 if whole else frames - 1] >= found["samples"] - FEW, deepest
