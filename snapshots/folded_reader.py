"""Collapsed stacks being read: a line is a process, frames from the root on, and a number (see `folded`).

What is done for each frame is done by the interpreter's own loops (splitting, looking names up) and by numpy.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from itertools import islice

import numpy as np

from ..profiles.delta import Context, Counts, Delta, Notice
from ..profiles.locations import Line, Location
from ..profiles.selection import IntArray
from ..profiles.series import Series
from ..profiles.vocabulary import Language
from .folded import KERNEL
from .folded_lines import Lines, take_apart
from .limits import Limits
from .node_table import NodeTable
from .opening import Reading
from .sample_types import LARGEST_COUNT
from .wire import Malformed

KIND = "samples"
FIRST_CHUNK, CHUNK = 1 << 16, 1 << 20
"""Bytes read at once, at first and later on: soon something to see, and then no more often than needed."""

LONGEST_LINE = 1 << 24
_UNNAMED = re.compile(r"\[([^\[\]]+)\+0x([0-9a-f]{1,16})\]")


def read_folded(stream: Reading, limits: Limits) -> Iterator[Delta]:
    """The deltas of collapsed stacks, one for each part of the file, of a time line without time. Lines that are not
    such are counted in a notice.

    Raises Malformed when no line is one, TooLarge, and what the file raises.
    """
    reader = _Reader(limits)
    for text in _whole_lines(stream):
        reader.take(text)
        if reader.counted:
            yield reader.delta()
    if not reader.stacks:
        raise Malformed("none of its lines is a stack with a count")
    yield reader.end()


def _whole_lines(stream: Reading) -> Iterator[bytes]:
    """The text in parts that end where lines do, without the last line's end."""
    rest, size = b"", FIRST_CHUNK
    while chunk := stream.read(size):
        whole, ended, rest = (rest + chunk).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Malformed(f"a line is longer than {LONGEST_LINE:,} bytes")
        if ended:
            yield whole
        size = CHUNK
    yield rest


class _Names(dict[bytes, int]):
    """Names by their bytes, each a number from 0 on in the order of their coming; `texts` has them by number."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}

    def __missing__(self, name: bytes) -> int:
        number = self[name] = self.texts.setdefault(name.decode("utf-8", "replace"), len(self.texts))
        return number


class _Reader:
    """Turns lines into deltas; `counted` says whether there is something for one."""

    def __init__(self, limits: Limits) -> None:
        self.stacks = 0
        self.counted = False
        self._limits = limits
        self._bad = 0
        self._nodes = NodeTable()
        self._names = _Names()
        self._processes = _Names()
        self._counts = Counts()
        self._sent = (0, 0)

    def take(self, text: bytes) -> None:
        """Count the lines of some text."""
        lines = take_apart(text)
        self._bad += lines.bad
        if not lines.numbers:
            return
        self.stacks += len(lines.numbers)
        self._limits.hold(self.stacks, self._limits.samples, "stacks")
        numbers = lines.numbers
        self._counts = Counts(
            array("I", self._leaves(lines).astype(np.uint32).tobytes()),
            array("I", map(self._processes.__getitem__, lines.processes)),
            array("I", numbers if min(numbers) >= 0 and max(numbers) <= LARGEST_COUNT else map(_samples, numbers)),
            array("q", numbers),
        )
        self.counted = True

    def _leaves(self, lines: Lines) -> IntArray:
        names = np.fromiter(map(self._names.__getitem__, lines.frames), dtype=np.int64, count=int(lines.lengths.sum()))
        try:
            leaves = self._nodes.add(lines.roots, lines.lengths, names)
        except ValueError as error:
            raise Malformed(str(error)) from None
        self._limits.hold(len(self._nodes), self._limits.nodes, "stack frames")
        return leaves

    def delta(self) -> Delta:
        """What is new."""
        names = islice(self._names.texts, self._sent[0], None)
        processes = islice(self._processes.texts, self._sent[1], None)
        counts, first = self._counts, not self._sent[1]
        delta = Delta(
            0,
            0,
            locations=[_location(name) for name in names],
            nodes=self._nodes.take(),
            series=[Series(0, 0, 0, process) for process in processes],
            counts={KIND: counts},
            context=Context(kinds=(KIND,), target="") if first else None,
        )
        self._sent, self.counted = (len(self._names.texts), len(self._processes.texts)), False
        return delta

    def end(self) -> Delta:
        """What there is to say at the end."""
        notice = Notice("warning", f"left out {self._bad:,} lines that are not a stack with a count")
        return Delta(0, 0, notices=(notice,) if self._bad else (), last=True)


def _samples(number: int) -> int:
    return min(max(number, 0), LARGEST_COUNT)


def _location(name: str) -> Location:
    language = Language.KERNEL if name.endswith(KERNEL) else Language.NATIVE
    name = name.removesuffix(KERNEL)
    binary = "[kernel]" if language is Language.KERNEL else ""
    unnamed = _UNNAMED.fullmatch(name) if name.startswith("[") else None
    if unnamed:
        return Location(language, binary or unnamed[1], "", int(unnamed[2], 16))
    return Location(language, binary, "", 0, (Line(name),))
