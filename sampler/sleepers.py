"""Threads that were asleep when icetop came: its programs see them only when they wake, /proc tells them before."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..profiles.target import Target, is_within
from ..targets.cgroups import own_layout, parse_memberships
from ..targets.processes import read_start_ns, split_stat
from ..targets.threads import thread_delay, thread_ids, thread_name
from .who import Who

MOST_PROCESSES, MOST_THREADS = 4096, 512
"""Processes and threads looked at, once, 30 and 60 us each."""

MOST_FRAMES = 64
"""Functions of the kernel kept of a stack."""

ASLEEP = ("S", "D")


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A thread that sleeps: `functions` are those of the kernel that it waits in, leaf first; they may not be readable.
    What it waits for in user code is not known. `turns` says how often it has had a CPU."""

    who: Who
    functions: tuple[str, ...]
    turns: int

    @property
    def woke(self) -> bool:
        """Whether it has had a CPU since."""
        return _turns(self.who.pid, self.who.tid) != self.turns


class Sleepers:
    """The target's sleeping threads, found before anybody follows its switches: a thread that has woken since may be
    followed already. `left_out` says that there were more than are looked at."""

    def __init__(self, target: Target, cgroups: Collection[str] = ()) -> None:
        self.left_out = False
        self._found = list(self._asleep(target, cgroups))

    def hand_over(self, put: Callable[[Sleeper], object]) -> None:
        """Have their waits counted by `put`. To be called once."""
        for found in self._found:
            put(found)
        self._found.clear()

    def _asleep(self, target: Target, cgroups: Collection[str]) -> Iterator[Sleeper]:
        left = MOST_THREADS
        for pid in target_pids(target, cgroups):
            with suppress(OSError, ValueError, IndexError):
                start = read_start_ns(pid)
                threads = thread_ids(pid, left + 1)
                self.left_out |= len(threads) > left
                for thread in threads[:left]:
                    left -= 1
                    sleeper = _sleeper(pid, thread, start or 0)
                    if sleeper is not None:
                        yield sleeper


def _sleeper(pid: int, thread: int, start_ns: int) -> Sleeper | None:
    turns = _turns(pid, thread)
    with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
        state = split_stat(file.read())[1][0]
    if not start_ns or not turns or state not in ASLEEP:
        return None
    return Sleeper(Who(0, start_ns, 0, pid, thread, thread_name(pid, thread)), _functions(pid, thread), turns)


def target_pids(target: Target, cgroups: Collection[str]) -> Iterator[int]:
    """The processes of a target that run now, of the whole machine where it has none. `cgroups` are the paths of groups
    that its names mean; icetop itself is none of it."""
    yield from sorted(target.pids)
    if target.command or not (target.comms or target.cgroups or target.by_place or not target):
        return
    folders, layout = {*target.cgroups, *cgroups}, own_layout()
    for pid in sorted(map(int, filter(str.isdecimal, os.listdir("/proc"))))[:MOST_PROCESSES]:
        if pid == os.getpid() or pid in target.pids:
            continue
        with suppress(OSError, ValueError):
            if not target or (target.comms and thread_name(pid, pid) in target.comms):
                if os.stat(f"/proc/{pid}/exe"):  # a thread of the kernel has none
                    yield pid
            elif folders and layout is not None:
                with open(f"/proc/{pid}/cgroup", errors="replace") as file:
                    path = layout.path_of(parse_memberships(file.read(1 << 16)))
                if any(is_within(path, folder) for folder in folders):
                    yield pid


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
