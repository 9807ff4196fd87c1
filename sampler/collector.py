"""The collector: drains the kernel, reads processes, names what was found, and tells the news as deltas."""

from __future__ import annotations

import os
import resource
import select
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from ..profiles.delta import Context, Counts, Delta, Notice, Vitals
from ..profiles.series import Series
from ..symbols.namer import Namer
from ..targets.vitals import VitalsReader, own_cost
from .degradations import degradations
from .kernel_side import KernelSide, RawStack, Reading
from .lives import Lives
from .loader.kept import Keeper
from .options import DRAIN_SECONDS, CollectOptions
from .process_table import ProcessTable
from .stack_reader import StackReader
from .tables import Tables

FIRST_DRAINS = (0.1, 0.2, 0.4)
"""Seconds from the start to the first drains, so that the first picture comes at once."""

NAMING_SECONDS = 0.15
"""How long naming may hold up a delta; what is left is named later."""

MOST_STACKS = 200_000
"""Stacks remembered by the kernel's hash of them."""


class Collector:
    """One collection, from attaching to the last delta.

    `stage` is told what is being done before there are samples. Raises what `KernelSide` raises.
    """

    def __init__(self, options: CollectOptions, context: Context, stage: Callable[[str], None]) -> None:
        self._options = options
        self._keeper = Keeper()
        self.kernel = KernelSide(options, self._keeper, stage)
        self._context = replace(context, start_ns=time.time_ns())
        self._namer = Namer(cache_folder=self._keeper.folder)
        self._processes = ProcessTable(dict(options.labels))
        self._tables = Tables()
        self._stacks = StackReader(self._tables, self._namer, self._processes, dict(self.kernel.form.enums["walk_end"]))
        self._nodes: dict[int, int] = {}
        self._vitals = VitalsReader()
        self._cpu_s = 0.0
        self._said: set[str] = set()
        self._started = time.monotonic()
        self._drained_ns = self._context.start_ns
        self._reset = False
        self._stopping = False
        self._wake_fd, self._stop_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def stop(self) -> None:
        """Ask for the end, from any thread or a signal handler."""
        self._stopping = True
        os.write(self._stop_fd, b".")

    def deltas(self, seconds: float | None = None, lives: Lives | None = None) -> Iterator[Delta]:
        """A delta a drain, the last one after `seconds`, after `stop`, or when all of `lives` have ended."""
        due = [self._started + at for at in FIRST_DRAINS]
        first = Delta(
            self._drained_ns,
            self._drained_ns,
            context=self._context,
            stage="waiting for samples",
            notices=self._notices(),
        )
        yield first
        while not self._stopping:
            now = time.monotonic()
            while due and due[0] <= now:
                due.pop(0)
            following = (
                due[0] if due else self._started + (int((now - self._started) / DRAIN_SECONDS) + 1) * DRAIN_SECONDS
            )
            end = self._started + seconds if seconds is not None else float("inf")
            self._wait(min(following, end), lives)
            if time.monotonic() >= end or (lives is not None and lives.over):
                break
            if not self._stopping:
                yield self._drain(NAMING_SECONDS)
        self.kernel.stop()
        yield self._drain(float("inf"), last=True)

    def close(self) -> None:
        """Take everything down."""
        self.kernel.close()
        os.close(self._wake_fd)
        os.close(self._stop_fd)

    def _wait(self, until: float, lives: Lives | None) -> None:
        """Sleep until it is time, reading new processes' mappings as soon as the kernel wakes us for them."""
        poll = select.poll()
        for descriptor in (self.kernel.wake_fd, self._wake_fd, *(lives.descriptors if lives else ())):
            poll.register(descriptor, select.POLLIN)
        while not self._stopping and not (lives is not None and lives.over):
            left = until - time.monotonic()
            if left <= 0:
                return
            for descriptor, _ in poll.poll(left * 1000 + 1):
                if descriptor == self.kernel.wake_fd:
                    self._read_stacks()
                elif lives is not None and lives.ended(descriptor):
                    poll.unregister(descriptor)

    def _read_stacks(self) -> list[RawStack]:
        read = list(self.kernel.stacks())
        for raw in read:
            self._nodes[raw.stack] = self._stacks.node(raw)
        return read

    def _drain(self, naming_seconds: float, last: bool = False) -> Delta:
        anew = self._tables.full or len(self._nodes) > MOST_STACKS
        if anew:
            self._read_stacks()
            self.kernel.forget_sent()
        if not last:
            self.kernel.attach_new_cpus()
        if self._options.target.command:
            self._forget_ended_children()
        reading = self.kernel.turn()
        sent_again = self._read_stacks()
        counts = self._count(reading)
        self._stacks.name_pending(naming_seconds)
        delta = self._delta(reading, counts, last)
        if anew:
            self._start_anew(sent_again)
        return delta

    def _forget_ended_children(self) -> None:
        """The numbers of ended processes may come again, and the set of targets is bounded."""
        for pid in self.kernel.target_pids():
            if not os.path.exists(f"/proc/{pid}"):
                self.kernel.forget_pid(pid)

    def _count(self, reading: Reading) -> Counts:
        counts, period = Counts(), self._options.period_ns
        for row in reading.counts:
            process = self._processes.find(row.pid, row.start_ns)
            series = Series(row.pid, row.start_ns, row.tid, row.comm, self._processes.cgroup(row.cgroup_id))
            index = self._tables.series(series, process.labels)
            counts.add(self._nodes[row.stack], index, row.samples, row.samples * period)
        return counts

    def _delta(self, reading: Reading, counts: Counts, last: bool) -> Delta:
        now, tables = time.time_ns(), self._tables
        delta = Delta(
            start_ns=self._drained_ns,
            end_ns=max(now, self._drained_ns),
            locations=tables.new_locations,
            nodes=tables.new_nodes,
            series=tables.new_series,
            names=tables.new_names,
            labels=tables.new_labels,
            counts={"cpu": counts},
            expected=reading.ticks,
            lost=reading.lost,
            vitals=self._read_vitals(),
            notices=self._notices(),
            reset=self._reset,
            last=last,
        )
        self._drained_ns, self._reset = delta.end_ns, False
        tables.forget_news()
        return delta

    def _start_anew(self, stacks: list[RawStack]) -> None:
        """Forget all ids. Stacks sent since `forget_sent` are kept under new ones, as the kernel will not send them
        again; every other stack will be sent when it is next seen."""
        self._tables = Tables()
        self._stacks.start_anew(self._tables)
        self._nodes = {raw.stack: self._stacks.node(raw) for raw in stacks}
        self._reset = True

    def _read_vitals(self) -> Vitals:
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = used.ru_utime + used.ru_stime
        vitals = replace(self._vitals.read(), profiler_cpu_s=cpu_s - self._cpu_s, profiler_rss=own_cost().rss)
        self._cpu_s = cpu_s
        return vitals

    def _notices(self) -> tuple[Notice, ...]:
        """What a person should know since the last time; each thing is said once."""
        found = [Notice("warning", complaint) for complaint in self._keeper.complaints]
        found += degradations(self._namer, self._processes)
        self._keeper.complaints = []
        new = [notice for notice in found if notice.what not in self._said]
        self._said.update(notice.what for notice in new)
        return tuple(new)
