"""Lines by the tables of code objects are those that the interpreter tells."""

from __future__ import annotations

import json
import subprocess

from icetop.symbols.cpython.line_tables import find_line

from .conftest import Program


def test_every_instruction_of_some_modules(program: Program, version: tuple[int, int]) -> None:
    done = subprocess.run(program("all_lines.py"), capture_output=True, text=True, check=True)
    checked = 0
    for text in done.stdout.splitlines():
        table, first_line, lines = json.loads(text)
        last = first_line
        for offset, line in lines:
            last = line if line is not None else last
            assert find_line(version, bytes.fromhex(table), first_line, offset) == last, (table, offset)
            checked += 1
    assert checked > 5000
