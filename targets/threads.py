"""Threads as /proc tells them, and by the number that their own process knows them by: another, in a container."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")

FRESH_SECONDS = 5.0
"""How long the threads of a process are believed."""

MOST_PROCESSES, MOST_THREADS = 256, 4096
"""Processes whose threads are remembered, and threads looked at of one."""


class Threads:
    """Finds threads, and remembers those of the processes asked for last. Never raises."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[float, dict[int, int]]] = OrderedDict()

    def of(self, pid: int, inner: int) -> int:
        """The thread of a process that has this number in the process's own PID namespace; 0 where there is none."""
        read_at, threads = self._known.get(pid, (-FRESH_SECONDS, {}))
        if inner not in threads and time.monotonic() - read_at > FRESH_SECONDS:
            threads = _numbers(pid)
            self._known[pid] = (time.monotonic(), threads)
            if len(self._known) > MOST_PROCESSES:
                self._known.popitem(last=False)
        return threads.get(inner, 0)


def _numbers(pid: int) -> dict[int, int]:
    """The threads of a process by their numbers in its own namespace (`NSpid` of proc(5))."""
    found: dict[int, int] = {}
    with suppress(OSError, ValueError):
        threads = thread_ids(pid, MOST_THREADS)
        if len(_namespace_numbers(pid, pid)) < 2:
            return {thread: thread for thread in threads}
        for thread in threads:
            with suppress(OSError):
                found[_namespace_numbers(pid, thread)[-1]] = thread
    return found


def _namespace_numbers(pid: int, thread: int) -> list[int]:
    with open(f"/proc/{pid}/task/{thread}/status", errors="replace") as file:
        words = next((line.split()[1:] for line in file if line.startswith("NSpid:")), [])
    return [int(word) for word in words] or [thread]


def thread_ids(pid: int, most: int, proc: Path = PROC) -> list[int]:
    """The threads of a process, so many at most. Raises OSError when it is gone."""
    return [int(name) for name in os.listdir(f"{proc}/{pid}/task")[:most]]


def thread_delay(pid: int, thread: int, proc: Path = PROC) -> tuple[int, int] | None:
    """Nanoseconds that a thread has waited for a CPU, and its turns on one (Documentation/scheduler/sched-stats.rst);
    None where that is not to be had."""
    try:
        with open(f"{proc}/{pid}/task/{thread}/schedstat") as file:
            words = file.read().split()
        return int(words[1]), int(words[2])
    except (OSError, ValueError, IndexError):
        return None


def thread_name(pid: int, thread: int) -> str:
    """What the kernel calls a thread; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/task/{thread}/comm", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
