"""The kernel half of the collector: programs set up for a target, and what they counted, read without a gap.

Counts and counters are kept in two halves, told apart by `epoch`. To read, the epoch is turned and the programs that
are still in the old one are waited for; the old half then stands still, and ticks = taken + lost holds exactly.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ..profiles.target import Target
from ..targets.cgroup_search import resolve_cgroup
from ..targets.cgroups import own_layout
from ..targets.namespaces import shown_pid_namespace
from .loader.compiled import CompiledForm, compiled_form
from .loader.kept import Keeper
from .loader.maps import possible_cpus
from .loader.offsets import kernel_offsets
from .loader.processor import HERE, find_processor, own_address_mask
from .loader.programs import WAITS, CannotLoad, check_permission, make_programs
from .mapping_writer import MappingWriter
from .options import WITHOUT_ROWS, CollectOptions, map_sizes
from .python_writer import PythonWriter
from .raw_stacks import RawStack, RecordParser, Snapshot
from .ring_buffer import RingBuffer
from .wait_side import WAIT_MAPS, WaitReading, WaitSide
from .who import RawCount, who_of

NO_SUBSYSTEM = 0xFFFFFFFF
MAPPING_CHUNKS = 4
DEFAULT_DEEPEST, STEPS_FOR_DEEPER = 272, {"STEPS": "64", "PYTHON_STEPS": "512"}
"""Deeper stacks than the first need another compiled form of the walkers, which takes more frames a run: the kernel
allows chains of 33 programs."""

LOST_REASONS = {"LOST_RING_FULL": "ring_full", "LOST_COUNTS_FULL": "counts_full", "LOST_CHAIN_BROKEN": "chain_broken"}
EPOCH_STRIDE = 8


@dataclass(slots=True)
class Reading:
    """What one drain found: counts, ticks and losses agree exactly."""

    epoch: int = 0
    counts: list[RawCount] = field(default_factory=list)
    ticks: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    waits: WaitReading = field(default_factory=WaitReading)


class KernelSide:
    """The programs, which sample from `begin` on. Closing it, or the end of this process, takes everything down."""

    def __init__(
        self,
        options: CollectOptions,
        keeper: Keeper,
        stage: Callable[[str], None],
        named_cgroups: Collection[int] = (),
    ) -> None:
        find_processor(os.uname().machine)
        check_permission()
        offsets = kernel_offsets(keeper)
        choices = {} if offsets["helper:task_pt_regs"] else {"NO_TASK_PT_REGS": "1"}
        if options.frames > DEFAULT_DEEPEST:
            choices |= STEPS_FOR_DEEPER
        self._form = compiled_form(keeper, choices, stage)
        stage("attaching")
        sizes = map_sizes(options, possible_cpus()) | ({} if HERE.by_rows else WITHOUT_ROWS)
        self._programs = make_programs(self._form, sizes)
        self.waits: WaitSide | None = None
        self.refused: CannotLoad | None = None
        self._has_walker = False
        self._named_cgroups = set(named_cgroups)
        self.python = PythonWriter(
            self._programs.maps,
            self._programs.types["python_processes"],
            self._form.enums["python_entries"],
            lambda: self._programs.join_chain("walk_python", "WALK_PYTHON"),
        )
        try:
            self._set_up(options, offsets, sizes)
        except BaseException:
            self.python.wait()
            self._programs.close()
            raise

    @property
    def form(self) -> CompiledForm:
        """The compiled form that runs."""
        return self._form

    @property
    def wake_fds(self) -> tuple[int, int]:
        """Readable when a new address space was seen or the ring fills up; when there are samples to finish."""
        return self._ring.fd, self._snapshots.fd

    def memory(self) -> int:
        """Bytes that the programs' maps take in the kernel."""
        return sum(held.memory for held in self._programs.maps.values())

    def prepare(self) -> None:
        """Have the kernel take all programs that the first samples need. Raises CannotLoad.

        Where Python runs, all walkers are waited for, so that its first sample and wait have its frames. Elsewhere the
        native walker's loop, which takes the verifier some 20 ms, joins later; until then user space walks every stack.
        Where threads cannot be followed they are not, and `refused` says why.
        """
        if self.python.expected:
            self._join_walker()
            self.python.wait()
        if self._begins_with_waits:
            with contextlib.suppress(CannotLoad):
                self._load_waits()

    def begin(self) -> None:
        """Let the clocks tick, and follow waits. Raises CannotLoad."""
        if self._begins_with_waits and self.refused is None:
            with contextlib.suppress(CannotLoad):
                self._attach_waits()
        self._programs.attach_clocks("sample", self._frequency)
        self._join_walker()

    def _join_walker(self) -> None:
        if not self._has_walker:
            self._programs.join_chain("walk_frames", "WALK_FRAMES")
        self._has_walker = True

    def attach_new_cpus(self) -> list[int]:
        """Let CPUs that came online tick as well; gives them."""
        return self._programs.attach_clocks("sample", self._frequency)

    def follow_waits(self) -> None:
        """Follow what threads wait for, from now on. Raises CannotLoad, and ever after the same: see `refused`."""
        if self.refused is not None:
            raise self.refused
        if self.waits is None:
            self._load_waits()
            self._attach_waits()

    def _load_waits(self) -> None:
        with self._may_refuse():
            for name, entries in WAIT_MAPS.items():
                self._programs.resize(name, entries)
            self._programs.add_chain(WAITS)

    def _attach_waits(self) -> None:
        with self._may_refuse():
            self.waits = WaitSide(self._programs)

    @contextlib.contextmanager
    def _may_refuse(self) -> Iterator[None]:
        try:
            yield
        except CannotLoad as error:
            self.refused = error
            raise

    def set_rate(self, frequency_hz: int) -> None:
        """Tick at another rate from now on."""
        self._programs.stop_clocks()
        self._frequency = frequency_hz
        self.attach_new_cpus()

    def retarget(self, target: Target, named_cgroups: Collection[int] = ()) -> None:
        """Take other processes' samples from now on. Raises CgroupNotFound, and then nothing has changed.

        `named_cgroups` are the ids of the groups that the target's names mean now: see `follow_cgroups`.
        """
        cgroups = cgroup_keys(target)
        self._named_cgroups = set(named_cgroups)
        for name in ("target_pids", "target_cgroups", "target_comms"):
            held = self._programs.maps[name]
            held.delete_all(key for key, _ in held.items())
        if self.waits is not None:
            self.waits.forget()
        self._programs.configure({"filters": self._set_target(target, cgroups)})
        self._begin_generation()

    def follow_cgroups(self, named_cgroups: Collection[int]) -> None:
        """The names of the target mean these groups from now on. Raises OSError when they are too many."""
        held, now = self._programs.maps["target_cgroups"], set(named_cgroups)
        held.delete_all(struct.pack("=Q", gone) for gone in self._named_cgroups - now)
        for new in now - self._named_cgroups:
            held.update(struct.pack("=Q", new), b"\1")
        self._named_cgroups = now

    def add_target_pid(self, pid: int) -> None:
        """Take this process's samples as well."""
        self._programs.maps["target_pids"].update(struct.pack("=I", pid), b"\1")
        self._begin_generation()

    def _begin_generation(self) -> None:
        """What is known of threads that are none of the target's holds no more."""
        self._programs.configure({"wait_generation": (self._programs.settings.wait_generation + 1) & 0xFFFF})

    def target_pids(self) -> set[int]:
        """The processes whose samples are taken, children included."""
        return {struct.unpack("=I", key)[0] for key, _ in self._programs.maps["target_pids"].items()}

    def forget_pid(self, pid: int) -> None:
        """A target process is gone; its number may come again."""
        self._programs.maps["target_pids"].delete(struct.pack("=I", pid))

    def stacks(self) -> Iterator[RawStack]:
        """The stacks sent since the last time."""
        found = False
        for record in self._ring.records():
            found = True
            yield self._records.stack(record)
        if found:
            self._programs.maps["unread"].update(struct.pack("=i", 0), bytes(8))

    def snapshots(self) -> Iterator[Snapshot]:
        """The samples to be finished that were sent since the last time."""
        for record in self._snapshots.records():
            yield self._records.snapshot(record)

    def put_page(self, key: int, page: bytes) -> None:
        """Give the walker a page of rows."""
        self._programs.maps["unwind_pages"].update(struct.pack("=Q", key), page)

    def mapping_writer(self) -> MappingWriter:
        """What tells the walker of mappings."""
        chunk = self._programs.types["mappings"]
        per_chunk = dict(chunk._fields_)["entries"]._length_
        kinds = dict(self._form.enums["mapping_kind"])
        return MappingWriter(self._programs.maps["mappings"], self._programs.types, kinds, (per_chunk, MAPPING_CHUNKS))

    @property
    def python_form(self) -> Mapping[str, int]:
        """How a Python frame lies in a word: `enum python_frame`."""
        return self._form.enums["python_frame"]

    def turn(self) -> Reading:
        """Begin a new epoch and read the one that ended. Read `stacks` after this to have every counted stack."""
        old = self._programs.settings.epoch
        self._programs.configure({"epoch": 1 - old})
        self._wait_for_programs()
        reading = Reading(epoch=old)
        self._read_counters(old, reading)
        self._read_counts(old, reading)
        if self.waits is not None:
            reading.waits = self.waits.read(old)
        return reading

    def forget_sent(self) -> None:
        """Let every stack be sent again when it is next seen."""
        sent = self._programs.maps["sent"]
        sent.delete_all(key for key, _ in sent.items())

    def send_again(self, stacks: set[int]) -> None:
        """Let these stacks be sent again when they are next seen."""
        for stack in stacks:
            self._programs.maps["sent"].delete(struct.pack("=Q", stack))

    def stop(self) -> None:
        """No more ticks. What was counted can still be read."""
        self._programs.stop_clocks()

    def close(self) -> None:
        """Take everything down."""
        self.python.wait()
        self._ring.close()
        self._snapshots.close()
        self._programs.close()

    def _set_up(self, options: CollectOptions, offsets: dict[str, int], sizes: dict[str, int]) -> None:
        programs = self._programs
        self._frequency = options.frequency_hz
        self._records = RecordParser(self._form, programs.types)
        self._snapshots = RingBuffer(programs.maps["snapshots"].fd, sizes["snapshots"])
        self._key = programs.types["counts.key"]
        self._counters = self._form.enums["counter"]
        self._ring = RingBuffer(programs.maps["stacks"].fd, sizes["stacks"])
        fields = {name for name, _ in programs.settings._fields_}
        programs.configure({name: value for name, value in offsets.items() if name in fields})
        programs.configure(self._knobs(options, offsets, sizes))
        programs.join_chain("emit", "EMIT")
        programs.join_chain("finish_later", "FINISH_LATER")
        programs.join_chain("walk_native", "WALK_NATIVE")
        if not HERE.by_rows:
            self._join_walker()
        if options.target.command:
            programs.attach_raw_tracepoint("sched_process_fork", "follow_forks")
        self._begins_with_waits = "offcpu" in options.kinds

    def _knobs(self, options: CollectOptions, offsets: dict[str, int], sizes: dict[str, int]) -> dict[str, int]:
        layout = own_layout()
        controller = layout.controller if layout else ""
        return {
            "filters": self._set_target(options.target, cgroup_keys(options.target)),
            "kernel_stacks": int(options.kernel),
            "follow_forks": int(bool(options.target.command)),
            "pid_namespace": shown_pid_namespace(),
            "cgroup_subsystem": offsets.get(f"subsystem:{controller}", NO_SUBSYSTEM),
            "user_frames": options.frames,
            "wake_bytes": sizes["stacks"] // 2,
            "address_mask": own_address_mask(),
        }

    def _set_target(self, target: Target, cgroups: set[bytes]) -> int:
        maps, filters, chosen = self._programs.maps, self._form.enums["filter"], 0
        for pid in target.pids:
            maps["target_pids"].update(struct.pack("=I", pid), b"\1")
        for key in cgroups | {struct.pack("=Q", named) for named in self._named_cgroups}:
            maps["target_cgroups"].update(key, b"\1")
        for comm in target.comms:
            maps["target_comms"].update(comm.encode()[:15].ljust(16, b"\0"), b"\1")
        chosen |= filters["FILTER_PIDS"] if target.pids or target.command else 0
        chosen |= filters["FILTER_CGROUPS"] if target.cgroups or target.by_place else 0
        chosen |= filters["FILTER_COMMS"] if target.comms else 0
        return chosen

    def _wait_for_programs(self) -> None:
        """Wait until no program that may have read the old epoch still runs: microseconds, as they never sleep."""
        running = set(range(possible_cpus()))
        while running:
            busy = array("Q", self._programs.maps["busy"].lookup(bytes(4)) or b"")
            running = {cpu for cpu in running if cpu < len(busy) and busy[cpu]}
            if running:
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
            reading.counts.append(RawCount(*who_of(row), struct.unpack("=Q", value)[0]))
        counts.delete_all(gone)


def cgroup_keys(target: Target) -> set[bytes]:
    """The target's cgroups as keys of the kernel's map. Raises CgroupNotFound."""
    return {struct.pack("=Q", resolve_cgroup(path).id) for path in target.cgroups}
