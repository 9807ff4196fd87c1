"""A folder as a sink: a file for each window, the oldest deleted so that all together stay under a bound."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from functools import partial

from ..profiles.profile import Profile
from ..profiles.timeline import TimeLine
from ..targets.recorders import FolderLock
from .atomic import make_folder, write_whole
from .pprof_tables import Numbers
from .pprof_writer import encode_pprof
from .window_names import is_unfinished, parse_name, window_name
from .write_behind import WriteBehind

DEFAULT_KEEP = 1 << 30
"""Bytes that the windows of a recording may take together."""

MOST_NUMBERS = 1 << 15
"""Strings that keep their number from one window to the next; then all numbers begin anew."""


class FolderSink:
    """Writes windows into a folder, each whole or not at all, and deletes the oldest first.

    One recorder at a time: raises AlreadyRecording, and OSError where the folder cannot be made or written.
    The newest window is kept even where it alone is larger than the bound. Other files in the folder stay as they are.
    The folder is changed in a thread of its own, so that sampling goes on while a disk stalls.
    """

    def __init__(self, folder: str, keep: int = DEFAULT_KEEP) -> None:
        make_folder(folder)
        self._folder = folder
        self._keep = keep
        self._lock = FolderLock(folder)
        try:
            self._kept = self._take_stock()
        except BaseException:
            self._lock.close()
            raise
        self._bytes = sum(size for _, size in self._kept)
        self._writer = WriteBehind()
        self._numbers = Numbers()

    def write(self, window: Profile) -> None:
        """Keep a window. Raises OSError when it cannot be kept; the windows before it are then still there, unless
        they were over the bound. Of a disk that takes its time it is told by `late_failures`."""
        line = window.timeline
        if len(self._numbers) > MOST_NUMBERS:
            self._numbers = Numbers()
        content = encode_pprof(window, numbers=self._numbers)
        self._writer.put(partial(self._write, content, line.start_ns, line.end_ns, busy_cores(line)))

    def late_failures(self) -> list[OSError]:
        """Why windows could not be kept that `write` took, one each; each is told once."""
        return self._writer.late_failures()

    def settle(self) -> None:
        """Wait for the disk to take what was written."""
        self._writer.settle()

    def close(self) -> None:
        """Let another recorder have the folder."""
        self._lock.close()

    def _write(self, content: bytes, start_ns: int, end_ns: int, busy: float) -> None:
        self._make_room(len(content))
        name = self._new_name(start_ns, end_ns, busy)
        write_whole(os.path.join(self._folder, name), content)
        self._kept.append((name, len(content)))
        self._bytes += len(content)

    def _take_stock(self) -> deque[tuple[str, int]]:
        """The windows that are there with their sizes, oldest first; what a killed recorder left half is deleted."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if is_unfinished(entry.name):
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)
                elif parse_name(entry.name) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(FileNotFoundError):
                        found.append((entry.name, entry.stat(follow_symlinks=False).st_size))
        return deque(sorted(found))

    def _make_room(self, size: int) -> None:
        while self._kept and self._bytes + size > self._keep:
            name, gone = self._kept[0]
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self._folder, name))
            self._kept.popleft()
            self._bytes -= gone

    def _new_name(self, start_ns: int, end_ns: int, busy: float) -> str:
        number = 1
        while os.path.lexists(os.path.join(self._folder, window_name(start_ns, end_ns, busy, number))):
            number += 1
        return window_name(start_ns, end_ns, busy, number)


def busy_cores(line: TimeLine) -> float:
    """How many CPUs were busy on average."""
    length = line.end_ns - line.start_ns
    return sum(bucket.busy_core_ns for bucket in line.buckets()) / length if length else 0.0
