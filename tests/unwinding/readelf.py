"""What readelf says of a file's call frame information, as rows: an independent reading of the same bytes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from icetop.unwinding.rows import RBP_UNCHANGED, Row, RowKind

EXPRESSION = "expression"
"""Stands for a row whose CFA readelf shows as "exp"; which one it is, is not said."""

_FUNCTION = re.compile(r"^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+)")
_SHARED = re.compile(r"^([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ CIE ")
_NUMBERS = {"rax": 0, "rdx": 1, "rcx": 2, "rbx": 3, "rsi": 4, "rdi": 5} | {f"r{n}": n for n in range(8, 16)}


@dataclass(frozen=True)
class Function:
    """A function's addresses and rows: (start, row), neighbours different."""

    begin: int
    end: int
    rows: list[tuple[int, Row | str]]


def functions(path: Path | str, every: int = 1) -> Iterator[Function]:
    """Each `every`th function of a file with call frame information."""
    command = ["readelf", "-wNF", str(path)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout
    shared: dict[str, list[tuple[int, Row | str]]] = {}
    for number, paragraph in enumerate(listed.split("\n\n")):
        lines = paragraph.strip("\n").splitlines()
        if lines and (match := _SHARED.match(lines[0])):
            shared[match[1]] = _rows(lines[1:])
        elif lines and (match := _FUNCTION.match(lines[0])) and number % every == 0:
            begin = int(match[2], 16)
            rows = _rows(lines[1:]) or [(begin, row) for _, row in shared[match[1]]]
            yield Function(begin, int(match[3], 16), rows)


def _rows(lines: list[str]) -> list[tuple[int, Row | str]]:
    rows: list[tuple[int, Row | str]] = []
    if not lines:
        return rows
    names = lines[0].split()
    for line in (line.replace(" (", "(") for line in lines[1:]):
        row = _row(dict(zip(names, line.split(), strict=True)))
        if not rows or rows[-1][1] != row:
            rows.append((int(line.split()[0], 16), row))
    return rows


def _row(columns: dict[str, str]) -> Row | str:
    if columns.get("ra", "u") == "u":
        return Row(RowKind.END)
    cfa, rbp = columns["CFA"], columns.get("rbp", "u")
    if cfa == "exp" or rbp == "exp":
        return EXPRESSION
    saved = RBP_UNCHANGED if rbp in "us" else int(rbp[1:]) // 8 if re.fullmatch(r"c[-+]\d+", rbp) else None
    register, offset = re.fullmatch(r"([a-z0-9]+)([-+]\d+)", cfa).groups()  # type: ignore[union-attr]
    if (taken := re.match(r"r(\d+)", columns["ra"])) and register == "rsp" and rbp in "us":
        return Row(RowKind.RETURN, int(taken[1]), cfa=int(offset))
    if columns["ra"] != "c-8" or saved is None or columns.get("rsp", "u") not in "us":
        return Row(RowKind.BAD)
    kind = {"rsp": RowKind.RSP, "rbp": RowKind.RBP}.get(register, RowKind.REGISTER)
    return Row(kind, _NUMBERS.get(register, 0), saved, int(offset))
