"""Collapsed stacks, one a line: `process;outermost;...;leaf COUNT`, as flame graph tools read and write them.

Kernel frames end in `_[k]`, as is the custom; `[truncated: reason]` after the process stands for a stack that did not
reach its thread's entry. Time, threads and files have no place in this format.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ..profiles.delta import Context, Counts, Delta, Notice
from ..profiles.locations import Line, Location, frames_of
from ..profiles.printable import printable
from ..profiles.profile import Profile
from ..profiles.series import Series
from ..profiles.stacks import ROOTS, StackBuilder, StackTable
from ..profiles.target import Target
from ..profiles.view import EVERYTHING, HOST, Stretch
from ..profiles.vocabulary import Language, StackEnd
from .limits import Limits
from .opening import Reading
from .wire import Malformed

KERNEL = "_[k]"
KIND = "samples"
CHUNK = 1 << 20
LONGEST_LINE = 1 << 24
_TRUNCATED = re.compile(r"\[truncated: (\w+)\]")
_UNNAMED = re.compile(r"\[([^\[\]]+)\+0x([0-9a-f]{1,16})\]")
_COUNTED = re.compile(r"(.*\S)[ \t]+(-?\d{1,18})(?:\.\d*)?")


def encode_folded(profile: Profile, kind: str, stretch: Stretch = EVERYTHING, target: Target = HOST) -> bytes:
    """A profile's stacks of one kind, sorted; numbers of samples for `cpu`, values for other kinds.

    `;` in a name becomes `:`, control characters become escapes.
    """
    totals: Counter[tuple[int, int]] = Counter()
    wanted = [target.matches(*who) for who in zip(profile.series, profile.labels, strict=True)]
    for bucket in profile.timeline.buckets(stretch.start_ns, stretch.end_ns):
        counts = bucket.counts.get(kind, Counts())
        for node, series, number in zip(
            counts.nodes, counts.series, counts.samples if kind == "cpu" else counts.values, strict=True
        ):
            if wanted[series]:
                totals[node, series] += number
    lines: Counter[str] = Counter()
    for (node, series), number in totals.items():
        lines[";".join((_process(profile, series), *_names(profile, node)))] += number
    return "".join(f"{line} {number}\n" for line, number in sorted(lines.items()) if number).encode("utf-8", "replace")


def _process(profile: Profile, series: int) -> str:
    return _clean(profile.labels[series].get("process") or profile.series[series].comm or "unknown")


def _names(profile: Profile, node: int) -> Sequence[str]:
    names = []
    for location in profile.stacks.walk(node):
        mark = KERNEL if profile.locations[location].language is Language.KERNEL else ""
        names += [_clean(frame.name) + mark for frame in frames_of(profile.locations[location])]
    end = profile.stacks.end(node)
    if end is not StackEnd.COMPLETE:
        names.append(f"[truncated: {end.reason}]")
    return names[::-1]


def _clean(name: str) -> str:
    return printable(name).replace(";", ":").strip() or "unknown"


def read_folded(stream: Reading, limits: Limits) -> Iterator[Delta]:
    """The deltas of collapsed stacks: one bucket without a time. Lines that are not such are counted in a notice.

    Raises Malformed when no line is one, TooLarge, and what the file raises.
    """
    reader = _Reader(limits)
    for line in _lines(stream):
        reader.take(line)
    if not reader.counts:
        raise Malformed("none of its lines is a stack with a count")
    yield from reader.deltas()


def _lines(stream: Reading) -> Iterator[str]:
    rest = b""
    while chunk := stream.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Malformed(f"a line is longer than {LONGEST_LINE:,} bytes")
        yield from (line.decode("utf-8", "replace") for line in whole)
    yield rest.decode("utf-8", "replace")


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self.counts = Counts()
        self._limits = limits
        self._bad = 0
        self._stacks = StackTable()
        self._builder = StackBuilder(self._stacks)
        self._locations: dict[str, int] = {}
        self._series: dict[str, int] = {}

    def take(self, line: str) -> None:
        """Count one line."""
        if not line.strip():
            return
        match = _COUNTED.fullmatch(line.strip())
        if match is None:
            self._bad += 1
            return
        process, *names = match[1].split(";")
        end = _TRUNCATED.fullmatch(names[0]) if names else None
        try:
            places = [self._locations.setdefault(name, len(self._locations)) for name in names[1 if end else 0 :]]
            node = self._builder.node(StackEnd.from_reason(end[1]) if end else StackEnd.COMPLETE, places)
        except ValueError as error:
            raise Malformed(str(error)) from None
        self._limits.hold(len(self._stacks), self._limits.nodes, "stack frames")
        self._limits.hold(len(self.counts), self._limits.samples, "stacks")
        number = int(match[2])
        self.counts.add(node, self._series.setdefault(process, len(self._series)), max(number, 0), number)

    def deltas(self) -> Iterator[Delta]:
        """The one delta there is."""
        notice = Notice("warning", f"left out {self._bad:,} lines that are not a stack with a count")
        yield Delta(
            0,
            0,
            locations=[_location(name) for name in self._locations],
            nodes=list(zip(self._stacks.parents[ROOTS:], self._stacks.locations[ROOTS:], strict=True)),
            series=[Series(0, 0, 0, process) for process in self._series],
            counts={KIND: self.counts},
            context=Context(kinds=(KIND,), target=""),
            notices=(notice,) if self._bad else (),
            last=True,
        )


def _location(name: str) -> Location:
    language = Language.KERNEL if name.endswith(KERNEL) else Language.NATIVE
    name = name.removesuffix(KERNEL)
    binary = "[kernel]" if language is Language.KERNEL else ""
    unnamed = _UNNAMED.fullmatch(name)
    if unnamed:
        return Location(language, binary or unnamed[1], "", int(unnamed[2], 16))
    return Location(language, binary, "", 0, (Line(name),))
