"""Each kind of row, from a file made by an assembler and a linker, in each form in which a file can carry it."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from icetop.symbols.elf_file import ElfFile
from icetop.tests.programs_to_run import Build
from icetop.tests.unwinding.conftest import SOURCES
from icetop.tests.unwinding.files import code_pages, elf_of, labels, table_of
from icetop.unwinding import pages
from icetop.unwinding.rows import INJECTED, RBP_AT_RBP, RBP_UNCHANGED, Row, RowKind, unpack

pytestmark = [
    pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")
    for tool in ("gcc", "objcopy", "nm")
]

EXPECTED = {
    "at_end": Row(RowKind.END),
    "at_entry": Row(RowKind.RSP, cfa=8),
    "at_pushed": Row(RowKind.RSP, rbp=-2, cfa=16),
    "at_framed": Row(RowKind.RBP, rbp=-2, cfa=16),
    "at_left": Row(RowKind.RSP, cfa=8),
    "at_restored": Row(RowKind.RBP, rbp=-2, cfa=16),
    "at_large": Row(RowKind.RSP, cfa=307208),
    "at_arguments": Row(RowKind.RSP, cfa=307216),
    "at_register": Row(RowKind.REGISTER, aux=10),
    "at_rbp_at_rbp": Row(RowKind.REGISTER, aux=10, rbp=RBP_AT_RBP),
    "at_rbp_deref": Row(RowKind.RBP_DEREF, rbp=RBP_AT_RBP, cfa=-8),
    "at_rsp_deref": Row(RowKind.RSP_DEREF, cfa=24),
    "at_rsp_deref_plus": Row(RowKind.RSP_DEREF, aux=1, cfa=112),
    "at_plt": Row(RowKind.PLT, aux=11),
    "at_signal": Row(RowKind.SIGNAL, cfa=160),
    "at_return_in_register": Row(RowKind.RETURN, 1, cfa=8),
    "at_return_elsewhere": Row(RowKind.BAD),
    "at_rbp_in_register": Row(RowKind.BAD),
    "at_rbp_computed": Row(RowKind.BAD),
    "at_good_again": Row(RowKind.RSP, cfa=8),
    "at_vector_register": Row(RowKind.BAD),
    "at_unknown_operation": Row(RowKind.BAD),
    "at_crowded": Row(RowKind.RSP, cfa=808),
    "at_last_byte": Row(RowKind.RSP, cfa=328),
    "at_gap": Row(RowKind.NONE),
}
WHEN_LOOKED_AT = {
    "gap_with_handler_return": Row(RowKind.SIGNAL, cfa=160),
    "after_handler_return": Row(RowKind.NONE),
}

WITHOUT_SECTIONS = "no section headers"
FORMS: dict[str, tuple[list[str], list[str]]] = {
    "indexed": (["-Wl,--eh-frame-hdr"], []),
    "position independent": (["-Wl,--eh-frame-hdr,-pie"], []),
    "without sections": (["-Wl,--eh-frame-hdr"], [WITHOUT_SECTIONS]),
    "without an index": (["-Wl,--no-eh-frame-hdr"], []),
    "debug_frame": (["-DDEBUG_FRAME", "-Wl,--no-eh-frame-hdr"], []),
    "debug_frame, compressed": (["-DDEBUG_FRAME", "-Wl,--no-eh-frame-hdr"], ["--compress-debug-sections=zlib"]),
}


def assemble(folder: Path, form: str) -> Path:
    """The program in one of the forms."""
    link, copy = FORMS[form]
    source = (SOURCES / "rows.S").read_text()
    if "-DDEBUG_FRAME" in link:
        source = "    .cfi_sections .debug_frame\n" + source
    text = folder / "rows.S"
    text.write_text(source)
    program = folder / "rows"
    subprocess.run(["gcc", "-nostdlib", "-static", *link, "-o", program, text], check=True)
    if copy == [WITHOUT_SECTIONS]:
        data = bytearray(program.read_bytes())
        data[0x28:0x30], data[0x3C:0x40] = bytes(8), bytes(4)
        program.write_bytes(data)
    elif copy:
        subprocess.run(["objcopy", *copy, program], check=True)
    return program


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return assemble(tmp_path_factory.mktemp("rows"), "indexed")


def offset_of(elf: ElfFile, address: int) -> int:
    offset = elf.offset_of(address)
    assert offset is not None
    return offset


@pytest.mark.parametrize("form", FORMS)
def test_each_kind(form: str, tmp_path: Path) -> None:
    program = assemble(tmp_path, form)
    places = labels(assemble(tmp_path_for(tmp_path), form.replace("without sections", "indexed")))
    elf, table = elf_of(program), table_of(program)
    expected = EXPECTED | WHEN_LOOKED_AT
    assert {name: table.row_at(offset_of(elf, places[name])) for name in expected} == expected


def tmp_path_for(folder: Path) -> Path:
    other = folder / "labels"
    other.mkdir()
    return other


def test_pages_hold_the_same_rows(known: Path) -> None:
    elf, table, counters = elf_of(known), table_of(known), Counter[str]()
    split = 0
    for page in code_pages(elf):
        made = dict(pages.pages_of(table, page, counters))
        assert pages.page_of(table, page) == made[page]
        for within in range(256):
            row, where = pages.row_in(made[page], within), within
            if len(made) > 1:
                assert unpack(made[page][32:40]).kind == RowKind.SPLIT
                half, where = divmod(within, 128)
                row = pages.row_in(made[page | (1 + half) << 38], where)
            if counters["pages_cut"] == 0:
                assert unpack(row) == table.row_at((page << 8) + within), (page, within)
        split += len(made) == 3
    assert split >= 2
    assert counters["pages_split"] == split


def test_a_page_with_too_many_rows_ends_bad(known: Path) -> None:
    elf, table, counters = elf_of(known), table_of(known), Counter[str]()
    offset = offset_of(elf, labels(known)["crowded"])
    made = dict(pages.pages_of(table, offset >> 8, counters))
    assert counters["pages_cut"] >= 1
    half = made[offset >> 8 | 1 + (offset >> 7 & 1) << 38]
    rows = [unpack(half[32 + 8 * slot : 40 + 8 * slot]) for slot in range(32)]
    assert rows[-1].kind == RowKind.BAD
    assert all(row.kind != RowKind.BAD for row in rows[:-1])
    assert list(half[:32]) == sorted(half[:32])


def test_a_page_is_288_bytes_and_begins_at_its_start(known: Path) -> None:
    for page in code_pages(elf_of(known)):
        for key, made in pages.pages_of(table_of(known), page):
            assert len(made) == pages.PAGE_BYTES == 288
            assert made[0] == 0
            assert key < 1 << 40
            assert list(made[:32]) == sorted(made[:32])


def test_the_last_byte_of_a_page_with_few_rows(known: Path) -> None:
    elf = elf_of(known)
    offset = offset_of(elf, labels(known)["at_last_byte"])
    assert offset & 255 == 255
    page = dict(pages.pages_of(table_of(known), (offset >> 8) + 1))[(offset >> 8) + 1]
    assert unpack(pages.row_in(page, 255)) == table_of(known).row_at((offset & ~255) + 256 + 255)


def test_pages_outside_of_code_have_no_rows(known: Path) -> None:
    page = pages.page_of(table_of(known), 1 << 20)
    assert unpack(pages.row_in(page, 17)) == Row(RowKind.NONE)


def test_a_row_takes_eight_bytes_in_the_kernel_s_order() -> None:
    packed = Row(RowKind.RSP_DEREF, 0xFF, -2, -100000).pack()
    assert packed == bytes([7, 0xFF, 0xFE, 0xFF]) + (-100000).to_bytes(4, "little", signed=True)
    assert unpack(packed) == Row(RowKind.RSP_DEREF, 0xFF, -2, -100000)
    assert (RBP_UNCHANGED, RBP_AT_RBP) == (0x7FFF, 0x7FFE)
    assert [kind.value for kind in RowKind] == list(range(13))


def test_go_s_end_of_stack_and_stack_switches(build: Build) -> None:
    program = build("callbacks_go", "go", "shapes.go")
    elf, table, places = elf_of(program), table_of(program), labels(program)
    for name in ("runtime.goexit.abi0", "runtime.rt0_go.abi0", "runtime.mstart.abi0"):
        assert table.row_at(offset_of(elf, places[name])).kind == RowKind.END, name
    preempted = offset_of(elf, places["runtime.asyncPreempt.abi0"])
    assert [table.row_at(preempted + ahead).aux for ahead in (0, 1, 9)] == [INJECTED] * 3
    for name in ("runtime.systemstack.abi0", "runtime.mcall", "runtime.asmcgocall.abi0"):
        row = table.row_at(offset_of(elf, places[name]))
        assert (row.kind, row.aux) == (RowKind.FRAME_POINTER, 1), name
    restorer = offset_of(elf, places["runtime.sigreturn__sigaction.abi0"])
    assert table.row_at(restorer - 1) == table.row_at(restorer) == Row(RowKind.SIGNAL, cfa=160)
    assert table.row_at(offset_of(elf, places["main.main"])) == Row(RowKind.RSP, cfa=8)
