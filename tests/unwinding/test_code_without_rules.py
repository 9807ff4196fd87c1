"""Rows made from code alone: instructions as objdump reads them, depths as the compiler's own rules have them."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from icetop.tests.programs_to_run import Build, Start
from icetop.tests.unwinding.files import elf_of, table_of
from icetop.tests.unwinding.stopped import stops_of, walks_of
from icetop.tests.unwinding.test_same_stacks_as_gdb import needs_gdb
from icetop.unwinding.code_walk import CodeWalk, Depth, after, before, row_of_depth
from icetop.unwinding.rows import NONE, Row, RowKind, unpack
from icetop.unwinding.x86_64 import PADDING
from icetop.unwinding.x86_64_instructions import Effect, decode

LIBRARIES = "/usr/lib/x86_64-linux-gnu"
PIECE = 1 << 14


def text_of(path: str) -> tuple[int, bytes]:
    """The address and the bytes of a file's code."""
    if not Path(path).exists():
        pytest.skip(f"{path} is not installed")
    elf = elf_of(path)
    text = elf.section(".text")
    assert text is not None
    return text.address, elf.contents(text, 1 << 27)


@pytest.mark.parametrize("path", [f"{LIBRARIES}/libm.so.6", "/usr/bin/perl", f"{LIBRARIES}/libcrypto.so.3"])
def test_instructions_are_as_long_as_objdump_says(path: str) -> None:
    if shutil.which("objdump") is None:
        pytest.skip("objdump is not installed")
    address, code = text_of(path)
    size = min(len(code), 1 << 18)
    order = ["objdump", "-d", "-w", "-j", ".text", "--no-show-raw-insn", f"--stop-address={address + size:#x}", path]
    listed = subprocess.run(order, check=True, capture_output=True, text=True).stdout
    found = [(int(match[1], 16) - address, match[2]) for match in re.finditer(r"^ *([0-9a-f]+):\t(.*)$", listed, re.M)]
    # Tables between functions are no code; "fwait" is listed as a part of the instruction that follows.
    places = [
        (start, end, text)
        for (start, text), (end, _) in pairwise(found)
        if "(bad)" not in text and code[start] != 0x9B and end - start <= 15
    ]
    wrong = [(hex(start), text) for start, end, text in places if decode(code, start)[0] != end - start]
    assert len(places) > 20000
    assert len(wrong) <= 0.001 * len(places), wrong[:10]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("55", (1, Effect.PUSH, 5)),
        ("4155", (2, Effect.PUSH, 13)),
        ("5d", (1, Effect.POP, 5)),
        ("6a08", (2, Effect.PUSH, -1)),
        ("ff7508", (3, Effect.PUSH, -1)),
        ("4883ec28", (4, Effect.ADD, -40)),
        ("4881c400100000", (7, Effect.ADD, 4096)),
        ("4883c480", (4, Effect.ADD, -128)),
        ("488d642408", (5, Effect.ADD, 8)),
        ("488d65d8", (4, Effect.RBP_TO_RSP, -40)),
        ("4889ec", (3, Effect.RBP_TO_RSP, 0)),
        ("4889e5", (3, Effect.RSP_TO_RBP, 0)),
        ("488bec", (3, Effect.RSP_TO_RBP, 0)),
        ("c9", (1, Effect.LEAVE, -1)),
        ("4883e4f0", (4, Effect.LOSE_RSP, 0)),
        ("4c89d4", (3, Effect.LOSE_RSP, 0)),
        ("4829c4", (3, Effect.LOSE_RSP, 0)),
        ("31ed", (2, Effect.CLEAR_RBP, 0)),
        ("4831ed", (3, Effect.CLEAR_RBP, 0)),
        ("e810000000", (5, Effect.CALL, 16)),
        ("ff15aabbcc00", (6, Effect.CALL, 0)),
        ("eb02", (2, Effect.JUMP, 2)),
        ("0f84fcffffff", (6, Effect.BRANCH, -4)),
        ("74f0", (2, Effect.BRANCH, -16)),
        ("f3c3", (2, Effect.RETURN, -1)),
        ("c20800", (3, Effect.RETURN, -1)),
        ("ffe0", (2, Effect.STOP, 0)),
        ("0f0b", (2, Effect.STOP, 0)),
        ("f4", (1, Effect.STOP, -1)),
        ("48b80102030405060708", (10, Effect.NOTHING, 0)),
        ("c5f877", (3, Effect.NOTHING, 0)),
        ("4883fc10", (4, Effect.NOTHING, 0)),
        ("", (1, Effect.INVALID, 0)),
        ("e810", (1, Effect.INVALID, 0)),
        ("06", (1, Effect.INVALID, 0)),
    ],
)
def test_what_instructions_do(code: str, expected: tuple[int, Effect, int]) -> None:
    assert decode(bytes.fromhex(code), 0) == expected


def test_any_bytes_can_be_read() -> None:
    chance = random.Random(3)
    for size in (0, 1, 5, 400, 3000):
        code = chance.randbytes(size)
        walk = CodeWalk(code, 0x1000)
        starts, rows = walk.rows(0x1000, 0x1000 + size)
        assert starts == sorted(starts) and len(starts) == len(rows)


@pytest.mark.parametrize(
    ("effect", "operand"), [(Effect.PUSH, 3), (Effect.PUSH, 5), (Effect.POP, 3), (Effect.ADD, -24), (Effect.ADD, 24)]
)
def test_back_is_the_reverse_of_forth(effect: Effect, operand: int) -> None:
    depth = Depth(64)
    assert before(after(depth, effect, operand), effect, operand) == depth


SAMPLES = [f"{LIBRARIES}/libc.so.6", "/usr/bin/perl", "/usr/bin/sqlite3", "/usr/lib/postgresql/15/bin/postgres"]


@pytest.mark.parametrize("path", SAMPLES)
def test_depths_agree_with_the_compiler_s_rules(path: str) -> None:
    """Of code that has rules: what is found without them agrees with them, where anything is found."""
    address, code = text_of(path)
    table, counts, wrong = table_of(path), Counter[str](), []
    for first in random.Random(4).sample(range(0, len(code) - PIECE, PIECE), 4):
        walk = CodeWalk(code[first : first + PIECE], address + first)
        for place, depth in zip(walk.places, walk.depths, strict=True):
            ours = unpack(row_of_depth(depth))
            said = unpack(table.stretch_at(address + first + place).row_at(address + first + place))
            if said.kind in (RowKind.NONE, RowKind.END) or code.startswith(PADDING, first + place):
                continue
            kind = "unknown" if ours.kind == RowKind.NONE else "same" if agree(depth, ours, said) else "wrong"
            counts[kind] += 1
            if kind == "wrong":
                wrong.append((hex(address + first + place), ours, said))
    assert counts["same"] >= 0.7 * counts.total(), counts
    assert counts["wrong"] <= 0.006 * counts.total(), (counts, wrong[:5])


def agree(depth: Depth | None, ours: Row, said: Row) -> bool:
    if said.kind == RowKind.RSP:
        return (ours.kind, ours.cfa) == (RowKind.RSP, said.cfa)
    return said.kind == RowKind.RBP and depth is not None and (depth.frame == said.cfa or depth.frame is None)


def test_a_function_that_is_cut_off_has_no_rows() -> None:
    assert row_of_depth(None) == NONE
    walk = CodeWalk(bytes.fromhex("90" * 8), 0x1001)
    assert walk.rows(0x1001, 0x1009) == ([0x1001], [NONE])


@needs_gdb
def test_musl(build: Build, start: Start, tmp_path: Path) -> None:
    """A static program whose C library has no unwind information at all: whole stacks, made of calls that exist."""
    program = build("musl", "musl-gcc", "-O2", "-static", "-pthread", "musl.c")
    process = start(program)
    walks = walks_of(process.pid, stops_of(process.pid, 60, tmp_path))
    ends = Counter(walk.end.reason for walk in walks)
    assert ends["complete"] >= 0.99 * len(walks), ends
    elf, code = elf_of(program), program.read_bytes()
    missing = []
    for walk in walks:
        for place in range(1, len(walk.addresses)):
            offset = elf.offset_of(walk.addresses[place])
            assert offset is not None
            called = [size for size in range(2, 8) if decode(code, offset - size)[:2] == (size, Effect.CALL)]
            if place not in walk.exact and place - 1 not in walk.exact[1:] and not called:
                missing.append((place, [hex(address) for address in walk.addresses]))
    handlers = sum(len(walk.exact) > 1 for walk in walks)
    assert len(missing) <= handlers, missing[:3]
