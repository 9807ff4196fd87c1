"""Files that are cut, flipped and made to mislead: never an exception, never work without bound."""

from __future__ import annotations

import random
import shutil
import struct
from collections import Counter
from pathlib import Path

import pytest
from icetop.symbols.raw_bytes import BrokenFile
from icetop.tests.unwinding.conftest import Build
from icetop.tests.unwinding.files import elf_of, table_of_bytes
from icetop.unwinding import pages
from icetop.unwinding.cfa_machine import MOST_ROWS, Factors, Machine, State
from icetop.unwinding.encoding import pointer, signed, unsigned
from icetop.unwinding.rows import RowKind, unpack

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@pytest.fixture(scope="module")
def programs(build: Build) -> list[Path]:
    """An indexed one, one without an index, a Go program."""
    small = build("rows", "gcc", "-nostdlib", "-static", "-Wl,--eh-frame-hdr", "rows.S")
    listed = build("rows_listed", "gcc", "-nostdlib", "-static", "-Wl,--no-eh-frame-hdr", "rows.S")
    return [small, listed]


def interesting(data: bytes, path: Path) -> list[int]:
    """Offsets whose bytes decide: headers and all that describes frames."""
    elf = elf_of(path)
    places = list(range(64 + 56 * 8))
    for section in elf.sections:
        if section.name in (".eh_frame", ".eh_frame_hdr", ".debug_frame"):
            places += range(section.offset, section.offset + section.size)
    return [place for place in places if place < len(data)]


def read_all(data: bytes, counters: Counter[str]) -> None:
    """All pages that hold code in the file as it was meant, and some that do not."""
    try:
        table = table_of_bytes(data, counters)
    except BrokenFile:
        return
    for page in (*range(16, 32), 0, 1 << 30, 1 << 37):
        for key, made in pages.pages_of(table, page, counters):
            assert 0 <= key < 1 << 40
            assert len(made) == pages.PAGE_BYTES
            assert all(unpack(made[32 + 8 * slot : 40 + 8 * slot]).kind <= RowKind.BAD for slot in range(32))
            assert list(made[:32]) == sorted(made[:32])
    for offset in (4096, 4097, 8000, 1 << 40):
        table.row_at(offset)


@needs_gcc
def test_flipped_bytes(programs: list[Path]) -> None:
    chance, counters = random.Random(5), Counter[str]()
    for path in programs:
        data = path.read_bytes()
        places = interesting(data, path)
        for _ in range(250):
            changed = bytearray(data)
            for _ in range(chance.choice((1, 1, 2, 8, 64))):
                changed[chance.choice(places)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            read_all(bytes(changed), counters)
    assert counters["cfi_broken"] > 20


@needs_gcc
def test_cut_files(programs: list[Path]) -> None:
    counters = Counter[str]()
    for path in programs:
        data = path.read_bytes()
        for size in range(0, len(data), max(1, len(data) // 60)):
            read_all(data[:size], counters)


def test_a_flipped_go_table(build: Build) -> None:
    path = build("callbacks_go", "go", "shapes.go")
    data, elf, chance = path.read_bytes(), elf_of(path), random.Random(6)
    table = elf.section(".gopclntab")
    assert table is not None
    for _ in range(12):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 200, 50000))):
            changed[table.offset + int(table.size * chance.random() ** 4)] = chance.randrange(256)
        read_all(bytes(changed), Counter())


@pytest.mark.parametrize(
    "program",
    [
        b"\x0a" * 100,
        b"\x0b",
        b"\x0c\x07",
        b"\x0f\xff\xff\xff\x7f",
        b"\x10\x06\x7f",
        b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x0f\x01\x77\x0e\x08",
        b"\x0f\x01\x77\x0d\x06",
        b"\x07\xff\xff\x7f",
        b"\x3d",
        b"\x02",
        b"\x01\x00",
    ],
)
def test_programs_that_make_no_sense(program: bytes) -> None:
    with pytest.raises(BrokenFile):
        Machine(Factors(1, -8, 0), State((7, 8), {16: -8}), 0x1000).run(program)


def test_a_program_with_too_many_rows() -> None:
    program = b"\x0e\x08\x41\x0e\x10\x41" * MOST_ROWS
    machine = Machine(Factors(1, -8, 0), State((7, 8), {16: -8}), 0x1000)
    with pytest.raises(BrokenFile):
        machine.run(program)
    assert len(machine.rows) <= MOST_ROWS


def test_offsets_that_have_no_room_in_a_row() -> None:
    machine = Machine(Factors(1, -8, 0), State((7, 8), {16: -8}), 0x1000)
    machine.run(b"\x0e\xff\xff\xff\xff\xff\x01\x41\x0e\x10\x86\xff\xff\x7f\x41\x86\x02\x41")
    machine.finish()
    assert [unpack(row).kind for row in machine.rows] == [RowKind.BAD, RowKind.RSP]


def test_numbers() -> None:
    assert unsigned(b"\xe5\x8e\x26", 0) == (624485, 3)
    assert signed(b"\x80\x7f", 0) == (-128, 2)
    assert signed(b"\xff\x00", 0) == (127, 2)
    for cut in (b"", b"\x80", b"\xff" * 20):
        with pytest.raises(BrokenFile):
            unsigned(cut, 0)


@pytest.mark.parametrize(
    ("encoding", "data", "value"),
    [
        (0x00, struct.pack("<Q", 0x401000), 0x401000),
        (0x1B, struct.pack("<i", -0x100), 0x5000 - 0x100),
        (0x3B, struct.pack("<i", 0x20), 0x9020),
        (0x04, struct.pack("<Q", 7), 7),
        (0x0A, struct.pack("<h", -2), (1 << 64) - 2),
        (0x01, b"\x81\x01", 129),
        (0x9B, struct.pack("<i", 8), 0x5008 * 2),
        (0x1B, struct.pack("<i", 0), 0),
    ],
)
def test_pointers(encoding: int, data: bytes, value: int) -> None:
    read = pointer(data + b"\0", 0, encoding, 0x5000, 0x9000, lambda address: address * 2)
    assert read == (value, len(data))


@pytest.mark.parametrize("encoding", [0x05, 0x2B, 0x4B, 0x5B, 0x9B, 0x0F])
def test_pointers_of_unknown_forms(encoding: int) -> None:
    with pytest.raises(BrokenFile):
        pointer(struct.pack("<q", 1), 0, encoding, 0)
