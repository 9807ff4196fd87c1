"""Who ran or waited, and where, as the kernel's rows tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Who:
    """One thread in one stack, by the stack's id; `start_ns` is its process's start, ns since boot."""

    stack: int
    start_ns: int
    cgroup_id: int
    pid: int
    tid: int
    comm: str


@dataclass(slots=True)
class RawCount(Who):
    """Samples of one thread in one stack."""

    samples: int


def who_of(key: Any) -> tuple[int, int, int, int, int, str]:
    """The fields of `Who`, from a `struct count_key`."""
    return key.stack, key.start, key.cgroup, key.pid, key.tid, key.comm.decode("utf-8", "replace")
