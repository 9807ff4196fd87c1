"""The text that `perf script` prints, as deltas.

A sample is a line that says who and when, `comm pid/tid [cpu] time: period event:`, and a line a frame, leaf first,
`address symbol+0xoffset (binary)`, up to an empty line. Which fields there are is for its user to choose; these are
those that it prints unless told otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..profiles.delta import Context, Delta, Notice
from ..profiles.locations import Line, Location
from ..profiles.series import Series
from ..profiles.timeline import SECOND
from ..profiles.vocabulary import Language
from .foreign import LONGEST_NAME, Foreign
from .limits import Limits
from .lines import lines_of
from .opening import Reading
from .wire import Malformed

HEAD = re.compile(
    r"(?P<comm>\S.{0,300}?)\s+(?P<pid>\d{1,10})(?:/(?P<tid>\d{1,10}))?\s+(?:\[\d{1,6}\]\s+)?"
    r"(?:(?P<time>\d{1,12}\.\d{1,9}):\s+)?(?:(?P<period>\d{1,18})\s+)?(?P<event>[^\s:][^\s]{0,200}):\s*"
)
LONGEST_HEAD = 1000
_ADDRESS = re.compile(r"[0-9a-f]{1,16}")
_OFFSET = re.compile(r"\+0x[0-9a-f]{1,16}$")
CLOCKS = ("cpu-clock", "task-clock")
UNKNOWN = "[unknown]"
DELETED = " (deleted))"


def read_perf_script(stream: Reading, name: str, written_ns: int, limits: Limits) -> Iterator[Delta]:
    """The deltas of the text: a kind for each event. Lines that are neither are counted in a notice. Raises Malformed
    and TooLarge."""
    reader = _Reader(limits, written_ns)
    for line in lines_of(stream):
        reader.take(line)
    reader.finish()
    if reader.foreign.empty:
        raise Malformed("none of its lines is a sample of perf script")
    bad = Notice("warning", f"left out {reader.bad:,} lines that perf script does not write")
    yield from reader.foreign.deltas(Context(target=name), (bad,) if reader.bad else ())


class _Reader:
    def __init__(self, limits: Limits, written_ns: int) -> None:
        self.foreign = Foreign(limits, written_ns)
        self.bad = 0
        self._limits = limits
        self._first: int | None = None
        self._head: re.Match[str] | None = None
        self._stack: list[int] = []
        self._places: dict[str, int] = {}

    def take(self, line: str) -> None:
        """Take in one line."""
        if not line.strip():
            self.finish()
        elif line[0].isspace() and self._head is not None:
            self._frame(line)
        elif not line.startswith("#"):
            self.finish()
            self._head = HEAD.match(line[:LONGEST_HEAD])
            self.bad += self._head is None

    def finish(self) -> None:
        """Count the sample that was read."""
        head, stack, self._head, self._stack = self._head, self._stack, None, []
        if head is None:
            return
        pid, tid = int(head["pid"]), int(head["tid"] or head["pid"])
        who = self.foreign.who(Series(_id(pid), 0, _id(tid), head["comm"]))
        timed = head["event"].split(":")[0] in CLOCKS
        kind, unit = ("cpu", "nanoseconds") if timed else (head["event"].rstrip(":"), "count")
        self.foreign.add(kind, unit, stack[::-1], who, 1, int(head["period"] or 1), self._time(head["time"]))

    def _time(self, text: str | None) -> int | None:
        if text is None:
            return None
        at = _nanoseconds(text)
        self._first = at if self._first is None else self._first
        return max(at - self._first, 0)

    def _frame(self, line: str) -> None:
        known = self._places.get(line)
        if known is None:
            location = _location(line.strip())
            if location is None:
                self.bad += 1
                return
            known = self.foreign.place(location)
            if len(self._places) < self._limits.entries:
                self._places[line] = known
        self._stack.append(known)


def _location(line: str) -> Location | None:
    """The place that a frame's line tells, None for another line."""
    address, _, rest = line.partition(" ")
    if not _ADDRESS.fullmatch(address):
        return None
    rest = f"{rest.removesuffix(DELETED)})" if rest.endswith(DELETED) else rest
    symbol, _, binary = rest.rpartition(" (") if rest.endswith(")") else (rest, "", "")
    binary = binary.removesuffix(")")[:LONGEST_NAME]
    kernel = binary.startswith(("[kernel", "[guest.kernel")) or binary.endswith((".ko", ".ko.xz", ".ko.zst"))
    name = _OFFSET.sub("", symbol[:LONGEST_NAME].strip())
    lines = (Line(name),) if name and name != UNKNOWN else ()
    language = Language.KERNEL if kernel else Language.NATIVE
    return Location(language, "" if binary == UNKNOWN else binary, "", int(address, 16), lines)


def _nanoseconds(seconds: str) -> int:
    whole, _, part = seconds.partition(".")
    return int(whole) * SECOND + int(part.ljust(9, "0")[:9])


def _id(number: int) -> int:
    return number if number < 1 << 31 else 0
