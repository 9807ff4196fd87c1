"""Profiles in other tools' text formats being read: names become places, stacks, threads; samples buckets of time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..profiles.delta import Context, Delta, Notice
from ..profiles.locations import Line, Location
from ..profiles.profile import UNIT_OPTION
from ..profiles.series import Series
from ..profiles.stacks import DEEPEST, ROOTS
from ..profiles.vocabulary import Language, StackEnd, unit_of
from .file_time import FileTime
from .limits import Limits
from .wire import Malformed

LONGEST_NAME = 4096
LATEST_NS = 1 << 62
BEGIN_NS = 1 << 60
"""Where time lines without a date begin while they are read."""

NO_DATE = Notice("info", "the file has no date", "its time line ends when the file was last written")


class Foreign:
    """Takes samples and gives them as deltas. Raises TooLarge and Malformed.

    `written_ns` is when the file was written: there the time line of samples ends that have a time, but no date.
    """

    def __init__(self, limits: Limits, written_ns: int) -> None:
        self._limits = limits
        self._written_ns = written_ns
        self._nodes: dict[tuple[int, int], int] = {}
        self._places: dict[Location, int] = {}
        self._series: dict[Series, int] = {}
        self._labels: dict[int, dict[str, str]] = {}
        self._time = FileTime(BEGIN_NS, 0, [])
        self._units: dict[str, str] = {}
        self._samples = 0

    def place(self, location: Location) -> int:
        """The id of a location."""
        known = self._places.setdefault(location, len(self._places))
        self._limits.hold(len(self._places), self._limits.entries, "places in code")
        return known

    def function(self, name: str, file: str = "", line: int = 0, language: Language = Language.NATIVE) -> int:
        """The id of a function that is known by its name alone."""
        function = Line(name[:LONGEST_NAME] or "(anonymous)", file[:LONGEST_NAME], 0, max(line, 0))
        return self.place(Location(language, "", "", 0, (function,)))

    def who(self, series: Series, **labels: str) -> int:
        """The id of a thread."""
        known = self._series.setdefault(series, len(self._series))
        if known not in self._labels:
            self._labels[known] = {key: text[:LONGEST_NAME] for key, text in labels.items() if text}
        self._limits.hold(len(self._series), self._limits.series, "threads")
        return known

    def add(
        self,
        kind: str,
        unit: str,
        stack: Sequence[int],
        series: int,
        samples: int,
        value: float,
        time_ns: float | None = None,
        end: StackEnd = StackEnd.COMPLETE,
    ) -> None:
        """Count a stack, root first. `time_ns` is since some moment that all samples share, None where not known."""
        if len(stack) > DEEPEST:
            raise Malformed(f"a stack is deeper than {DEEPEST} frames")
        node, nodes = int(end), self._nodes
        for place in stack:
            node = nodes.setdefault((node, place), ROOTS + len(nodes))
        self._limits.hold(len(nodes), self._limits.nodes, "stack frames")
        self._samples += 1
        self._limits.hold(self._samples, self._limits.samples, "samples")
        self._units.setdefault(kind, unit)
        at = 0 if time_ns is None else BEGIN_NS + max(whole_number(time_ns), 0) + 1
        self._time.add(at, kind, node, series, min(max(samples, 0), 0xFFFFFFFF), whole_number(value))

    @property
    def empty(self) -> bool:
        """Whether nothing was counted."""
        return not self._samples

    def deltas(self, context: Context, notices: Sequence[Notice] = ()) -> Iterator[Delta]:
        """The tables, then a delta for each bucket of time."""
        units = {UNIT_OPTION + kind: unit for kind, unit in self._units.items() if unit != unit_of(kind)}
        kinds = tuple(self._units) or context.kinds
        buckets = self._time.deltas() or [Delta(BEGIN_NS, BEGIN_NS)]
        timed = buckets[-1].end_ns > BEGIN_NS
        moved = self._move(buckets)
        yield Delta(
            moved[0].start_ns,
            moved[0].start_ns,
            locations=list(self._places),
            nodes=list(self._nodes),
            series=list(self._series),
            labels=self._labels,
            context=replace(context, start_ns=moved[0].start_ns, kinds=kinds, options={**context.options, **units}),
            notices=(*notices, NO_DATE) if timed else tuple(notices),
        )
        yield from moved[:-1]
        yield replace(moved[-1], last=True)

    def _move(self, buckets: list[Delta]) -> list[Delta]:
        """The buckets at the time that is shown: up to when the file was written, or without a time."""
        if buckets[-1].end_ns == BEGIN_NS:
            return [replace(bucket, start_ns=0, end_ns=0) for bucket in buckets]
        by = max(self._written_ns - buckets[-1].end_ns, -buckets[0].start_ns)
        return [replace(bucket, start_ns=bucket.start_ns + by, end_ns=bucket.end_ns + by) for bucket in buckets]


def whole_number(value: float) -> int:
    """A number as a 63-bit integer; Malformed for what is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise Malformed("a number is missing or is none")
    if abs(value) > LATEST_NS:
        raise Malformed("a number is too large")
    return round(value)
