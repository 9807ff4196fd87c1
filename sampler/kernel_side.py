"""The kernel half of the collector: programs set up for a target, and what they counted, read without a gap.

Counts and counters are kept in two halves, told apart by `epoch`. To read, the epoch is turned and the programs that
are still in the old one are waited for; the old half then stands still, and ticks = taken + lost holds exactly.
"""

from __future__ import annotations

import ctypes
import os
import struct
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..profiles.target import Target
from ..targets.cgroup_search import resolve_cgroup
from ..targets.cgroups import own_layout
from ..targets.namespaces import shown_pid_namespace
from .loader.compiled import CompiledForm, compiled_form
from .loader.kept import Keeper
from .loader.maps import possible_cpus
from .loader.offsets import kernel_offsets
from .loader.programs import check_permission, make_programs
from .options import CollectOptions, map_sizes
from .ring_buffer import RingBuffer

NO_SUBSYSTEM = 0xFFFFFFFF
LOST_REASONS = {"LOST_RING_FULL": "ring_full", "LOST_COUNTS_FULL": "counts_full", "LOST_CHAIN_BROKEN": "chain_broken"}
EPOCH_STRIDE = 8


@dataclass(frozen=True, slots=True)
class RawStack:
    """A stack as the kernel sent it: addresses leaf first, the kernel's before the user's."""

    stack: int
    space: int
    start_ns: int
    pid: int
    tid: int
    end: int
    first: bool
    kernel: array[int]
    user: array[int]


@dataclass(frozen=True, slots=True)
class RawCount:
    """Samples of one thread in one stack."""

    stack: int
    start_ns: int
    cgroup_id: int
    pid: int
    tid: int
    comm: str
    samples: int


@dataclass(slots=True)
class Reading:
    """What one drain found: counts, ticks and losses agree exactly."""

    counts: list[RawCount] = field(default_factory=list)
    ticks: int = 0
    lost: dict[str, int] = field(default_factory=dict)


class KernelSide:
    """The programs, attached. Closing it, or the end of this process, takes everything down."""

    def __init__(self, options: CollectOptions, keeper: Keeper, stage: Callable[[str], None]) -> None:
        check_permission()
        offsets = kernel_offsets(keeper)
        choices = {} if offsets["helper:task_pt_regs"] else {"NO_TASK_PT_REGS": "1"}
        self._form = compiled_form(keeper, choices, stage)
        stage("attaching")
        sizes = map_sizes(options, possible_cpus())
        self._programs = make_programs(self._form, sizes)
        try:
            self._set_up(options, offsets, sizes)
        except BaseException:
            self._programs.close()
            raise

    @property
    def form(self) -> CompiledForm:
        """The compiled form that runs."""
        return self._form

    @property
    def wake_fd(self) -> int:
        """Readable when a new address space was seen or the ring fills up."""
        return self._ring.fd

    def attach_new_cpus(self) -> list[int]:
        """Let CPUs that came online tick as well; gives them."""
        return self._programs.attach_clocks("sample", self._frequency)

    def set_rate(self, frequency_hz: int) -> None:
        """Tick at another rate from now on."""
        self._programs.stop_clocks()
        self._frequency = frequency_hz
        self.attach_new_cpus()

    def retarget(self, target: Target) -> None:
        """Take other processes' samples from now on. Raises CgroupNotFound, and then nothing has changed."""
        cgroups = cgroup_keys(target)
        for name in ("target_pids", "target_cgroups", "target_comms"):
            held = self._programs.maps[name]
            held.delete_all(key for key, _ in held.items())
        self._programs.configure({"filters": self._set_target(target, cgroups)})

    def add_target_pid(self, pid: int) -> None:
        """Take this process's samples as well."""
        self._programs.maps["target_pids"].update(struct.pack("=I", pid), b"\1")

    def target_pids(self) -> set[int]:
        """The processes whose samples are taken, children included."""
        return {struct.unpack("=I", key)[0] for key, _ in self._programs.maps["target_pids"].items()}

    def forget_pid(self, pid: int) -> None:
        """A target process is gone; its number may come again."""
        self._programs.maps["target_pids"].delete(struct.pack("=I", pid))

    def stacks(self) -> Iterator[RawStack]:
        """The stacks sent since the last time."""
        for record in self._ring.records():
            yield self._parse(record)
        self._programs.maps["unread"].update(struct.pack("=i", 0), bytes(8))

    def turn(self) -> Reading:
        """Begin a new epoch and read the one that ended. Read `stacks` after this to have every counted stack."""
        old = self._programs.settings.epoch
        self._programs.configure({"epoch": 1 - old})
        self._wait_for_programs()
        reading = Reading()
        self._read_counters(old, reading)
        self._read_counts(old, reading)
        return reading

    def forget_sent(self) -> None:
        """Let every stack be sent again when it is next seen."""
        sent = self._programs.maps["sent"]
        sent.delete_all(key for key, _ in sent.items())

    def stop(self) -> None:
        """No more ticks. What was counted can still be read."""
        self._programs.stop_clocks()

    def close(self) -> None:
        """Take everything down."""
        self._ring.close()
        self._programs.close()

    def _set_up(self, options: CollectOptions, offsets: dict[str, int], sizes: dict[str, int]) -> None:
        programs = self._programs
        self._frequency = options.frequency_hz
        self._event: Any = dict(programs.types["scratch"]._fields_)["event"]
        self._frames_offset: int = self._event.frames.offset
        self._key = programs.types["counts.key"]
        self._counters = self._form.enums["counter"]
        self._ring = RingBuffer(programs.maps["stacks"].fd, sizes["stacks"])
        fields = {name for name, _ in programs.settings._fields_}
        programs.configure({name: value for name, value in offsets.items() if name in fields})
        programs.configure(self._knobs(options, offsets, sizes))
        programs.join_chain("emit", "EMIT")
        programs.join_chain("walk_native", "WALK_NATIVE")
        if options.target.command:
            programs.attach_raw_tracepoint("sched_process_fork", "follow_forks")
        programs.attach_clocks("sample", options.frequency_hz)

    def _knobs(self, options: CollectOptions, offsets: dict[str, int], sizes: dict[str, int]) -> dict[str, int]:
        layout = own_layout()
        controller = layout.controller if layout else ""
        return {
            "filters": self._set_target(options.target, cgroup_keys(options.target)),
            "kernel_stacks": int(options.kernel),
            "follow_forks": int(bool(options.target.command)),
            "pid_namespace": shown_pid_namespace(),
            "cgroup_subsystem": offsets.get(f"subsystem:{controller}", NO_SUBSYSTEM),
            "wake_bytes": sizes["stacks"] // 2,
        }

    def _set_target(self, target: Target, cgroups: set[bytes]) -> int:
        maps, filters, chosen = self._programs.maps, self._form.enums["filter"], 0
        for pid in target.pids:
            maps["target_pids"].update(struct.pack("=I", pid), b"\1")
        for key in cgroups:
            maps["target_cgroups"].update(key, b"\1")
        for comm in target.comms:
            maps["target_comms"].update(comm.encode()[:15].ljust(16, b"\0"), b"\1")
        chosen |= filters["FILTER_PIDS"] if target.pids or target.command else 0
        chosen |= filters["FILTER_CGROUPS"] if target.cgroups else 0
        chosen |= filters["FILTER_COMMS"] if target.comms else 0
        return chosen

    def _wait_for_programs(self) -> None:
        """Wait until no program that may have read the old epoch still runs: microseconds, as they never sleep."""
        while any(array("Q", self._programs.maps["busy"].lookup(bytes(4)) or b"")):
            time.sleep(0.0001)

    def _read_counters(self, epoch: int, reading: Reading) -> None:
        counters = self._programs.maps["counters"]
        for name, index in self._counters.items():
            if name == "COUNTERS":
                continue
            key = struct.pack("=i", index + epoch * EPOCH_STRIDE)
            values = counters.lookup(key) or b""
            total = sum(array("Q", values))
            if total:
                counters.update(key, bytes(len(values)))
            if name == "COUNT_TICKS":
                reading.ticks = total
            elif name in LOST_REASONS and total:
                reading.lost[LOST_REASONS[name]] = total

    def _read_counts(self, epoch: int, reading: Reading) -> None:
        counts, gone = self._programs.maps["counts"], []
        for key, value in counts.items():
            row = self._key.from_buffer_copy(key)
            if row.epoch != epoch:
                continue
            gone.append(key)
            comm = row.comm.decode("utf-8", "replace")
            samples = struct.unpack("=Q", value)[0]
            reading.counts.append(RawCount(row.stack, row.start, row.cgroup, row.pid, row.tid, comm, samples))
        counts.delete_all(gone)

    def _parse(self, record: bytes) -> RawStack:
        event = self._event.from_buffer_copy(record.ljust(ctypes.sizeof(self._event), b"\0"))
        first_user = self._frames_offset + 8 * event.kernel_frames
        end = first_user + 8 * event.user_frames
        return RawStack(
            stack=event.stack,
            space=event.space,
            start_ns=event.start,
            pid=event.pid,
            tid=event.tid,
            end=event.end,
            first=bool(event.first),
            kernel=array("Q", record[self._frames_offset : first_user]),
            user=array("Q", record[first_user:end]),
        )


def cgroup_keys(target: Target) -> set[bytes]:
    """The target's cgroups as keys of the kernel's map. Raises CgroupNotFound."""
    return {struct.pack("=Q", resolve_cgroup(path).id) for path in target.cgroups}


def raise_priority() -> str:
    """Give this process nice -15, so that a busy machine does not make it lose samples; says what came of it."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    except PermissionError:
        return "the collector runs at normal priority: it may not raise it (CAP_SYS_NICE)"
    return "the collector runs at nice -15"
