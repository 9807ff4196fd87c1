"""The kernel half of off-CPU time: what threads waited in an epoch, those included that still wait."""

from __future__ import annotations

import struct
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .loader.programs import Programs

MINIMUM_NS = 1_000_000
"""Shorter waits are left out, and counted."""

WAIT_MAPS = {"waits": 32768, "waited": 65536}
"""Entries of the maps once waits are followed: threads, and rows of both epochs."""

WALKS = 20
"""Stacks that a CPU follows in 10 ms of threads that wait shortly; beyond it some stand for others."""


@dataclass(frozen=True, slots=True)
class RawWait:
    """Waits of one thread in one stack: how long together, how many ended, and whether for a CPU alone.

    `descriptor` is the file that they were for, as the process numbers it, -1 where that is not known.
    """

    stack: int
    start_ns: int
    cgroup_id: int
    pid: int
    tid: int
    comm: str
    nanoseconds: int
    times: int
    run_queue: bool
    descriptor: int


@dataclass(slots=True)
class WaitReading:
    """What was waited in an epoch. `counters` by their names in `enum wait_counter`, since the start."""

    waits: list[RawWait] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)


class WaitSide:
    """Follows switches from the moment it is made. `read` gives what was waited since the last time."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._key: Any = programs.types["counts.key"]
        self._wait: Any = programs.types["waits"]
        self._parts = programs.form.enums["wait_part"]
        self._accounted = time.monotonic_ns()
        programs.configure({"wait_minimum": MINIMUM_NS, "wait_walks": WALKS, "wait_accounted": self._accounted})
        programs.attach_raw_tracepoint("sched_waking", "wake_thread")
        programs.attach_raw_tracepoint("sched_switch", "switch_threads")

    def read(self, epoch: int) -> WaitReading:
        """What was waited until now and not yet told; `epoch` is the one that has just ended.

        A thread that comes back while this reads may be counted twice for the time in which it did, microseconds.
        """
        now = time.monotonic_ns()
        reading = WaitReading(list(self._lasting(now)))
        self._programs.configure({"wait_accounted": now})
        self._accounted = now
        reading.waits += self._ended(epoch)
        counters = self._programs.maps["wait_counters"]
        for name, index in self._programs.form.enums["wait_counter"].items():
            if name != "WAIT_COUNTERS":
                reading.counters[name] = sum(array("Q", counters.lookup(struct.pack("=i", index)) or b""))
        return reading

    def forget(self) -> None:
        """Let go of the waits that last: other threads are wanted from now on."""
        held = self._programs.maps["waits"]
        held.delete_all(key for key, _ in held.items())

    def _lasting(self, now: int) -> Iterator[RawWait]:
        """The part of waits that still last, up to `now`, which has not been told."""
        for _, value in self._programs.maps["waits"].items():
            wait = self._wait.from_buffer_copy(value)
            if not wait.since or now - wait.since < MINIMUM_NS:
                continue
            begin = max(wait.since, self._accounted)
            woken = wait.since if wait.preempted else wait.woken if wait.woken >= wait.since else now
            for start, end, queue in ((begin, min(woken, now), False), (max(begin, woken), now, True)):
                if end > start:
                    yield self._raw(wait.key, (end - start) * wait.weight, 0, queue)

    def _ended(self, epoch: int) -> Iterator[RawWait]:
        held, gone = self._programs.maps["waited"], []
        for key, value in held.items():
            row = self._key.from_buffer_copy(key)
            if row.epoch != epoch:
                continue
            gone.append(key)
            nanoseconds, times = struct.unpack("=QQ", value)
            yield self._raw(row, nanoseconds, times, bool(row.part & self._parts["PART_RUN_QUEUE"]))
        held.delete_all(gone)

    def _raw(self, key: Any, nanoseconds: int, times: int, run_queue: bool) -> RawWait:
        comm = key.comm.decode("utf-8", "replace")
        descriptor = (key.part >> self._parts["PART_PLACE_SHIFT"]) - 1
        who = (key.stack, key.start, key.cgroup, key.pid, key.tid, comm)
        return RawWait(*who, nanoseconds, times, run_queue, descriptor)
