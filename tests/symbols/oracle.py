"""What other tools say of a program: nm, addr2line, pyelftools; and where a program's code is in a process."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from icetop.symbols.readable_names import shortened, simplified, without_suffixes


@dataclass(frozen=True)
class Symbol:
    address: int
    size: int
    name: str


def output(*command: str | Path) -> str:
    """What a command prints; the test is skipped when it is not installed."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def functions(program: Path, *options: str) -> list[Symbol]:
    """The functions that nm lists with a size, demangled, without versions."""
    found = []
    for line in output("nm", "-C", "-S", "--defined-only", *options, program).splitlines():
        fields = line.split(" ", 3)
        if len(fields) == 4 and fields[2] in "tTwWi":
            found.append(Symbol(int(fields[0], 16), int(fields[1], 16), fields[3].partition("@")[0]))
    return found


def readable(name: str) -> str:
    """Another tool's name as icetop shows it: see `readable_names`; generic Go functions as Go's tracebacks do."""
    if "[go.shape" in name or ".abi0" in name or "\u00b7" in name:
        return re.sub(r"\[.*\]", "[...]", name).removesuffix(".abi0").replace("\u00b7", ".")
    return shortened(simplified(without_suffixes(name)))


def names_at(symbols: list[Symbol], address: int) -> set[str]:
    """All names of functions around an address."""
    return {readable(symbol.name) for symbol in symbols if symbol.address <= address < symbol.address + symbol.size}


def addr2line(program: Path, addresses: list[int]) -> list[list[tuple[str, str]]]:
    """For each address the (function, FILE:LINE) pairs that addr2line prints, the innermost inlined function first."""
    words = output("addr2line", "-a", "-f", "-i", "-C", "-e", program, *map(hex, addresses)).splitlines()
    found: list[list[tuple[str, str]]] = []
    place = 0
    while place < len(words):
        if words[place].startswith("0x"):
            found.append([])
            place += 1
        else:
            found[-1].append((words[place], words[place + 1].partition(" (")[0]))
            place += 2
    return found


def build_id(program: Path) -> str:
    """The GNU build-id."""
    with program.open("rb") as file:
        notes = [note for segment in ELFFile(file).iter_segments("PT_NOTE") for note in segment.iter_notes()]
        return next((note["n_desc"] for note in notes if note["n_type"] == "NT_GNU_BUILD_ID"), "")


def slide(program: Path, pid: int, name: str = "") -> int:
    """How far from the addresses in its file a running program is loaded; `name` is what it runs as."""
    with program.open("rb") as file:
        elf = ELFFile(file)
        if elf["e_type"] == "ET_EXEC":
            return 0
        lowest = min(segment["p_vaddr"] for segment in elf.iter_segments("PT_LOAD"))
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        fields = line.split(None, 5)
        if (
            len(fields) == 6
            and fields[5].removesuffix(" (deleted)").endswith(name or program.name)
            and int(fields[2], 16) == 0
        ):
            return int(fields[0].partition("-")[0], 16) - lowest
    raise AssertionError(f"{program} is not mapped in {pid}")


def file_offset(program: Path, address: int) -> int:
    """Where in the file the byte is that is loaded at a virtual address."""
    with program.open("rb") as file:
        for segment in ELFFile(file).iter_segments("PT_LOAD"):
            if segment["p_vaddr"] <= address < segment["p_vaddr"] + segment["p_filesz"]:
                return int(address - segment["p_vaddr"] + segment["p_offset"])
    raise AssertionError(f"{address:#x} is not in {program}")
