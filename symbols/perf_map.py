"""Names of compiled-at-run-time code, from the perf-PID.map files that node, Java, CPython and others write.

Format: `START SIZE NAME` a line, numbers in hex: tools/perf/Documentation/jit-interface.txt of the kernel. The file
grows while it is read, and code written later takes the place of what was there before.
"""

from __future__ import annotations

import os
import re
import time
from array import array
from collections import Counter
from collections.abc import Callable
from pathlib import PurePosixPath

from ..profiles.locations import Line
from ..profiles.vocabulary import Language
from .ranges import Ranges
from .raw_bytes import BrokenFile, FileBytes, open_regular

MOST_BYTES = 64 << 20
"""How much of a file is read; what lies beyond has no names."""

RECHECK_SECONDS = 0.5
"""How often it is looked, at most, whether a file has grown."""

MOST_RUNS = 8
"""Parts, read one after the other, that are kept apart before they are merged."""

_CHUNK = 1 << 20
_LONGEST_NAME = 1024
_LARGEST = 1 << 30
_ENTRY = re.compile(rb"^(?:0x)?([0-9a-fA-F]{1,16}) (?:0x)?([0-9a-fA-F]{1,16}) (?=[^\n])", re.MULTILINE)
_JAVASCRIPT = re.compile(r"(?:LazyCompile|Function|JS|Script|Eval|Builtin):[~^+*]?(\S*) (\S.*?):(\d{1,9}):\d{1,9}\Z")
_PYTHON = re.compile(r"py::(.*?):(/.*|<.*)\Z")


class PerfMap:
    """The perf map of one process. `bytes` is what it holds."""

    def __init__(self, pid: int, counters: Counter[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._pid = pid
        self._counters = counters
        self._clock = clock
        self._checked_at = float("-inf")
        self._state = (0, 0, 0)
        self._file: FileBytes | None = None
        self._read_to = 0
        self._runs: list[Ranges] = []
        self._language: Language | None = None

    @property
    def weight(self) -> int:
        """Bytes held."""
        return 1024 + sum(run.weight for run in self._runs)

    def find(self, address: int) -> tuple[Language, Line] | None:
        """The language and the function of an address, None when the map has no such code."""
        self._refresh()
        place = max((place for run in self._runs if (place := _newest(run, address)) is not None), default=None)
        if place is None or self._file is None:
            return None
        try:
            raw = self._file.read_up_to(place, _LONGEST_NAME)
        except BrokenFile:
            return None
        return self._readable(raw.partition(b"\n")[0].decode("utf-8", "replace"))

    def _readable(self, name: str) -> tuple[Language, Line]:
        if (match := _PYTHON.match(name)) is not None:
            return Language.PYTHON, Line(match.group(1), match.group(2))
        if self._language is None:
            self._language = language_of_process(self._pid)
        if self._language is Language.NODE and (match := _JAVASCRIPT.match(name)) is not None:
            function, file, line = match.groups()
            return Language.NODE, Line(function or "(anonymous)", file, 0, int(line))
        return self._language, Line(name)

    def _refresh(self) -> None:
        """Read what was added since the last time, if it is time to look."""
        now = self._clock()
        if now - self._checked_at < RECHECK_SECONDS:
            return
        self._checked_at = now
        file = self._open()
        if file is None:
            return
        status = os.stat(file.path)
        state = (status.st_dev, status.st_ino, status.st_mtime_ns)
        if state[:2] != self._state[:2] or file.size < self._read_to:
            self._runs, self._read_to = [], 0
        elif state == self._state and file.size == self._read_to:
            return
        self._file, self._state = file, state
        try:
            self._read_on(file)
        except BrokenFile:
            self._counters["perf_maps_refused"] += 1

    def _open(self) -> FileBytes | None:
        """The file, opened anew, if it belongs to the process's user or to root; None otherwise."""
        try:
            inner_pid, users = _identity(self._pid)
            path = f"/proc/{self._pid}/root/tmp/perf-{inner_pid}.map"
            file = FileBytes(open_regular(path, follow=False))
            owner = os.stat(file.path).st_uid
        except (OSError, ValueError):
            return None
        if owner != 0 and owner not in users:
            self._counters["perf_maps_refused"] += 1
            return None
        return file

    def _read_on(self, file: FileBytes) -> None:
        end = min(file.size, MOST_BYTES)
        if file.size > MOST_BYTES and self._read_to < MOST_BYTES:
            self._counters["perf_maps_cut"] += 1
        while self._read_to < end:
            chunk = file.read_up_to(self._read_to, min(_CHUNK, end - self._read_to))
            size = chunk.rfind(b"\n") + 1
            if not size:
                if len(chunk) < _CHUNK:
                    return
                size = len(chunk)
            self._add(chunk[:size])
            self._read_to += size

    def _add(self, text: bytes) -> None:
        starts, sizes, places = array("Q"), array("Q"), array("Q")
        for match in _ENTRY.finditer(text):
            size = int(match.group(2), 16)
            if 0 < size <= _LARGEST:
                starts.append(int(match.group(1), 16))
                sizes.append(size)
                places.append(self._read_to + match.end())
        self._counters["perf_map_lines_skipped"] += text.count(b"\n") - len(starts)
        if not starts:
            return
        self._runs.append(Ranges(starts, sizes, places))
        if len(self._runs) > MOST_RUNS:
            self._runs = [_merged(self._runs)]


def language_of_process(pid: int) -> Language:
    """The language of code that a process makes at run time, by the name of its executable."""
    try:
        name = PurePosixPath(os.readlink(f"/proc/{pid}/exe")).name
    except OSError:
        return Language.JIT
    if name.startswith("node"):
        return Language.NODE
    return Language.JAVA if name.startswith("java") else Language.JIT


def _identity(pid: int) -> tuple[int, frozenset[int]]:
    """The pid that a process has in its own namespace, and its real, effective and saved user. Raises OSError."""
    inner, users = pid, frozenset[int]()
    with open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"NSpid:"):
                inner = int(line.split()[-1])
            elif line.startswith(b"Uid:"):
                users = frozenset(map(int, line.split()[1:4]))
    return inner, users


def _newest(run: Ranges, address: int) -> int | None:
    """Where the name is of the entry for an address that was written last."""
    return max((place for start, size, place in run.before(address) if address - start < size), default=None)


def _merged(runs: list[Ranges]) -> Ranges:
    starts, sizes, places = array("Q"), array("Q"), array("Q")
    for run in runs:
        starts += run.starts
        sizes += run.sizes
        places += run.words
    return Ranges(starts, sizes, places)
