"""The kernel half of off-CPU time: what threads waited in an epoch, those included that still wait."""

from __future__ import annotations

import ctypes
import struct
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .loader.programs import CannotLoad, Programs
from .who import Who, who_of

if TYPE_CHECKING:
    from .sleepers import Sleeper

LONG_NS = 1_000_000
"""Threads that waited so long are followed at every switch; of those that wait shortly, as many as `WALKS` allows."""

WAIT_MAPS = {"waits": 32768, "waited": 65536}
"""Entries of the maps once waits are followed: threads, and rows of both epochs."""

SLEEPER = 0x80000000
"""Above the number of a thread, as icetop sees it, that slept before it could be followed: see `bpf/waits.h`."""

WALKS = 10
"""Stacks that a CPU follows in 10 ms of threads that wait shortly; beyond it some stand for others."""


@dataclass(slots=True)
class RawWait(Who):
    """Waits of one thread in one stack: how long together, how many ended, and whether for a CPU alone.

    `descriptor` is the file that they were for, as the process numbers it, -1 where that is not known; `holder` the
    thread that held the mutex, as the process numbers it, and `waker` (pid, tid) of who ended them, with the id of the
    stack in which it did: 0 where that is not known.
    """

    nanoseconds: int
    times: int
    run_queue: bool
    descriptor: int = -1
    holder: int = 0
    waker: tuple[int, int] = (0, 0)
    waker_stack: int = 0


@dataclass(slots=True)
class Ran(Who):
    """What a thread ran, by the clock, whatever its stacks."""

    nanoseconds: int


@dataclass(slots=True)
class WaitReading:
    """What was waited in an epoch, and what threads `ran` around their waits.

    `counters` are by their names in `enum wait_counter`, since the start; `requests` are block requests done since the
    start, and their nanoseconds: None where the kernel does not tell.
    """

    waits: list[RawWait] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    requests: tuple[int, int] | None = None


class WaitSide:
    """Follows switches from the moment it is made. `read` gives what was waited since the last time."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._key: Any = programs.types["waited.key"]
        self._wait: Any = programs.types["waits"]
        self._parts = programs.form.enums["wait_part"]
        self._accounted = time.monotonic_ns()
        programs.configure({"wait_long": LONG_NS, "wait_walks": WALKS, "wait_accounted": self._accounted})
        programs.attach_raw_tracepoint("sched_waking", "wake_thread")
        programs.attach_raw_tracepoint("sched_wakeup_new", "wake_new_thread")
        programs.attach_raw_tracepoint("sched_switch", "switch_threads")
        self._pace: Any = programs.types["wait_pace"]
        self.sees_requests = bool(programs.settings.request_start)
        try:
            if self.sees_requests:
                programs.attach_raw_tracepoint("block_rq_complete", "complete_request")
        except CannotLoad:
            self.sees_requests = False

    def read(self, epoch: int) -> WaitReading:
        """What was waited and run until now and not yet told; `epoch` is the one that has just ended.

        A wait or a turn that ends between what lasts is read and that is known in the kernel counts twice: nothing
        else may be done in between.
        """
        now, before = time.monotonic_ns(), self._accounted
        paces = self._programs.maps["wait_pace"].lookup(bytes(4))
        lasting = self._programs.maps["waits"].items(lambda: self._programs.configure({"wait_accounted": now}))
        self._accounted = now
        reading = WaitReading(list(self._lasting(lasting, before, now)))
        self._tell_paces(self._split(paces or b""), reading, before, now)
        self._tell_ended(epoch, reading)
        if self.sees_requests:
            done = array("Q", self._programs.maps["requests"].lookup(struct.pack("=i", 0)) or b"")
            reading.requests = (sum(done[::2]), sum(done[1::2]))
        return reading

    def _split(self, values: bytes) -> list[Any]:
        """Each CPU's `struct pace`."""
        size = ctypes.sizeof(self._pace)
        return [self._pace.from_buffer_copy(values, at) for at in range(0, len(values), size)]

    def _tell_paces(self, paces: list[Any], reading: WaitReading, before: int, now: int) -> None:
        """The counters, and the part of the turns that still last."""
        for name, index in self._programs.form.enums["wait_counter"].items():
            if name != "WAIT_COUNTERS":
                reading.counters[name] = sum(pace.counters[index] for pace in paces)
        generation = self._programs.settings.wait_generation
        for turn in [pace.turn for pace in paces if pace.turn.task and pace.turn.generation == generation]:
            nanoseconds = now - max(turn.since, before)
            if nanoseconds > 0:
                reading.ran.append(Ran(*who_of(turn.who), nanoseconds * turn.weight))

    def put_sleeper(self, sleeper: Sleeper, stack: int) -> bool:
        """Have the wait of a thread that sleeps counted until it wakes, as one in a stack of this id; False when it
        woke before that could be."""
        who, wait, held = sleeper.who, self._wait(), self._programs.maps["waits"]
        wait.key.who.stack, wait.key.who.start = stack, who.start_ns
        wait.key.who.pid, wait.key.who.tid = who.pid, who.tid
        wait.key.who.comm = who.comm.encode("utf-8", "replace")[:15]
        wait.since, wait.weight = time.monotonic_ns(), 1
        key = struct.pack("=I", who.tid | SLEEPER)
        try:
            held.update(key, bytes(wait), only_new=True)
        except OSError:
            return False
        self._programs.configure({"wait_sleepers": 1})
        if sleeper.woke:
            held.delete(key)
            return False
        return True

    def forget(self) -> None:
        """Let go of the waits that last: other threads are wanted from now on."""
        held = self._programs.maps["waits"]
        for key, _ in held.items():  # one by one: a thread may come back meanwhile
            held.delete(key)

    def _lasting(self, held: list[tuple[bytes, bytes]], before: int, now: int) -> Iterator[RawWait]:
        """The part of waits that still last, from `before` up to `now`, which has not been told."""
        for _, value in held:
            wait = self._wait.from_buffer_copy(value)
            woken = wait.since if wait.preempted else wait.woken
            for nanoseconds, queue in untold(wait.since, woken, before, now):
                yield self._raw(wait.key, nanoseconds * wait.weight, 0, queue)

    def _tell_ended(self, epoch: int, reading: WaitReading) -> None:
        """The waits and turns that ended in an epoch."""
        held, gone = self._programs.maps["waited"], []
        for key, value in held.items():
            row = self._key.from_buffer_copy(key)
            if row.who.epoch != epoch:
                continue
            gone.append(key)
            nanoseconds, times = struct.unpack("=QQ", value)
            if row.who.part & self._parts["PART_RAN"]:
                reading.ran.append(Ran(*who_of(row.who), nanoseconds))
            else:
                queue = bool(row.who.part & self._parts["PART_RUN_QUEUE"])
                reading.waits.append(self._raw(row, nanoseconds, times, queue))
        held.delete_all(gone)

    def _raw(self, key: Any, nanoseconds: int, times: int, run_queue: bool) -> RawWait:
        descriptor = (key.who.part >> self._parts["PART_PLACE_SHIFT"]) - 1
        waker = (key.waker_pid, key.waker_tid)
        who = who_of(key.who)
        return RawWait(*who, nanoseconds, times, run_queue, descriptor, key.holder, waker, key.waker_stack)


def untold(since: int, woken: int, accounted: int, now: int) -> Iterator[tuple[int, bool]]:
    """The parts of a wait that lasts which are not told yet: nanoseconds, and whether the thread waits for a CPU alone.

    It began at `since`, may run since `woken` (0: it may not), and was told up to `accounted`; by the monotonic clock,
    which stands still while the machine is suspended.
    """
    begin, woken = max(since, accounted), woken or now
    for start, end, queue in ((begin, min(woken, now), False), (max(begin, woken), now, True)):
        if end > start:
            yield end - start, queue
