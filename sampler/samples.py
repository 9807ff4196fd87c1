"""The stacks and samples that the kernel sent, as nodes of the tables, and the rows that count them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..symbols.namer import Namer
from .epochs import Reading
from .finisher import Finisher
from .kernel_side import KernelSide
from .loader.processor import HERE
from .process_table import ProcessTable
from .python_frames import PythonFrames
from .python_processes import PythonProcesses
from .python_stacks import PythonStacks
from .raw_stacks import RawStack, Snapshot
from .stack_reader import StackReader
from .tables import Tables
from .who import RawCount

if TYPE_CHECKING:
    from .frame_pointer_stacks import FramePointerStacks
    from .wait_reader import WaitReader

MOST_STACKS = 60_000
"""Stacks remembered by the kernel's hash of them."""

REFRESHES = 20
"""Processes whose mappings are read again at each drain."""


class Samples:
    """Takes in what the kernel sends.

    `nodes` are the leaf nodes of stacks in `tables`, by the kernel's hash of them. `waits`, once threads are followed,
    learns from the stacks that they wait in. `finisher` has counted what became of what the kernel could not finish.
    """

    def __init__(
        self, kernel: KernelSide, namer: Namer, processes: ProcessTable, interpreters: PythonProcesses, frames: int
    ) -> None:
        self._kernel, self._processes = kernel, processes
        self.tables = Tables()
        self.python = PythonStacks(interpreters, PythonFrames(self.tables, kernel.python_form), namer.counters)
        self.finisher = Finisher(kernel, namer, processes, frames)
        self.stacks = StackReader(self.tables, namer, processes, self.python, self.finisher.function_start)
        self.waits: WaitReader | None = None
        self.nodes: dict[int, int] = {}
        self._finished: tuple[list[tuple[RawCount, RawStack]], list[tuple[RawCount, RawStack]]] = ([], [])
        self._by_pointers = None if HERE.by_rows else _pointer_stacks(namer, processes)

    @property
    def full(self) -> bool:
        """Whether so much is remembered that all ids should start anew."""
        return self.tables.full or len(self.nodes) > MOST_STACKS

    def read(self) -> list[RawStack]:
        """Take in the stacks and samples that the kernel has sent; gives the stacks."""
        snapshots = self._take_snapshots()
        stacks = self._read_stacks()
        self._finish(snapshots)
        return stacks

    def rows(self, reading: Reading) -> list[tuple[RawCount, int]]:
        """The rows that the kernel counted, and the samples that were finished here, each with its leaf node."""
        finished = self._finished[reading.epoch]
        rows = [(row, self.nodes[row.stack]) for row in reading.counts]
        rows += [(row, self.stacks.node(raw)) for row, raw in finished]
        finished.clear()
        return rows

    def refresh_mappings(self, reading: Reading) -> None:
        """Read again what is mapped in the processes that ran, the longest unread first: code may have been unmapped,
        and other code mapped in its place."""
        ran = {(row.pid, row.start_ns) for row in reading.counts}
        processes = [self._processes.find(*who) for who in ran]
        for process in sorted(processes, key=lambda process: process.read_at)[:REFRESHES]:
            if process.space is not None and self._processes.refresh(process):
                self.finisher.refresh(process)

    def have_sent_again(self) -> None:
        """Let the kernel send every stack again when it is next seen."""
        self._read_stacks()
        self._kernel.forget_sent()

    def start_anew(self, stacks: list[RawStack]) -> None:
        """Forget all ids. Stacks sent since `have_sent_again` are kept under new ones, as the kernel will not send them
        again; every other stack will be sent when it is next seen."""
        self.tables = Tables()
        self.stacks.start_anew(self.tables)
        if self.waits is not None:
            self.waits.start_anew(self.tables)
        self.nodes = {}
        for raw in stacks:
            self._learn(raw.stack, raw)

    def _take_snapshots(self) -> list[Snapshot]:
        """The samples that wait to be finished. Their interpreters are found, and their Python code is named, before
        anything else: finishing takes long, and the code may be gone by then."""
        snapshots = list(self._kernel.snapshots())
        for snapshot in snapshots:
            self.stacks.name_python(snapshot.walked)
        return snapshots

    def _read_stacks(self) -> list[RawStack]:
        read = list(self._kernel.stacks())
        for raw in read:
            self._learn(raw.stack, raw)
        return read

    def _finish(self, snapshots: list[Snapshot]) -> None:
        """Finish the samples that the kernel could not, for the counts of the epoch that they were taken in."""
        for snapshot in snapshots:
            raw = self.finisher.finish(snapshot)
            if snapshot.count.stack:  # a wait's, under the number that the kernel gave it
                self._learn(snapshot.count.stack, raw)
            else:
                self._finished[snapshot.epoch].append((snapshot.count, raw))

    def _learn(self, stack: int, raw: RawStack) -> None:
        if self._by_pointers is not None:
            raw = self._by_pointers.set_right(raw)
        if self.waits is not None:
            raw = self.waits.learn(stack, raw)
        self.nodes[stack] = self.stacks.node(raw)


def _pointer_stacks(namer: Namer, processes: ProcessTable) -> FramePointerStacks:
    from .frame_pointer_stacks import FramePointerStacks  # of no use where there are rows

    return FramePointerStacks(namer, processes)
