"""What the files of a recording are called: all that is needed to list it and to draw its time line, so that names are
the index.

`20261121T140310.250Z-10.001s-1.85cores.pb.gz` began at 14:03:10.250 (UTC) and lasted 10.001 s, in which 1.85 CPUs were
busy. Names sort by time. A window that begins where another already does (a clock that was set back) has `~2` and so on
before its ending.
"""

from __future__ import annotations

import re
from calendar import timegm
from dataclasses import dataclass
from time import gmtime, strftime

from ..profiles.timeline import SECOND

ENDING = ".pb.gz"
MILLISECOND = 1_000_000
_NAME = re.compile(
    r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{3})Z-(\d{1,9})\.(\d{3})s(?:-(\d{1,6}\.\d\d)cores)?(?:~\d{1,6})?\.pb\.gz",
    re.ASCII,
)
_UNFINISHED = re.compile(r"\.\d{8}T\d{6}\.\d{3}Z-.*\.pb\.gz\..*", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The time that a file of a recording covers, in unix nanoseconds, and how many CPUs were busy (0: not told), as
    its name tells it, and that name."""

    start_ns: int
    end_ns: int
    name: str
    busy_cores: float = 0.0


def window_name(start_ns: int, end_ns: int, busy_cores: float = 0.0, number: int = 1) -> str:
    """The name of the window from `start_ns` to `end_ns`; `number` tells apart those that would have the same."""
    seconds, rest = divmod(start_ns, SECOND)
    length = max(end_ns - start_ns, 0) // MILLISECOND
    again = f"~{number}" if number > 1 else ""
    began = f"{strftime('%Y%m%dT%H%M%S', gmtime(seconds))}.{rest // MILLISECOND:03}Z"
    return f"{began}-{length // 1000}.{length % 1000:03}s-{busy_cores:.2f}cores{again}{ENDING}"


def parse_name(name: str) -> Window | None:
    """The window that a file's name tells; None for a file that is not one of a recording's."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    *numbers, cores = match.groups()
    year, month, day, hour, minute, second, milliseconds, length, fraction = map(int, numbers)
    if not (1970 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    start = timegm((year, month, day, hour, minute, second)) * SECOND + milliseconds * MILLISECOND
    return Window(start, start + length * SECOND + fraction * MILLISECOND, name, float(cores or 0))


def is_unfinished(name: str) -> bool:
    """Whether a name is that of a window still being written, or left over from a recorder that was killed."""
    return _UNFINISHED.fullmatch(name) is not None
