"""The processors that icetop samples on: what programs and system calls have to know of each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Processor:
    """`headers` are those of bpf/ that stand for `arch.h`, its registers, and `step.h`, how its stacks are followed.

    `bpf` and `perf_event_open` are the numbers of these system calls, `thread_pointer` is where a task has its pointer
    to its own storage. `by_rows` says that stacks are followed by unwind tables, so that code needs no frame pointers.
    `thread_id_is_pointer` says that a C library's id of a thread is what the processor has as its thread pointer.
    """

    name: str
    headers: Mapping[str, str]
    bpf: int
    perf_event_open: int
    thread_pointer: str
    by_rows: bool
    thread_id_is_pointer: bool


X86_64 = Processor(
    "x86-64",
    {"arch.h": "arch_x86_64.h", "step.h": "unwind.h"},
    bpf=321,
    perf_event_open=298,
    thread_pointer="thread.fsbase",
    by_rows=True,
    thread_id_is_pointer=True,
)
ARM64 = Processor(
    "arm64",
    {"arch.h": "arch_arm64.h", "step.h": "frame_pointers.h"},
    bpf=280,
    perf_event_open=241,
    thread_pointer="thread.uw.tp_value",
    by_rows=False,
    thread_id_is_pointer=False,
)
PROCESSORS = {"x86_64": X86_64, "aarch64": ARM64}
"""By what uname calls them."""

HERE = PROCESSORS.get(os.uname().machine, replace(X86_64, bpf=-1, perf_event_open=-1))
"""This machine's; on one that is not known one without system calls: see `find_processor`."""


class OtherProcessor(Exception):
    """The programs do not know a processor; `mend` says which ones they know."""

    def __init__(self, machine: str) -> None:
        known = " or ".join(processor.name for processor in PROCESSORS.values())
        super().__init__(f"stacks are followed on {known} so far, this is {machine}")
        self.mend = f"use a machine with {known}"


def find_processor(machine: str) -> Processor:
    """What uname calls `machine`. Raises OtherProcessor for one that is not known."""
    if machine not in PROCESSORS:
        raise OtherProcessor(machine)
    return PROCESSORS[machine]


def own_address_mask() -> int:
    """The bits that addresses of user code have here; the others may hold a signature of a return address."""
    return (1 << 64) - 1 if HERE.by_rows else address_mask(Path("/proc/self/maps").read_text())


def address_mask(maps: str) -> int:
    """The bits that addresses have on a machine of which this is a process's /proc/PID/maps.

    Kernels differ in that. Each process has its stack at the upper end.
    """
    highest = max(int(line.partition("-")[2].partition(" ")[0], 16) for line in maps.splitlines())
    return (1 << (highest - 1).bit_length()) - 1
