"""What a collection lacks while it runs, as lines for a person: each lack costs one thing, and has a mend."""

from __future__ import annotations

from ..profiles.delta import Notice
from ..symbols.namer import Namer
from .loader.processor import HERE
from .process_table import ProcessTable

FRAME_POINTERS = Notice(
    "info",
    f"stacks are followed by frame pointers on {HERE.name}",
    "where a function keeps none they end as no_frame_pointer",
    "compile with -fno-omit-frame-pointer",
)
"""What to say where the kernel has no unwind tables to follow stacks by."""


def degradations(namer: Namer, processes: ProcessTable) -> list[Notice]:
    """The lacks that have shown so far."""
    found = []
    if namer.kernel.restricted or not namer.kernel.readable:
        found.append(
            Notice(
                "warning",
                "kernel functions have no names",
                "the kernel hides its addresses from this process",
                "give it CAP_SYSLOG, or set kernel.kptr_restrict to 0 or 1",
            )
        )
    if processes.forbidden:
        found.append(
            Notice(
                "warning",
                "some processes show no functions",
                "their mappings may not be read",
                "give it CAP_SYS_PTRACE",
            )
        )
    return found


def silent_engine(address: str, why: str) -> Notice:
    """What to say of an engine that tells no names of containers."""
    mend = "run it with sudo" if why == "permission denied" else "what no file names shows as an id"
    return Notice("warning", f"no names of containers from {address}", why, mend)
