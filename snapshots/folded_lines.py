"""Lines of collapsed stacks taken apart: where all of them are plain, a megabyte at once, without a loop over lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import numpy.typing as npt

from ..profiles.selection import IntArray
from ..profiles.vocabulary import StackEnd
from .folded import TRUNCATED

MARK = TRUNCATED.encode()
MOST_DIGITS = 18
_MARK = re.compile(r"\[truncated: (\w+)\]")
_COUNTED = re.compile(r"(.*\S)[ \t]+(-?\d{1,18})(?:\.\d*)?")
_NEWLINE, _BLANK, _SEMICOLON, _LAST = b"\n"[0], b" "[0], b";"[0], b"~"[0]


@dataclass(frozen=True, slots=True)
class Lines:
    """Some stacks: the process, the root node and the count of each, and how many of `frames` are its own, root first.

    `bad` is how many lines were none.
    """

    processes: Sequence[bytes]
    roots: IntArray
    lengths: IntArray
    frames: Iterable[bytes]
    numbers: list[int]
    bad: int = 0


def take_apart(text: bytes) -> Lines:
    """What the lines of a text say."""
    return _all_at_once(text) or _one_by_one(text.split(b"\n"))


def _all_at_once(text: bytes) -> Lines | None:
    """None where a line is not a plain stack, a blank and digits, or says how its stack ended."""
    if MARK in text:
        return None
    codes = np.frombuffer(text + b"\n", dtype=np.uint8)
    borders = np.flatnonzero((codes == _SEMICOLON) | (codes == _NEWLINE))
    last = np.flatnonzero(codes[borders] == _NEWLINE)
    first = np.concatenate(([0], last[:-1] + 1))
    if not _plain(codes, borders[last]):
        return None
    fields = text.replace(b"\n", b";").split(b";")
    numbers = []
    for place in last.tolist():
        fields[place], blank, number = fields[place].rpartition(b" ")
        if not blank:
            return None
        numbers.append(number)
    if not b"".join(numbers).isdigit():
        return None
    framed = np.ones(len(fields), dtype=np.bool_)
    framed[first] = False
    processes = [fields[place] for place in first.tolist()]
    roots = np.zeros(len(first), dtype=np.int64)
    return Lines(processes, roots, last - first, compress(fields, framed.tobytes()), [int(n) for n in numbers])


def _plain(codes: npt.NDArray[np.uint8], ends: IntArray) -> bool:
    """Whether each line, up to its end, has a last blank with enough and not too much on either side."""
    begins = np.concatenate(([0], ends[:-1] + 1))
    blanks = np.flatnonzero(codes == _BLANK)
    places = np.searchsorted(blanks, ends) - 1
    if places[0] < 0:
        return False
    blank = blanks[places]
    digits = ends - blank - 1
    if (blank <= begins).any() or digits.min() < 1 or digits.max() > MOST_DIGITS:
        return False
    edges = np.concatenate((codes[begins], codes[blank - 1]))
    return bool(edges.min() > _BLANK and edges.max() <= _LAST)


def _one_by_one(lines: list[bytes]) -> Lines:
    """Those that neither begin nor end with what may be a blank need no closer look."""
    stacks: list[bytes] = []
    numbers: list[int] = []
    bad = 0
    for line in lines:
        stack, _, number = line.rpartition(b" ")
        if number.isdigit() and len(number) <= MOST_DIGITS and stack and _seen(stack[0]) and _seen(stack[-1]):
            stacks.append(stack)
            numbers.append(int(number))
        elif line and not (text := line.decode("utf-8", "replace")).isspace():
            match = _COUNTED.fullmatch(text.strip())
            if match is None:
                bad += 1
            else:
                stacks.append(match[1].encode("utf-8", "replace"))
                numbers.append(int(match[2]))
    return _split(stacks, numbers, bad)


def _seen(code: int) -> bool:
    return _BLANK < code <= _LAST


def _split(stacks: list[bytes], numbers: list[int], bad: int) -> Lines:
    processes: list[bytes] = []
    roots: list[int] = []
    ways: list[bytes] = []
    lengths: list[int] = []
    for stack in stacks:
        process, framed, way = stack.partition(b";")
        end = _end(way) if way.startswith(MARK) else None
        if end is not None:
            _, framed, way = way.partition(b";")
        processes.append(process)
        roots.append(end or 0)
        lengths.append(way.count(b";") + 1 if framed else 0)
        if framed:
            ways.append(way)
    frames = b";".join(ways).split(b";") if ways else []
    root_column, length_column = (np.array(column, dtype=np.int64) for column in (roots, lengths))
    return Lines(processes, root_column, length_column, frames, numbers, bad)


def _end(way: bytes) -> StackEnd | None:
    """How a stack ended that says so first; None where it does not."""
    match = _MARK.fullmatch(way.partition(b";")[0].decode("utf-8", "replace"))
    return None if match is None else StackEnd.from_reason(match[1])
