"""Names of compiled-at-run-time code, from the perf-PID.map files that node, Java, CPython and others write.

Format: `START SIZE NAME` a line, numbers in hex: tools/perf/Documentation/jit-interface.txt of the kernel. The file
grows while it is read, and code written later takes the place of what was there before; Java writes it anew each time.
"""

from __future__ import annotations

import os
import re
import time
from array import array
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from ..profiles.vocabulary import Language
from .ranges import Ranges
from .raw_bytes import BrokenFile, FileBytes, open_regular

if TYPE_CHECKING:
    from .generated_names import GeneratedName

MOST_BYTES = 512 << 20
"""How much of a file is read; what lies beyond has no names."""

MOST_ENTRIES = 500_000
"""Entries that are kept, 24 bytes each; when there are more, those written first go."""

BYTES_PER_SECOND = 8 << 20
"""How much of all maps is read in a second: about 0.1 s of work."""

RECHECK_SECONDS = 0.5
"""How often it is looked, at most, whether a file has grown."""

MOST_SMALL, SMALL = 8, 8192
"""Parts of fewer entries than the second, as a file's growing makes them, are merged when there are more than the first
of them; the larger ones stay apart, since sorting all anew would hold up everything."""

OLDER_SECONDS = 2.0
"""A file last written so long before its process started was left behind by another process of the same number."""

_CHUNK = 1 << 20
_TAIL = 512
_LONGEST_LINE = 1024
_LARGEST = 1 << 30
_ENTRY = re.compile(rb"^(?:0x)?([0-9a-fA-F]{1,16}) (?:0x)?([0-9a-fA-F]{1,16}) (?=[^\n])", re.MULTILINE)


class MapState(str, Enum):
    """What there is of a process's perf map."""

    ABSENT = "absent"
    READ = "read"
    FOREIGN = "foreign"
    STALE = "stale"


class Allowance:
    """Bytes that may be read of all maps together: `per_second`, and no more saved up than for one second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, per_second: int = BYTES_PER_SECOND) -> None:
        self._clock = clock
        self._per_second = per_second
        self._left = float(per_second)
        self._at = clock()

    def take(self, most: int) -> int:
        """How many of `most` bytes may be read now."""
        now = self._clock()
        self._left = min(self._left + (now - self._at) * self._per_second, self._per_second)
        self._at = now
        taken = max(min(most, int(self._left)), 0)
        self._left -= taken
        return taken


class PerfMap:
    """The perf map of one process, of which `language` is known that it runs.

    `generation` grows whenever entries came or went; `state` says what there is. `counters` gets `perf_maps_refused`
    (another user's file, or an unreadable one), `perf_maps_cut`, `perf_map_lines_skipped`, `perf_map_entries_dropped`.
    """

    def __init__(
        self,
        pid: int,
        counters: Counter[str],
        clock: Callable[[], float] = time.monotonic,
        language: Language = Language.JIT,
        allowance: Allowance | None = None,
    ) -> None:
        self._pid = pid
        self._counters = counters
        self._clock = clock
        self.language = language
        self._allowance = allowance or Allowance(clock)
        self._checked_at = float("-inf")
        self._inode = (0, 0)
        self._changed_ns = 0
        self._file: FileBytes | None = None
        self._read_to = 0
        self._tail = b""
        self._runs: list[Ranges] = []
        self.generation = 0
        self.state = MapState.ABSENT

    @property
    def weight(self) -> int:
        """Bytes held."""
        return 1024 + sum(run.weight for run in self._runs)

    def drop_oldest(self) -> None:
        """Forget the part that was written first."""
        if self._runs:
            self._counters["perf_map_entries_dropped"] += len(self._runs.pop(0))

    def find(self, address: int) -> GeneratedName | None:
        """The language and the function of an address, None when the map has no such code."""
        place = self.place(address)
        if place is None or self._file is None:
            return None
        try:
            line = self._file.read_up_to(place, _LONGEST_LINE).partition(b"\n")[0]
        except BrokenFile:
            return None
        # A file that was written anew since it was read has something else there.
        match = _ENTRY.match(line)
        if match is None or not 0 <= address - int(match.group(1), 16) < int(match.group(2), 16):
            return None
        from .generated_names import read_generated_name

        return read_generated_name(line[match.end() :].decode("utf-8", "replace"), self.language)

    def place(self, address: int) -> int | None:
        """Where the entry for an address is that was written last."""
        self.refresh()
        found = (_newest(run, address) for run in reversed(self._runs))
        return next((place for place in found if place is not None), None)

    def refresh(self, at_once: bool = False) -> None:
        """Read what was added since the last time, if it is time to look."""
        now = self._clock()
        if now - self._checked_at < RECHECK_SECONDS and not at_once:
            return
        self._checked_at = now
        file = self._open()
        if file is None:
            return
        status = os.stat(file.path)
        inode = (status.st_dev, status.st_ino)
        unchanged = inode == self._inode and file.size == self._read_to and status.st_mtime_ns == self._changed_ns
        if self.state is MapState.READ and unchanged:
            return
        try:
            if inode != self._inode or not self._goes_on(file):
                self._runs, self._read_to, self._tail = [], 0, b""
            self._file, self._inode, self._changed_ns = file, inode, status.st_mtime_ns
            self._read_on(file)
        except BrokenFile:
            self._counters["perf_maps_refused"] += 1
        self.state = MapState.READ
        self.generation += 1

    def _goes_on(self, file: FileBytes) -> bool:
        """Whether a file only grew since it was read: what was read last is where it was."""
        if file.size < self._read_to:
            return False
        return not self._tail or file.read_up_to(self._read_to - len(self._tail), len(self._tail)) == self._tail

    def _open(self) -> FileBytes | None:
        """The file, opened anew, if it belongs to the process's user or to root and is not older than it."""
        try:
            inner_pid, users, started = _identity(self._pid)
            file = FileBytes(open_regular(f"/proc/{self._pid}/root/tmp/perf-{inner_pid}.map", follow=False))
            status = os.stat(file.path)
        except (OSError, ValueError, IndexError):
            return None
        state = MapState.READ
        if status.st_uid != 0 and status.st_uid not in users:
            state = MapState.FOREIGN
            self._counters["perf_maps_refused"] += 1
        elif status.st_mtime < started - OLDER_SECONDS:
            state = MapState.STALE
        if state is MapState.READ:
            return file
        self.state = state
        return None

    def _read_on(self, file: FileBytes) -> None:
        end = min(file.size, MOST_BYTES)
        if file.size > MOST_BYTES and self._read_to < MOST_BYTES:
            self._counters["perf_maps_cut"] += 1
        while self._read_to < end:
            allowed = self._allowance.take(min(_CHUNK, end - self._read_to))
            chunk = file.read_up_to(self._read_to, allowed) if allowed else b""
            size = chunk.rfind(b"\n") + 1
            if not size:
                if len(chunk) < _CHUNK:
                    return
                size = len(chunk)
            self._add(chunk[:size])
            self._read_to += size
            self._tail = chunk[max(size - _TAIL, 0) : size]

    def _add(self, text: bytes) -> None:
        starts, sizes, places = array("Q"), array("Q"), array("Q")
        for match in _ENTRY.finditer(text):
            size = int(match.group(2), 16)
            if 0 < size <= _LARGEST:
                starts.append(int(match.group(1), 16))
                sizes.append(size)
                places.append(self._read_to + match.start())
        self._counters["perf_map_lines_skipped"] += text.count(b"\n") - len(starts)
        if not starts:
            return
        self._runs.append(Ranges(starts, sizes, places))
        small = next((n for n, run in enumerate(reversed(self._runs)) if len(run) >= SMALL), len(self._runs))
        if small > MOST_SMALL:
            self._runs[-small:] = [_merged(self._runs[-small:])]
        while sum(map(len, self._runs)) > MOST_ENTRIES:
            self.drop_oldest()


def _identity(pid: int) -> tuple[int, frozenset[int], float]:
    """The pid that a process has in its own namespace; its real, effective and saved user; when it started (unix
    seconds). Raises OSError, ValueError and IndexError."""
    inner, users = pid, frozenset[int]()
    with open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"NSpid:"):
                inner = int(line.split()[-1])
            elif line.startswith(b"Uid:"):
                users = frozenset(map(int, line.split()[1:4]))
    with open(f"/proc/{pid}/stat", "rb") as file:
        ticks = int(file.read(4096).rpartition(b")")[2].split()[19])
    since_boot = ticks / os.sysconf("SC_CLK_TCK")
    return inner, users, time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot


def _newest(run: Ranges, address: int) -> int | None:
    """Where the entry for an address is that was written last."""
    return max((place for start, size, place in run.before(address) if address - start < size), default=None)


def _merged(runs: list[Ranges]) -> Ranges:
    starts, sizes, places = array("Q"), array("Q"), array("Q")
    for run in runs:
        starts += run.starts
        sizes += run.sizes
        places += run.words
    return Ranges(starts, sizes, places)
