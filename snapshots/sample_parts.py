"""Samples of a pprof file in parts that come again and again, each taken apart once.

Protobuf joins messages by concatenation, so that a part that is a message of its own means the same wherever it stands.
A sample of icetop's is its locations, then what changes little (values, thread, labels), then its time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from google.protobuf.message import DecodeError

from . import profile_pb2 as pprof
from .wire import Malformed, number_at, varint

PACKED_LOCATIONS = 0x0A
"""The first byte of a sample that begins with its locations: field 1 of wire type 2."""

MOST_KNOWN = 1 << 15
"""Parts that are remembered; then all are forgotten."""


class Counted(NamedTuple):
    """What a sample says beside its stack: its series, time (0: not told), how its stack ended (the root's id), and for
    each kind the number of samples and their value."""

    series: int
    time_ns: int
    end: int
    values: list[tuple[int, int]]


class SampleParts:
    """Takes samples apart. `read` says what the message of a sample means, `is_time` whether a label's key (its place
    among the strings) is that of its time."""

    def __init__(self, read: Callable[[pprof.Sample], Counted], is_time: Callable[[int], bool]) -> None:
        self._read = read
        self._is_time = is_time
        self._known: dict[bytes, Counted] = {}
        self._times: dict[bytes, int] = {b"": 0}
        self._time_size = 0

    def of(self, content: bytes) -> tuple[bytes, Counted, int]:
        """The ids of a sample's locations as they are in it, leaf first, what else it says, and its time. Raises
        DecodeError, Malformed, and what `read` raises."""
        locations, rest = _cut(content)
        end = len(rest) - self._time_size
        counted, time_ns = self._known.get(rest[:end]), self._times.get(rest[end:])
        if counted is None or time_ns is None:
            return self._learn(content, locations, rest)
        return locations, counted, time_ns or counted.time_ns

    def _learn(self, content: bytes, locations: bytes, rest: bytes) -> tuple[bytes, Counted, int]:
        whole = pprof.Sample.FromString(content)
        self._time_size = self._size_of_time(whole)
        end = len(rest) - self._time_size
        try:
            middle, time = pprof.Sample.FromString(rest[:end]), pprof.Sample.FromString(rest[end:])
        except DecodeError:
            middle, time = whole, whole
        if middle.location_id or time.location_id or time.value or len(time.label) != bool(self._time_size):
            counted = self._read(whole)
            return b"".join(varint(identity) for identity in whole.location_id), counted, counted.time_ns
        if len(self._known) + len(self._times) > MOST_KNOWN:
            self._known, self._times = {}, {b"": 0}
        counted = self._known[rest[:end]] = self._read(middle)
        time_ns = self._times[rest[end:]] = time.label[0].num if time.label else 0
        return locations, counted, time_ns or counted.time_ns

    def _size_of_time(self, sample: pprof.Sample) -> int:
        """The bytes of the last label where that is the time; else 0."""
        if not sample.label or not self._is_time(sample.label[-1].key):
            return 0
        size = sample.label[-1].ByteSize()
        return 1 + len(varint(size)) + size


def _cut(content: bytes) -> tuple[bytes, bytes]:
    """What a sample's locations take, where it begins with them, and the rest."""
    if not content or content[0] != PACKED_LOCATIONS:
        return b"", content
    try:
        length, at = number_at(content, 1)
    except Malformed:
        return b"", content
    return content[at : at + length], content[at + length :]
