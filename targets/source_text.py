"""Lines of a source file as a process sees it: through its root, so that files of containers are found."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from itertools import islice

MOST_BYTES = 4 << 20
"""Larger files are not read: no one writes those."""

LONGEST = 400
"""Characters of a line."""

PROC = "/proc"


def whose_root(pids: Sequence[int], in_container: bool) -> int:
    """Through whose root the files of some processes are to be read: one that still runs, the last before others. When
    all are gone it is 0, this machine's own, unless they were in a container, whose files it does not have."""
    living = [pid for pid in pids if os.path.isdir(f"{PROC}/{pid}")]
    gone = pids[-1] if pids and in_container else 0
    return living[-1] if living else gone


def source_lines(path: str, pid: int, first: int, last: int) -> list[str]:
    """Lines `first` to `last` (from 1 on) of a file, as far as there are; without a process (0) this machine's file.

    Raises OSError where it cannot be read: not there, not a plain file, too large, or not below the process's root.
    """
    root = os.path.realpath(f"{PROC}/{pid}/root") if pid else "/"
    inside = f"{PROC}/{pid}/root" if pid else ""
    if not path.startswith("/"):
        raise OSError("its folder is not known")
    if pid and root != "/":
        _check_below(inside, path)
    descriptor = os.open(inside + path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, encoding="utf-8", errors="replace") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is not a plain file")
        if status.st_size > MOST_BYTES:
            raise OSError("it is too large")
        text = file.read(MOST_BYTES)
    return [line[:LONGEST] for line in islice(text.splitlines(), max(first - 1, 0), last)]


def _check_below(inside: str, path: str) -> None:
    """Refuse a path with a link in it: one of a container's could lead out of it."""
    walked = inside
    for part in path.split("/"):
        walked = f"{walked}/{part}" if part else walked
        if part and os.path.islink(walked):
            raise OSError("there is a symbolic link in its path")
