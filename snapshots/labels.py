"""The names of the labels and sample types that icetop's pprof files carry: shared by writer and reader."""

from __future__ import annotations

END_TIME, PID, TID, PROCESS_START = "end_timestamp_ns", "pid", "tid", "process_start_ns"
"""Numeric labels: the end of the sample's time bucket in unix time, process, thread, process start since boot."""

COMM, CGROUP, END = "comm", "cgroup", "end"
"""Labels that are words; `end` is there only when the stack is truncated, and says why."""

OWN = frozenset((END_TIME, PID, TID, PROCESS_START, COMM, CGROUP, END))
"""Labels that are not a series' free labels."""

COMMENT = "icetop:"
"""What the one comment begins with that holds all that pprof has no place for; JSON follows."""

SAMPLES = "samples"
"""The sample type that counts the first kind's samples."""


def count_column(kind: str, first: bool) -> str:
    """The sample type that counts the samples of `kind`: `samples`, or `KIND_samples` when it is not the first, or is
    called that itself: pprof refuses files with two types of one name."""
    return SAMPLES if first and kind != SAMPLES else f"{kind}_{SAMPLES}"
