"""The collector: drains the kernel, reads processes, names what was found, and tells the news as deltas."""

from __future__ import annotations

import os
import select
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..profiles.delta import NO_WAITS, Context, Counts, Delta, Notice
from ..profiles.series import Series
from ..profiles.target import Target
from ..symbols.namer import Namer
from ..targets.cgroup_search import CgroupNotFound
from ..targets.named_cgroups import NamedCgroups, NothingNamed
from ..targets.places import Places
from ..targets.processes import as_proc_counts
from .degradations import FRAME_POINTERS, degradations, silent_engine
from .epochs import Reading
from .intervals import Intervals
from .java_maps import JavaMaps
from .kept_interpreters import KeptInterpreters
from .kernel_side import KernelSide
from .lives import Lives
from .loader.kept import Keeper
from .loader.processor import HERE
from .loader.programs import CannotLoad
from .options import DRAIN_SECONDS, CollectOptions
from .orders import Orders
from .process_table import ProcessTable
from .python_processes import PythonProcesses
from .run_times import RunTimes
from .runtime_notices import runtime_notices, unnamed_java
from .samples import Samples
from .vital_signs import VitalSigns
from .who import Who

if TYPE_CHECKING:
    from .sleepers import Sleepers
    from .wait_reader import WaitReader

FIRST_DRAINS = (0.06, 0.2, 0.4)
"""Seconds from the start to the first drains, so that the first picture comes at once."""

NAMING_SECONDS = 0.15
"""How long naming may hold up a delta; what is left is named later."""

LATE_NAMES_S = 2.0
"""How long the end waits for who was asked for names of containers and has not answered yet."""

SHORTEST_WAIT = 0.2
"""Seconds between two drains for the sake of containers that begin."""

CPU_SECONDS = 5.0
"""How often CPUs are looked for that came online."""

MOST_SLEEPERS = "icetop looks at 512 when it begins; the others show from when they first wake"


class Collector:
    """One collection, from attaching to the last delta.

    `stage` is told what is being done before there are samples. Raises what `KernelSide` raises.
    """

    def __init__(self, options: CollectOptions, context: Context, stage: Callable[[str], None]) -> None:
        self._options = options
        self._keeper = Keeper()
        self._orders = Orders()
        self._places = Places(self._containers_changed)
        self._named = NamedCgroups(self._places)
        self._woken = self._rest_until = self._cpus_looked_at = 0.0
        try:
            self._groups = self._named.require(options.target)
            self._sleepers: Sleepers | None = None
            if "offcpu" in options.kinds:
                self._find_sleepers()
            self.kernel = KernelSide(options, self._keeper, stage, self._groups)
        except BaseException:
            self._close_own()
            raise
        self._namer = Namer(cache_folder=self._keeper.folder)
        self._processes = ProcessTable(dict(options.labels), self._places)
        self._kept = KeptInterpreters(self._keeper)
        self._interpreters = PythonProcesses(self.kernel.python, self._namer.binaries, self._namer.counters, self._kept)
        self.samples = Samples(self.kernel, self._namer, self._processes, self._interpreters, options.frames)
        self._remarks: list[Notice] = []
        self._outlives = True
        self._run_times = RunTimes(options.period_ns)
        self._vital_signs = VitalSigns(self.kernel)
        self._said: set[str] = set()
        self._reset = False
        self._stopping = False
        self._java_maps = JavaMaps(options.java_maps)
        try:
            self._interpreters.look_ahead(options.target)
            self.kernel.prepare()
            self._intervals, self._started = Intervals(), time.monotonic()
            self._context = replace(context, start_ns=self._intervals.start_ns)
            self._new_context: Context | None = self._context
            self.kernel.begin()
            if self.kernel.refused is not None:
                self._wait_refused(self.kernel.refused)
            elif self.kernel.waits is not None:
                self._read_waits()
        except BaseException:
            self.close()
            raise

    @property
    def counters(self) -> Counter[str]:
        """What happened while stacks were finished: see `Finisher`."""
        return self.samples.finisher.counters

    def stop(self) -> None:
        """Ask for the end, from any thread or a signal handler."""
        self._stopping = True
        self._orders.wake()

    def retarget(self, target: Target) -> None:
        """Ask, from any thread, to sample something else from now on."""
        self._orders.add(lambda: self._set_target(target))

    def set_rate(self, frequency_hz: int) -> None:
        """Ask, from any thread, for another rate."""
        self._orders.add(lambda: self._set_rate(frequency_hz))

    def follow_waits(self) -> None:
        """Ask, from any thread, to sample time off the CPU as well."""
        self._orders.add(self._follow_waits)

    def ask_java_for_names(self) -> None:
        """Ask JVMs, from any thread, for the names of their code, from now on."""
        self._java_maps.wanted = True

    def deltas(self, seconds: float | None = None, lives: Lives | None = None) -> Iterator[Delta]:
        """A delta a drain, the last one after `seconds`, after `stop`, or when all of `lives` have ended."""
        end = self._started + seconds if seconds is not None else float("inf")
        self._outlives = lives is None
        first = self._delta(Reading(), {"cpu": Counts()}, self._intervals.next(), False)
        yield replace(first, stage="waiting for samples")
        while not self._stopping:
            self._wait(min(self._next_drain(), end), lives)
            if time.monotonic() >= end or (lives is not None and lives.over):
                break
            if self._stopping:
                break
            orders = len(self._orders)
            if orders:
                self.kernel.stop()
            yield self._drain(NAMING_SECONDS)
            self._carry_out_orders(orders)
        self.kernel.stop()
        if not self._stopping:
            self._places.wait_for_the_asked(LATE_NAMES_S)
        yield self._drain(float("inf"), last=True)

    def close(self) -> None:
        """Take everything down."""
        self.kernel.close()
        self._kept.save()
        self._java_maps.close()
        self._close_own()

    def _close_own(self) -> None:
        self._places.close()
        self._orders.close()

    def _next_drain(self) -> float:
        """When to drain next, by the monotonic clock."""
        since = time.monotonic() - self._started
        following = next((at for at in FIRST_DRAINS if at > since), (int(since / DRAIN_SECONDS) + 1) * DRAIN_SECONDS)
        return self._started + following

    def _carry_out_orders(self, number: int) -> None:
        """Change what is sampled while no clock ticks, so that each epoch has one rate and one target."""
        for _ in range(number):
            try:
                self._orders.next()()
            except (CgroupNotFound, NothingNamed, CannotLoad, OSError) as error:
                why = f"{error}: {error.why}" if isinstance(error, NothingNamed) else str(error)
                self._remarks.append(Notice("error", "the order was not carried out", why))
        if number:
            self.kernel.attach_new_cpus()

    def _set_target(self, target: Target) -> None:
        before, groups = (self._options, self._groups, self._sleepers), self._named.require(target)
        self._options, self._groups = replace(self._options, target=target), groups
        if self.samples.waits is not None:
            self._find_sleepers()
        try:
            self.kernel.retarget(target, groups)
        except CgroupNotFound:
            self._options, self._groups, self._sleepers = before
            raise
        self._new_context = replace(self._new_context or self._context, target=str(target))
        if self.samples.waits is not None:
            self._run_times = RunTimes(self._options.period_ns)
            self._follow_sleepers(self.samples.waits)

    def _follow_waits(self) -> None:
        if self.samples.waits is None:
            self._find_sleepers()
            try:
                self.kernel.follow_waits()
            except CannotLoad as error:
                self._wait_refused(error)
                return
            self._read_waits()
            self._run_times = RunTimes(self._options.period_ns)
            self._options = replace(self._options, kinds=(*self._options.kinds, "offcpu"))
            self._new_context = replace(self._new_context or self._context, kinds=self._options.kinds)

    def _wait_refused(self, error: CannotLoad) -> None:
        """Threads cannot be followed here; CPU time goes on."""
        kinds = tuple(kind for kind in self._options.kinds if kind != "offcpu")
        self._options = replace(self._options, kinds=kinds)
        options = {**self._context.options, NO_WAITS: str(error)}
        self._new_context = replace(self._new_context or self._context, kinds=kinds, options=options)
        self._remarks.append(
            Notice("warning", "what threads wait for is not to be had here", str(error), "CPU time is sampled alone")
        )

    def _read_waits(self) -> None:
        from .wait_reader import WaitReader  # with it come sockets, which nothing else here needs
        from .waiting_tasks import WaitingTasks

        tasks = WaitingTasks(self._interpreters)
        self.samples.waits = WaitReader(self.samples.tables, self._namer, self.samples.stacks, tasks)
        self._follow_sleepers(self.samples.waits)

    def _find_sleepers(self) -> None:
        """Look for threads of the target that sleep now, before its switches are followed."""
        from .sleepers import Sleepers

        self._sleepers = Sleepers(self._options.target, self._groups.values())

    def _follow_sleepers(self, reader: WaitReader) -> None:
        """Have the waits of those counted that have not woken since."""
        waits, sleepers = self.kernel.waits, self._sleepers
        if waits is None or sleepers is None:
            return
        sleepers.hand_over(lambda found: waits.put_sleeper(found, reader.learn_asleep(found.functions)))
        if sleepers.left_out:
            self._remarks.append(Notice("info", "not all threads that slept before are shown", MOST_SLEEPERS))

    def _set_rate(self, frequency_hz: int) -> None:
        self.kernel.set_rate(frequency_hz)
        self._options = replace(self._options, frequency_hz=frequency_hz)
        self._run_times.period_ns = self._options.period_ns
        self._new_context = replace(self._new_context or self._context, frequency_hz=frequency_hz)

    def _containers_changed(self) -> None:
        """An engine told of a container, in its own thread: one that is followed may have begun."""
        if self._options.target.by_place and time.monotonic() - self._woken > SHORTEST_WAIT:
            self._woken = time.monotonic()
            self._orders.wake()

    def _follow_containers(self) -> None:
        """Take over names that came late, and containers that began or ended."""
        for path, labels in self._places.news().items():
            self.samples.tables.relabel(path, {**labels, **self._options.labels})
        if self._options.target.by_place:
            self._groups = self._named.find(self._options.target)
            try:
                self.kernel.target.follow_cgroups(self._groups)
            except OSError as error:
                self._remarks.append(Notice("error", "not all of the target's containers are followed", str(error)))

    def _wait(self, until: float, lives: Lives | None) -> None:
        """Sleep until it is time, reading new processes' mappings as soon as the kernel wakes us for them."""
        poll = select.poll()
        for descriptor in (*self.kernel.wake_fds, self._orders.fd, *(lives.descriptors if lives else ())):
            poll.register(descriptor, select.POLLIN)
        while not self._stopping and not (lives is not None and lives.over):
            now = time.monotonic()
            if now >= until:
                return
            rests = self._rest_until > now
            poll.modify(self.kernel.wake_fds[0], 0 if rests else select.POLLIN)
            left = min(until, self._rest_until if rests else until) - now
            ready = [descriptor for descriptor, _ in poll.poll(left * 1000 + 1)]
            if not set(ready).isdisjoint(self.kernel.wake_fds):
                self._read_at_once()
            if self._orders.fd in ready:
                self._orders.awake()
                return
            for descriptor in ready:
                if lives is not None and lives.ended(descriptor):
                    poll.unregister(descriptor)

    def _read_at_once(self) -> None:
        """Read what the kernel woke us for. Where that was no new process, the next may wait a little."""
        met = self._processes.met
        self.samples.read()
        if self._processes.met == met:
            self._rest_until = time.monotonic() + self._options.patience_s

    def _drain(self, naming_seconds: float, last: bool = False) -> Delta:
        samples = self.samples
        anew = samples.full
        if anew:
            samples.have_sent_again()
        if not last and not self._orders and time.monotonic() - self._cpus_looked_at > CPU_SECONDS:
            self.kernel.attach_new_cpus()
            self._cpus_looked_at = time.monotonic()
        if self._options.target.command or self._options.target.pids:
            self._forget_ended()
        self._follow_containers()
        reading = self.kernel.turn()
        interval = self._intervals.next()
        samples.python.look_again()
        sent_again = samples.read()
        counts = {"cpu": self._count(reading)}
        samples.refresh_mappings(reading)
        samples.stacks.name_pending(naming_seconds)
        if samples.waits is not None:  # after names: they tell some causes, and who woke whom where
            counts["offcpu"] = samples.waits.count(reading.waits, samples.nodes, self._series)
        self._remarks += self._java_maps.ask(unnamed_java(samples.stacks, self._processes), last)
        self.kernel.send_again(samples.stacks.follow_generated_code(last))
        delta = self._delta(reading, counts, interval, last)
        if anew:
            samples.start_anew(sent_again)
            self._reset = True
        return delta

    def _forget_ended(self) -> None:
        """The numbers of ended processes may come again, and the set of targets is bounded."""
        for pid in self.kernel.target.pids():
            if not os.path.exists(f"/proc/{pid}"):
                self.kernel.target.forget_pid(pid)
                if pid in self._options.target.pids and self._outlives:
                    self._remarks.append(Notice("warning", f"process {pid} has ended"))

    def _count(self, reading: Reading) -> Counts:
        """The samples of an epoch, each with what it is worth."""
        counts = Counts()
        rows = self.samples.rows(reading)
        values = self._run_times.values([row for row, _ in rows], reading.waits.ran)
        for (row, node), value in zip(rows, values, strict=True):
            counts.add(node, self._series(row), row.samples, value)
        return counts

    def _series(self, row: Who) -> int:
        process = self._processes.find(row.pid, row.start_ns)
        start_ns = as_proc_counts(row.start_ns)  # so is that of threads found asleep, which /proc tells
        series = Series(row.pid, start_ns, row.tid, row.comm, self._processes.cgroup(row.cgroup_id, process))
        return self.samples.tables.series(series, process.labels, self._places.labels(series.cgroup))

    def _delta(self, reading: Reading, counts: dict[str, Counts], interval: tuple[int, int], last: bool) -> Delta:
        tables, waits = self.samples.tables, self.samples.waits
        delta = Delta(
            start_ns=interval[0],
            end_ns=interval[1],
            locations=tables.new_locations,
            nodes=tables.new_nodes,
            series=tables.new_series,
            names=tables.new_names,
            labels=tables.new_labels,
            counts=counts,
            expected=reading.ticks,
            lost=reading.lost,
            waits_lost=waits.lost_news() if waits is not None else {},
            vitals=self._vital_signs.read(self._options.target, self._groups.values(), waits),
            notices=self._notices(last),
            context=self._new_context,
            reset=self._reset,
            last=last,
        )
        self._context = self._new_context or self._context
        self._reset, self._new_context = False, None
        tables.forget_news()
        return delta

    def _notices(self, last: bool) -> tuple[Notice, ...]:
        """What a person should know since the last time; each thing is said once."""
        found = [Notice("warning", complaint) for complaint in self._keeper.complaints]
        found += degradations(self._namer, self._processes)
        found += runtime_notices(self.samples.stacks, self._processes, self._java_maps.wanted)
        found += self._interpreters.notices()
        found += [] if HERE.by_rows else [FRAME_POINTERS]
        found += [silent_engine(*complaint) for complaint in list(self._places.complaints.items())]
        found += self._remarks
        found += self.samples.waits.notices(last) if self.samples.waits is not None else []
        self._keeper.complaints, self._remarks = [], []
        new = [notice for notice in found if notice.what not in self._said]
        self._said.update(notice.what for notice in new)
        return tuple(new)
