"""Who the samples of a pprof file belong to: its labels as series, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Protocol

from ..profiles.series import Series
from ..profiles.vocabulary import StackEnd
from .labels import CGROUP, COMM, END, END_TIME, PID, PROCESS_START, TID
from .limits import Limits
from .pprof_input import Input
from .wire import Malformed

MOST_LABELS = 256
"""More labels at one sample are damage."""

ALIASES = {
    "process_id": PID,
    "thread id": TID,
    "thread_id": TID,
    "thread name": COMM,
    "thread_name": COMM,
}
"""What other tools call icetop's labels."""

LARGEST_ID = 1 << 31
LATEST_START = 1 << 63


class LabelMessage(Protocol):
    """A label as protobuf gives it."""

    key: int
    str: int
    num: int


class LabelList(Sized, Iterable[LabelMessage], Protocol):
    """The labels of a sample."""


class SeriesTable:
    """The series of a file, in the order in which its samples name them, and their free labels by series.

    `own` files have icetop's labels alone; in others the names of `ALIASES` count too, numeric labels that icetop does
    not know are left out, and `name` stands for a process that has none.
    """

    def __init__(self, tables: Input, name: str, own: bool, limits: Limits) -> None:
        self.series: list[Series] = []
        self.labels: dict[int, dict[str, str]] = {}
        self._tables = tables
        self._name = name
        self._own = own
        self._limits = limits
        self._time_keys = {index for index, text in enumerate(tables.strings) if text == END_TIME}
        self._known: dict[tuple[tuple[int, int, int], ...], tuple[int, StackEnd]] = {}
        self._places: dict[tuple[Series, tuple[tuple[str, str], ...]], int] = {}

    def place(self, labels: LabelList) -> tuple[int, int, StackEnd]:
        """The series that a sample's labels mean, the end of its time bucket (0: not told) and how its stack ended."""
        if len(labels) > MOST_LABELS:
            raise Malformed(f"a sample has {len(labels):,} labels")
        time_ns, rest = 0, []
        for label in labels:
            if label.key in self._time_keys:
                time_ns = label.num
            else:
                rest.append((label.key, label.str, label.num))
        key = tuple(rest)
        known = self._known.get(key)
        if known is None:
            self._limits.hold(len(self._known), self._limits.series, "different sets of labels")
            known = self._known[key] = self._new(key)
        return known[0], time_ns, known[1]

    def _new(self, key: tuple[tuple[int, int, int], ...]) -> tuple[int, StackEnd]:
        words: dict[str, str] = {}
        numbers: dict[str, int] = {}
        for name, text, number in key:
            label = self._tables.string(name)
            label = label if self._own else ALIASES.get(label, label)
            if text:
                words[label] = self._tables.string(text)
            else:
                numbers[label] = number
        if not self._own:
            self._adopt(words, numbers)
        end = StackEnd.from_reason(words.pop(END)) if END in words else StackEnd.COMPLETE
        series = Series(
            pid=_within(numbers.get(PID, 0), LARGEST_ID),
            start_ns=_within(numbers.get(PROCESS_START, 0), LATEST_START),
            tid=_within(numbers.get(TID, 0), LARGEST_ID),
            comm=words.pop(COMM, ""),
            cgroup=words.pop(CGROUP, ""),
        )
        place = self._places.setdefault((series, tuple(sorted(words.items()))), len(self.series))
        if place == len(self.series):
            self.series.append(series)
            self.labels[place] = words
        return place, end

    def _adopt(self, words: dict[str, str], numbers: dict[str, int]) -> None:
        """Take ids that another tool wrote as words, and give the process a name."""
        for label in (PID, TID):
            if words.get(label, "").isdecimal() and len(words[label]) < 10:
                numbers[label] = int(words.pop(label))
        if COMM not in words:
            words.setdefault("process", self._name)


def _within(number: int, limit: int) -> int:
    return number if 0 <= number < limit else 0
