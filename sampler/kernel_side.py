"""The kernel half of the collector: programs set up for a target, and what they sent and counted."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable, Collection, Iterator, Mapping

from ..profiles.target import Target
from ..targets.cgroups import own_layout
from ..targets.namespaces import shown_pid_namespace
from .epochs import Epochs, Reading
from .kernel_target import KernelTarget
from .loader.compiled import CompiledForm, choices_for, compiled_form
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
from .wait_side import WAIT_MAPS, WaitSide

NO_SUBSYSTEM = 0xFFFFFFFF
MAPPING_CHUNKS = 4
DEFAULT_DEEPEST, STEPS_FOR_DEEPER = 272, {"STEPS": "64", "PYTHON_STEPS": "512"}
"""Deeper stacks than the first need another compiled form of the walkers, which takes more frames a run: the kernel
allows chains of 33 programs."""


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
        choices = choices_for(offsets["helper:task_pt_regs"])
        if options.frames > DEFAULT_DEEPEST:
            choices |= STEPS_FOR_DEEPER
        self._form = compiled_form(keeper, choices, stage)
        stage("attaching")
        sizes = map_sizes(options, possible_cpus()) | ({} if HERE.by_rows else WITHOUT_ROWS)
        self._programs = make_programs(self._form, sizes)
        self.waits: WaitSide | None = None
        self.refused: CannotLoad | None = None
        self._has_walker = False
        self.python = PythonWriter(
            self._programs.maps,
            self._programs.types["python_processes"],
            self._form.enums["python_entries"],
            lambda: self._programs.join_chain("walk_python", "WALK_PYTHON"),
        )
        try:
            self._set_up(options, offsets, sizes, named_cgroups)
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

        `named_cgroups` are the ids of the groups that the target's names mean now: see `KernelTarget.follow_cgroups`.
        """
        self.target.change(target, named_cgroups)
        if self.waits is not None:
            self.waits.forget()
        self._begin_generation()

    def add_target_pid(self, pid: int) -> None:
        """Take this process's samples as well."""
        self.target.add_pid(pid)
        self._begin_generation()

    def _begin_generation(self) -> None:
        """What is known of threads that are none of the target's holds no more."""
        self._programs.configure({"wait_generation": (self._programs.settings.wait_generation + 1) & 0xFFFF})

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
        reading = self._epochs.turn()
        if self.waits is not None:
            reading.waits = self.waits.read(reading.epoch)
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

    def _set_up(
        self,
        options: CollectOptions,
        offsets: dict[str, int],
        sizes: dict[str, int],
        named_cgroups: Collection[int],
    ) -> None:
        programs = self._programs
        self._frequency = options.frequency_hz
        self._records = RecordParser(self._form, programs.types)
        self._snapshots = RingBuffer(programs.maps["snapshots"].fd, sizes["snapshots"])
        self._epochs = Epochs(programs)
        self.target = KernelTarget(programs)
        self._ring = RingBuffer(programs.maps["stacks"].fd, sizes["stacks"])
        fields = {name for name, _ in programs.settings._fields_}
        programs.configure({name: value for name, value in offsets.items() if name in fields})
        programs.configure(self._knobs(options, offsets, sizes))
        self.target.begin(options.target, named_cgroups)
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
            "kernel_stacks": int(options.kernel),
            "follow_forks": int(bool(options.target.command)),
            "pid_namespace": shown_pid_namespace(),
            "cgroup_subsystem": offsets.get(f"subsystem:{controller}", NO_SUBSYSTEM),
            "user_frames": options.frames,
            "wake_bytes": sizes["stacks"] // 2,
            "address_mask": own_address_mask(),
        }
