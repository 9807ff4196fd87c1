"""How the target fares: how long its threads wait for a CPU, and whether its control groups are throttled."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .cgroups import CgroupLayout, own_layout, parse_memberships
from .threads import PROC, thread_delay, thread_ids
from .throttling import parse_throttling, share, throttling_file

MOST_THREADS = 512
"""Threads looked at, 10 us each; the target's others are not counted."""

MOST_GROUPS = 32
"""Control groups looked at, those above the target's own included: a limit may stand on any of them."""


@dataclass(frozen=True, slots=True)
class TargetVitals:
    """Since the reading before: `run_queue` is seconds waited for a CPU a second, `turn` the mean wait before each turn
    on one, in seconds, `throttled` the share of periods that were. None: not known, or nothing to tell."""

    run_queue: float | None = None
    turn: float | None = None
    throttled: float | None = None


@dataclass(slots=True)
class TargetVitalsReader:
    """Reads them for processes, and for control groups by their paths."""

    proc: Path = PROC
    layout: CgroupLayout | None = field(default_factory=own_layout)
    _threads: dict[int, tuple[int, int]] = field(default_factory=dict)
    _periods: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _at: float = 0.0

    def read(self, pids: Collection[int], cgroups: Collection[str]) -> TargetVitals:
        """The vital signs since the last call; the first call tells nothing."""
        now = time.monotonic()
        elapsed, self._at = now - self._at, now
        before, self._threads = self._threads, dict(self._delays(pids))
        both = [(before[thread], told) for thread, told in self._threads.items() if thread in before]
        throttled = self._throttled({*cgroups, *self._groups_of(pids)})
        if not both:
            return TargetVitals(throttled=throttled)
        delay = sum(now[0] - was[0] for was, now in both) / 1e9
        turns = sum(now[1] - was[1] for was, now in both)
        return TargetVitals(max(delay, 0.0) / elapsed, delay / turns if turns > 0 else None, throttled)

    def _delays(self, pids: Collection[int]) -> Iterator[tuple[int, tuple[int, int]]]:
        """(thread, (ns waited for a CPU, turns on one))."""
        left = MOST_THREADS
        for pid in pids:
            with suppress(OSError, ValueError):
                for thread in thread_ids(pid, left, self.proc):
                    left -= 1
                    delay = thread_delay(pid, thread, self.proc)
                    if delay is not None:
                        yield thread, delay

    def _groups_of(self, pids: Collection[int]) -> set[str]:
        """The groups that processes are in, where CPU time is limited."""
        found: set[str] = set()
        for pid in list(pids)[:MOST_GROUPS]:
            with suppress(OSError):
                paths = parse_memberships((self.proc / f"{pid}/cgroup").read_text(errors="replace"))
                found.update(path for controller, path in paths.items() if controller in ("cpu", ""))
        return found

    def _throttled(self, cgroups: Collection[str]) -> float | None:
        """The largest share of throttled periods among the groups and those above them."""
        every = {str(path) for group in cgroups for path in (Path(group), *Path(group).parents)}
        before, self._periods = self._periods, {}
        for group in sorted(every - {"/"})[:MOST_GROUPS]:
            file = throttling_file(group, self.layout)
            with suppress(OSError):
                told = parse_throttling(file.read_text()) if file is not None else None
                if told is not None and file is not None:
                    self._periods[file] = told
        shares = [share(before.get(file), told) for file, told in self._periods.items()]
        return max((found for found in shares if found is not None), default=None)
