"""A process as /proc tells it: who it is, since when, and what it runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .cgroups import CgroupLayout, own_layout, parse_memberships
from .titles import name_and_title

PROC = Path("/proc")
COMMAND_LINE_BYTES = 65_536
"""Enough for a class path, and a bound for what is not."""

OTHER_BYTES = 16_384
KERNEL_THREAD_FLAG = 0x00200000
"""PF_KTHREAD of include/linux/sched.h."""

_FLAGS, _START = 9 - 3, 22 - 3
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One process. `start_ns` is nanoseconds since boot, in steps of the clock tick that /proc counts in.

    `name` and `title` are what a person calls it; `exe` is empty where it may not be read, and for kernel threads.
    `cgroup` is the path in the hierarchy that icetop goes by.
    """

    pid: int
    start_ns: int
    comm: str
    name: str
    title: str
    exe: str
    cgroup: str
    kernel_thread: bool


def read_process(pid: int, proc: Path = PROC, layout: CgroupLayout | None = None) -> ProcessInfo | None:
    """What /proc says of a process; None when there is none, when it may not be seen, or when it went meanwhile."""
    folder = f"{proc}/{pid}"
    try:
        comm, fields = split_stat(_read(f"{folder}/stat"))
        argv = split_command_line(_read(f"{folder}/cmdline", COMMAND_LINE_BYTES))
        memberships = parse_memberships(_read(f"{folder}/cgroup").decode(errors="replace"))
        exe = _exe(folder)
        if split_stat(_read(f"{folder}/stat"))[1][_START] != fields[_START]:
            return None
        name, title = name_and_title(argv, comm, exe, unit_path(memberships))
        layout = layout or own_layout()
        return ProcessInfo(
            pid=pid,
            start_ns=int(fields[_START]) * _TICK_NS,
            comm=comm,
            name=name,
            title=title,
            exe=exe,
            cgroup=layout.path_of(memberships) if layout else "",
            kernel_thread=bool(int(fields[_FLAGS]) & KERNEL_THREAD_FLAG),
        )
    except (OSError, ValueError, IndexError, KeyError):
        return None


def read_start_ns(pid: int, proc: Path = PROC) -> int | None:
    """When a process started, in nanoseconds since boot, as in `ProcessInfo`; None when there is none."""
    try:
        return int(split_stat(_read(f"{proc}/{pid}/stat"))[1][_START]) * _TICK_NS
    except (OSError, ValueError, IndexError):
        return None


def as_proc_counts(start_boottime_ns: int) -> int:
    """The kernel's `task->start_boottime` in the steps of `ProcessInfo.start_ns`, so that the two compare equal."""
    return start_boottime_ns // _TICK_NS * _TICK_NS


def split_stat(text: bytes) -> tuple[str, list[str]]:
    """`/proc/PID/stat` as comm and the fields from the third (state) on. Raises ValueError when it is no such line."""
    before, opening, rest = text.partition(b"(")
    comm, closing, fields = rest.rpartition(b") ")
    if not (before and opening and closing):
        raise ValueError("not a line of /proc/PID/stat")
    return comm.decode(errors="replace"), fields.decode(errors="replace").split()


def split_command_line(text: bytes) -> list[str]:
    """`/proc/PID/cmdline` as arguments; one that the bound cut off is left out, unless it is the only one."""
    whole = text.removesuffix(b"\0") if len(text) < COMMAND_LINE_BYTES else text
    arguments = whole.split(b"\0")
    if len(text) >= COMMAND_LINE_BYTES and len(arguments) > 1:
        arguments.pop()
    return [argument.decode(errors="replace") for argument in arguments] if whole else []


def unit_path(memberships: dict[str, str]) -> str:
    """The path that holds a process's systemd unit: systemd's own hierarchy on v1 and hybrid, else v2."""
    paths = (memberships.get(key, "") for key in ("name=systemd", "", "memory"))
    return next((path for path in paths if path not in ("", "/")), "")


def _read(path: str, most: int = OTHER_BYTES) -> bytes:
    """Up to `most` bytes; what /proc gives in pieces is put together."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces, left = [], most
        while left > 0 and (piece := os.read(descriptor, left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def _exe(folder: str) -> str:
    try:
        return os.readlink(f"{folder}/exe").removesuffix(" (deleted)")
    except OSError:
        return ""
