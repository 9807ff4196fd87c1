"""Which Python programs run, or are about to, before the first sample is taken: by their names, and cheaply."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..profiles.target import Target
from ..targets.processes import split_stat

_START_CODE = 26 - 3
_PYTHON = "python"
FIRST_LINE = 256


def python_pids(target: Target) -> Iterator[int]:
    """The processes to look into: those that are asked for, else all whose program is called a Python."""
    if target.pids:
        yield from target.pids
        return
    if target.command:
        return
    for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))):
        try:
            name = os.readlink(f"/proc/{pid}/exe").rpartition("/")[2]
        except OSError:
            continue
        if name.startswith(_PYTHON) and pid != os.getpid():
            yield pid


def python_of_command(command: Sequence[str]) -> str:
    """The file of the interpreter that a command will run by its name or its script's first line; empty for others."""
    import shutil

    path = shutil.which(command[0]) if command else None
    if path is None:
        return ""
    real = os.path.realpath(path)
    if os.path.basename(real).startswith(_PYTHON):
        return real
    try:
        with open(path, "rb") as file:
            first = file.read(FIRST_LINE).partition(b"\n")[0]
    except OSError:
        return ""
    words = os.fsdecode(first[2:]).split() if first.startswith(b"#!") else []
    if len(words) > 1 and words[0].endswith("/env"):
        words = [shutil.which(words[1]) or "", *words[2:]]
    real = os.path.realpath(words[0]) if words and words[0] else ""
    return real if os.path.basename(real).startswith(_PYTHON) else ""


def code_start(pid: int) -> int | None:
    """Where a process's program begins, as the kernel has it; None when that may not be known."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            return int(split_stat(file.read(4096))[1][_START_CODE]) or None
    except (OSError, ValueError, IndexError):
        return None
