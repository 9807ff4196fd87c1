"""Threads that were asleep when icetop came: its programs see them only when they wake, /proc tells them before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..targets.processes import as_proc_counts, read_start_ns, split_stat
from ..targets.threads import thread_delay, thread_ids, thread_name
from .who import Who

MOST_THREADS = 512
"""Threads looked at, 60 us each in the beginning and 15 us at each reading."""

MOST_FRAMES = 64
"""Functions of the kernel kept of a stack."""

ASLEEP = ("S", "D")


@dataclass(slots=True)
class Sleeper:
    """A thread that has not run since `told_ns` was set first: it was told up to then. `functions` are those of the
    kernel that it waits in, leaf first; they may not be readable. What it waits for in user code is not known."""

    who: Who
    functions: tuple[str, ...]
    turns: int
    told_ns: int


class Sleepers:
    """Tells what such threads of some processes wait, until each wakes: from then on the kernel's programs do."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._sleepers = dict(_asleep(pids))
        self._starts = {(one.who.pid, one.who.start_ns) for one in self._sleepers.values()}

    def told(self) -> list[tuple[Sleeper, int]]:
        """Those that still sleep, and the nanoseconds since the last time. What is left of a thread's sleep when it
        wakes between two readings is not told."""
        found = []
        for thread, sleeper in list(self._sleepers.items()):
            now = time.monotonic_ns()
            if _turns(sleeper.who.pid, thread) != sleeper.turns:
                del self._sleepers[thread]
            else:
                found.append((sleeper, now - sleeper.told_ns))
                sleeper.told_ns = now
        return found

    def start_of(self, pid: int, start_ns: int) -> int:
        """When a process started, as it was told of its sleepers: /proc rounds it."""
        told = as_proc_counts(start_ns)
        return told if (pid, told) in self._starts else start_ns


def _asleep(pids: Iterable[int]) -> Iterator[tuple[int, Sleeper]]:
    left = MOST_THREADS
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            start = read_start_ns(pid)
            for thread in thread_ids(pid, left):
                left -= 1
                turns = _turns(pid, thread)
                with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
                    state = split_stat(file.read())[1][0]
                if start is not None and turns and state in ASLEEP:
                    who = Who(0, start, 0, pid, thread, thread_name(pid, thread))
                    yield thread, Sleeper(who, _functions(pid, thread), turns, time.monotonic_ns())


def _turns(pid: int, thread: int) -> int:
    """How often a thread got a CPU; 0 where that is not to be had."""
    delay = thread_delay(pid, thread)
    return delay[1] if delay is not None else 0


def _functions(pid: int, thread: int) -> tuple[str, ...]:
    """`[<0>] futex_do_wait+0x3d/0x70`, a line each, leaf first."""
    with suppress(OSError, IndexError), open(f"/proc/{pid}/task/{thread}/stack", errors="replace") as file:
        lines = [line.split() for line in file.read(1 << 14).splitlines()[:MOST_FRAMES]]
        return tuple(words[1].partition("+")[0] for words in lines if len(words) > 1)
    return ()
