"""The processes that were sampled: who they are, and where their code lies. Bounded; the longest unseen goes first."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from ..symbols.mappings import AddressSpace, Mapping, read_address_space
from ..targets.cgroup_search import CgroupIndex
from ..targets.places import Places
from ..targets.processes import ProcessInfo, read_process, read_start_ns

MOST_PROCESSES = 4096
REREADS_PER_SECOND = 100
SHORTEST_WAIT, LONGEST_WAIT = 0.001, 1.0
"""Bounds on reading mappings again because code ran where none was known: in all, and seconds for one process, which
waits twice as long each time that nothing had changed. One takes about 0.1 ms."""

MOST_UNMAPPED = 1000
"""Files remembered of a process that are mapped no more."""

CLOCK_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class KnownProcess:
    """A process by (pid, start).

    `space_id` is the kernel's id of the address space that was read last, `wait` how long not to read it again;
    `unmapped` are files that were mapped before, for whoever remembers what was in them; `gone` says that the process
    had ended when that was tried last.
    """

    pid: int
    start_ns: int
    info: ProcessInfo | None = None
    space: AddressSpace | None = None
    space_id: int = 0
    read_at: float = 0.0
    unmapped: list[Mapping] = field(default_factory=list)
    wait: float = SHORTEST_WAIT
    gone: bool = False
    labels: dict[str, str] = field(default_factory=dict)


class ProcessTable:
    """Reads a process when it is first seen, and again after exec or when code shows up where none was known.

    `met` counts processes and address spaces that were new, `evicted` processes forgotten to stay bounded, `gone` those
    that had ended before they were read, and `forbidden` those whose mappings may not be read.
    """

    def __init__(self, labels: dict[str, str], places: Places) -> None:
        self._own_labels = labels
        self._places = places
        self._known: OrderedDict[tuple[int, int], KnownProcess] = OrderedDict()
        self._cgroups = CgroupIndex()
        self._rereads: list[float] = []
        self.met = 0
        self.evicted = 0
        self.gone = 0
        self.forbidden = 0

    def find(self, pid: int, start_ns: int) -> KnownProcess:
        """The process, read from /proc if it is new and still there."""
        key = (pid, start_ns)
        process = self._known.get(key)
        if process is None:
            process = self._known[key] = KnownProcess(pid, start_ns)
            self.met += 1
            self._identify(process)
            if len(self._known) > MOST_PROCESSES:
                self._known.popitem(last=False)
                self.evicted += 1
        else:
            self._known.move_to_end(key)
        return process

    def space(self, process: KnownProcess, space_id: int) -> AddressSpace | None:
        """Where the process's code lies in the address space with this id; None when it was gone before it was read."""
        if process.space_id != space_id:
            if process.space_id:
                self._identify(process)
            process.space_id, process.space = space_id, self._read_space(process)
            self.met += 1
        return process.space

    def reread(self, process: KnownProcess) -> bool:
        """Read the mappings again, for code that was mapped meanwhile; whether that could be done: it is bounded."""
        now = time.monotonic()
        self._rereads = [at for at in self._rereads if now - at < 1.0]
        if len(self._rereads) >= REREADS_PER_SECOND or now - process.read_at < process.wait:
            return False
        self._rereads.append(now)
        before = process.space
        found = self.refresh(process)
        process.wait = min(2 * process.wait, LONGEST_WAIT) if process.space is before else SHORTEST_WAIT
        return found

    def refresh(self, process: KnownProcess) -> bool:
        """Read the mappings again; whether the process was still there."""
        space = self._read_space(process)
        if space is None:
            return False
        if process.space is not None and process.space is not space:
            lost = [mapping for mapping in process.space.mappings if mapping.has_file and mapping not in space.mappings]
            process.unmapped = (process.unmapped + lost)[-MOST_UNMAPPED:]
        process.space = space
        return True

    def cgroup(self, cgroup_id: int, process: KnownProcess) -> str:
        """The path of a process's cgroup by its folder's id, `[cgroup ID]` when it was gone before it was seen.

        Where folders of other containers are not mounted, the process tells the path itself.
        """
        told = process.info.cgroup if process.info is not None else ""
        return self._cgroups.path_of(cgroup_id) or told or (f"[cgroup {cgroup_id}]" if cgroup_id else "")

    def _identify(self, process: KnownProcess) -> None:
        info = read_process(process.pid) if process.pid else None
        if info is None or info.start_ns // CLOCK_TICK_NS != process.start_ns // CLOCK_TICK_NS:
            self.gone += bool(process.pid)
            process.labels = dict(self._own_labels)
            return
        process.info = info
        self._cgroups.remember(info.cgroup)
        self._places.labels(info.cgroup)  # now: of a container that ends, nothing can be asked later
        process.labels = {"process": info.name, "title": info.title, "exe": info.exe, **self._own_labels}

    def _read_space(self, process: KnownProcess) -> AddressSpace | None:
        process.read_at = time.monotonic()
        if not process.pid:
            return None
        try:
            space = read_address_space(process.pid, process.space)
            # One that is ending has no mappings any more, and another process may have got the number.
            if space.mappings and (process.info is None or read_start_ns(process.pid) == process.info.start_ns):
                return space
        except PermissionError:
            self.forbidden += 1
            return None
        except OSError:
            pass
        process.gone = True
        self.gone += 1
        return None
