"""Tables of files, and what nm says of them."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from icetop.symbols.elf_file import ElfFile
from icetop.symbols.raw_bytes import FileBytes, MemoryBytes, open_regular
from icetop.unwinding.table import UnwindTable


def elf_of(path: Path | str) -> ElfFile:
    return ElfFile(FileBytes(open_regular(str(path))))


def table_of(path: Path | str, counters: Counter[str] | None = None) -> UnwindTable:
    return UnwindTable(elf_of(path), Counter() if counters is None else counters)


def table_of_bytes(data: bytes, counters: Counter[str] | None = None) -> UnwindTable:
    return UnwindTable(ElfFile(MemoryBytes(data)), Counter() if counters is None else counters)


def labels(path: Path) -> dict[str, int]:
    """The addresses of all symbols."""
    listed = subprocess.run(["nm", str(path)], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1]: int(line.split()[0], 16) for line in listed.splitlines() if len(line.split()) == 3}


def code_pages(elf: ElfFile) -> list[int]:
    """The numbers of the pages that hold code."""
    return [
        page
        for segment in elf.segments
        if segment.executable
        for page in range(segment.offset >> 8, (segment.offset + segment.file_size + 255) >> 8)
    ]
