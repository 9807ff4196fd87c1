"""Rows of real binaries equal what readelf makes of the same call frame information, function by function."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from icetop.symbols.vdso import own_vdso
from icetop.tests.programs_to_run import Build
from icetop.tests.unwinding.files import table_of
from icetop.tests.unwinding.readelf import EXPRESSION, functions
from icetop.unwinding.rows import RBP_AT_RBP, Row, RowKind, unpack

pytestmark = pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")

MOST_FUNCTIONS = 1500
COMPUTED = {RowKind.PLT, RowKind.RBP_DEREF, RowKind.RSP_DEREF, RowKind.SIGNAL, RowKind.BAD}
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
INSTALLED = [
    "/usr/bin/python3",
    f"{LIBRARIES}/libc.so.6",
    f"{LIBRARIES}/libstdc++.so.6",
    f"{LIBRARIES}/libm.so.6",
    f"{LIBRARIES}/libcrypto.so.3",
    "/lib64/ld-linux-x86-64.so.2",
    "/usr/bin/perl",
    "/usr/bin/node",
    "/usr/lib/postgresql/15/bin/postgres",
]


def agrees(row: Row, said: Row | str) -> bool:
    if said != EXPRESSION:
        return row == said
    return row.kind in COMPUTED or row.rbp == RBP_AT_RBP


def differences(path: Path | str, every: int) -> tuple[list[str], Counter[str]]:
    table, found, kinds = table_of(path), [], Counter[str]()
    for function in functions(path, every):
        kinds["functions"] += 1
        stretch = table.stretch_at(function.begin)
        ours = [(start, unpack(row)) for start, row in zip(stretch.starts, stretch.rows, strict=True)]
        kinds.update(RowKind(row.kind).name for _, row in ours)
        places = sorted({start for start, _ in ours} | {start for start, _ in function.rows if start < function.end})
        for place in places:
            said = [row for start, row in function.rows if start <= place][-1]
            row = unpack(stretch.row_at(place))
            if not agrees(row, said):
                found.append(f"{place:#x}: {row}, readelf: {said}")
        if stretch.begin != function.begin or stretch.end != function.end:
            found.append(f"{function.begin:#x}..{function.end:#x} is {stretch.begin:#x}..{stretch.end:#x}")
    return found, kinds


@pytest.mark.parametrize("path", INSTALLED)
def test_installed_binaries(path: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"{path} is not installed")
    every = max(1, Path(path).stat().st_size // 25000 // MOST_FUNCTIONS)
    found, kinds = differences(path, every)
    assert kinds["functions"] >= 20
    assert found == []
    assert kinds["BAD"] <= 0.002 * kinds.total(), kinds


@pytest.mark.parametrize("how", [["-static"], ["-static-pie"], ["-mstackrealign"], ["-fno-omit-frame-pointer", "-Os"]])
def test_compiled_programs(how: list[str], build: Build) -> None:
    program = build("shapes" + "".join(how), "g++", "-O2", "-pthread", *how, "shapes.cpp")
    found, kinds = differences(program, 1)
    assert kinds["functions"] >= 20
    assert found == []


def test_a_rust_program(build: Build) -> None:
    found, kinds = differences(build("shapes_rs", "rustc", "-O", "shapes.rs"), 1)
    assert kinds["functions"] >= 200
    assert found == []


def test_the_vdso(tmp_path: Path) -> None:
    vdso = own_vdso()
    if vdso is None:
        pytest.skip("there is no vDSO here")
    image = tmp_path / "vdso"
    image.write_bytes(vdso.elf.data.read(0, vdso.size))
    found, kinds = differences(image, 1)
    assert kinds["functions"] >= 3
    assert found == []


def test_the_oracle_can_fail(build: Build, tmp_path: Path) -> None:
    program = build("shapes-static", "g++", "-O2", "-pthread", "-static", "shapes.cpp")
    changed = tmp_path / "changed"
    data = program.read_bytes()
    # DW_CFA_def_cfa_offset 16 becomes 24: the most frequent rule of all.
    changed.write_bytes(data.replace(b"\x41\x0e\x10", b"\x41\x0e\x18"))
    table = table_of(changed)
    wrong = sum(
        unpack(table.stretch_at(function.begin).row_at(place)) != row
        for function in functions(program)
        for place, row in function.rows
        if row != EXPRESSION and place < function.end
    )
    assert wrong > 100
    assert subprocess.run(["readelf", "-h", changed], capture_output=True).returncode == 0
