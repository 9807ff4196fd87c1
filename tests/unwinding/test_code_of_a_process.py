"""From addresses in processes to rows: files, the vDSO, generated code, what is gone, what is not x86-64 at all."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from icetop.profiles.vocabulary import StackEnd
from icetop.symbols.binaries import BinaryCache
from icetop.symbols.mappings import AddressSpace, Mapping, own_address_space
from icetop.tests.programs_to_run import Build
from icetop.tests.unwinding.files import elf_of, labels, table_of, table_of_bytes
from icetop.unwinding.code import MOST_ROWS, ProcessCode, UnwindTables, is_generated
from icetop.unwinding.code_patterns import CodePatterns
from icetop.unwinding.rows import FramePointer, Row, RowKind, unpack
from icetop.unwinding.stack_bytes import StackBytes
from icetop.unwinding.stretch import gap
from icetop.unwinding.unwinder import Registers, unwind


def code_of(space: AddressSpace, most_open: int = 8) -> ProcessCode:
    return ProcessCode(space, BinaryCache(Counter(), most_open), UnwindTables())


def test_files_of_this_process() -> None:
    space = own_address_space()
    code = code_of(space)
    libc = next(mapping for mapping in space.mappings if "libc" in mapping.path)
    kinds = Counter(row.kind for row in map(code.row_at, range(libc.start, libc.end, 997)) if row is not None)
    assert kinds[RowKind.RSP] > 0.5 * kinds.total()


def test_the_vdso_of_this_process() -> None:
    space = own_address_space()
    vdso = next((mapping for mapping in space.mappings if mapping.path == "[vdso]"), None)
    if vdso is None:
        pytest.skip("there is no vDSO here")
    code = code_of(space)
    kinds = {row.kind for row in map(code.row_at, range(vdso.start, vdso.end)) if row is not None}
    assert RowKind.RSP in kinds
    assert RowKind.BAD not in kinds
    assert (code.row_at(vdso.start) or Row(-1)).kind == RowKind.NONE


def test_generated_code_keeps_frame_pointers_or_says_so() -> None:
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as area:
        space = own_address_space()
        mapping = next(found for found in space.mappings if is_generated(found) and found.end - found.start == 4096)
        code = code_of(space)
        assert code.row_at(mapping.start + 8) == Row(RowKind.FRAME_POINTER, FramePointer.JIT)
        assert unwind(Registers(mapping.start, 0x1000, 0), StackBytes([]), code).end is StackEnd.JIT_NO_FRAME_POINTER
        assert len(area) == 4096


@pytest.mark.parametrize(
    ("path", "inode", "generated"),
    [
        ("", 0, True),
        ("[heap]", 0, True),
        ("[anon: JIT]", 0, True),
        ("/memfd:doublemapper", 77, True),
        ("[vdso]", 0, False),
        ("[vsyscall]", 0, False),
        ("/usr/bin/true", 77, False),
    ],
)
def test_which_mappings_are_generated_code(path: str, inode: int, generated: bool) -> None:
    assert is_generated(Mapping(0x1000, 0x2000, 0, 0, inode, path, path.startswith("/memfd"))) is generated


def test_no_code_and_files_that_are_gone() -> None:
    gone = Mapping(0x10000, 0x20000, 0, 99, 123456, "/nowhere/at/all", False)
    code = code_of(AddressSpace(1 << 30, (gone,)))
    assert code.row_at(0x12345) == Row(RowKind.NONE)
    assert code.row_at(0x30000) is None
    assert unwind(Registers(0x12345, 0, 0), StackBytes([]), code).end is StackEnd.NO_UNWIND_INFO


def test_binaries_that_were_closed_are_opened_again() -> None:
    """With room for one open file each other binary closes the one before."""
    space = own_address_space()
    files = [mapping for mapping in space.mappings if mapping.path.startswith("/")][:4]
    assert len(files) >= 2
    tight, roomy = code_of(space, 1), code_of(own_address_space())
    for step in range(0, 4096, 64):
        for mapping in files:
            address = mapping.start + step * 7 % (mapping.end - mapping.start)
            assert tight.row_at(address) == roomy.row_at(address)


def test_rows_remembered_are_bounded() -> None:
    tables = UnwindTables()
    table = table_of("/proc/self/exe")
    for offset in range(MOST_ROWS + 10):
        tables.row_at(table, 1 << 40 | offset)
    assert len(tables._rows) <= MOST_ROWS


def test_saved_registers(build: Build) -> None:
    program = build("rows", "gcc", "-nostdlib", "-static", "-Wl,--eh-frame-hdr", "rows.S")
    table, elf, places = table_of(program), elf_of(program), labels(program)

    def offset(name: str) -> int:
        found = elf.offset_of(places[name])
        assert found is not None
        return found

    assert table.saved_register(offset("at_framed"), 6) == -16
    assert table.saved_register(offset("at_entry"), 6) is None
    assert table.saved_register(offset("at_framed"), 3) is None
    for name in ("at_gap", "at_rbp_in_register", "at_unknown_operation"):
        with pytest.raises(ValueError):
            table.saved_register(offset(name), 6)


def test_stubs_of_a_linker_that_says_nothing_of_them(build: Build) -> None:
    program = build("lazy", "g++", "-O2", "-pthread", "-Wl,-z,lazy", "shapes.cpp")
    elf, table = elf_of(program), table_of(program)
    looks = CodePatterns(elf)
    plt = elf.section(".plt")
    if plt is None:
        pytest.skip("this linker makes no .plt")
    for address in range(plt.address, plt.address + plt.size):
        said = unpack(table.stretch_at(address).row_at(address))
        assert unpack(looks.stretch_at(address, gap(0, 1 << 64)).row_at(address)) == said


def test_code_with_frame_pointers_and_no_rules(build: Build) -> None:
    flags = (
        "-O1",
        "-fno-omit-frame-pointer",
        "-fno-asynchronous-unwind-tables",
        "-fno-unwind-tables",
        "-fno-exceptions",
    )
    program = build("framed_only", "gcc", *flags, "framed.c")
    elf, table, places = elf_of(program), table_of(program), labels(program)
    start = elf.offset_of(places["middle"])
    assert start is not None
    code = program.read_bytes()[start : start + 16]
    begin = start + code.index(b"\x55\x48\x89\xe5")
    assert table.row_at(begin) == Row(RowKind.RSP, cfa=8)
    assert table.row_at(begin + 1) == Row(RowKind.RSP, rbp=-2, cfa=16)
    assert table.row_at(begin + 4) == Row(RowKind.FRAME_POINTER)


def test_another_processor_s_file_has_no_rows() -> None:
    data = bytearray(Path("/proc/self/exe").read_bytes())
    data[18:20] = struct.pack("<H", 183)
    table = table_of_bytes(bytes(data))
    assert {table.row_at(offset).kind for offset in range(0, len(data), 4099)} == {RowKind.NONE}


def test_the_unwinder_needs_none_of_what_is_slow_to_import() -> None:
    program = "import sys, icetop.unwinding.unwinder, icetop.unwinding.pages, icetop.unwinding.code\n"
    program += "print(*{'numpy', 'symbolic', 'elftools', 'bcc', 'textual', 'psutil', 'asyncio'} & {*sys.modules})"
    where = str(Path(__file__).parents[2] / ".namespace")
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
