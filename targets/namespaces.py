"""The PID namespace whose numbers icetop shows: the one that its /proc shows."""

from __future__ import annotations

import contextlib
from pathlib import Path

INITIAL_PID_NAMESPACE = 0xEFFFFFFC
"""PROC_PID_INIT_INO of include/linux/proc_ns.h: the inode of the host's own PID namespace."""

LOOKED_AT = 1000
"""How many processes are asked at most for the namespace of a /proc that was mounted further up."""


def shown_pid_namespace(proc: Path = Path("/proc")) -> int:
    """The inode of the namespace that `proc` shows, 0 for the host's own, in which every process is seen.

    It is the one that icetop is in, unless /proc was mounted above it: then icetop has more than one number there
    (NSpid), and a process that has only one tells. A namespace's level cannot be had this way: /proc starts to count
    at the namespace that it was mounted in. Raises OSError where /proc does not tell.
    """
    inode = _inode(proc / "self")
    if inode != INITIAL_PID_NAMESPACE and _numbers(proc / "self") > 1:
        inode = _inode_of_a_shallow_process(proc) or inode
    return 0 if inode == INITIAL_PID_NAMESPACE else inode


def _inode(process: Path) -> int:
    """The inode of a process's PID namespace: the link reads `pid:[4026531836]`."""
    return int((process / "ns/pid").readlink().name.partition("[")[2].rstrip("]") or 0)


def _numbers(process: Path) -> int:
    """How many numbers a process has, from the namespace that /proc shows down to its own."""
    status = (process / "status").read_text(errors="replace")
    return next((len(line.split()) - 1 for line in status.splitlines() if line.startswith("NSpid:")), 1)


def _inode_of_a_shallow_process(proc: Path) -> int:
    pids = sorted(int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal())
    for pid in pids[:LOOKED_AT]:
        with contextlib.suppress(OSError):
            if _numbers(proc / str(pid)) == 1:
                return _inode(proc / str(pid))
    return 0


def innermost_pid(pid: int, proc: Path = Path("/proc")) -> int:
    """The number of a process in its own PID namespace; 0 where that is the one of `proc`, or it is gone."""
    try:
        with (proc / str(pid) / "status").open(errors="replace") as lines:
            found = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
    except OSError:
        return 0
    return int(found[-1]) if len(found) > 1 and found[-1].isdigit() else 0
