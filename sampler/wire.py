"""Deltas and orders as bytes: the wire between a collector and whoever shows or keeps what it finds.

A message is a head (magic, version, length) and a msgpack map. The far end may be another machine (`--via`), so what
comes in is checked against the shapes of `profiles.delta` before it counts, and never evaluated.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import IO, Any

import msgpack

from ..profiles.delta import Context, Counts, Delta, Notice, Vitals
from ..profiles.locations import Line, Location
from ..profiles.series import Series
from ..profiles.target import CHOICES, Target, target_of
from ..profiles.vocabulary import Language

MAGIC = b"icetop"
VERSION = 1
HEAD = struct.Struct(">6sHI")
WORDS = CHOICES[1:]
"""The choices of a target that are words."""

OF_WAITS = ("target_queue", "target_turn_s", "requests", "request_s", "followed")
"""Vital signs that may not be known."""

LARGEST = 256 * 1024 * 1024


class BadMessage(Exception):
    """What came is no message of this version of icetop."""


def write_message(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message and flush it. Raises OSError when the reader is gone."""
    body = msgpack.packb(message)
    stream.write(HEAD.pack(MAGIC, VERSION, len(body)) + body)
    stream.flush()


def read_messages(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The messages of a stream until it ends. Raises BadMessage for anything else, a message cut short included."""
    while head := stream.read(HEAD.size):
        if len(head) < HEAD.size:
            raise BadMessage("it was cut short")
        magic, version, length = HEAD.unpack(head)
        if magic != MAGIC:
            raise BadMessage(f"it does not speak icetop's language, but {head[:40]!r}")
        if version != VERSION:
            raise BadMessage(f"it speaks version {version}, this icetop version {VERSION}")
        if length > LARGEST:
            raise BadMessage(f"a message of {length} bytes is too large")
        body = stream.read(length)
        if len(body) < length:
            raise BadMessage("it was cut short")
        yield _unpack(body)


def pack_delta(delta: Delta) -> dict[str, Any]:
    """A delta as plain maps, lists and bytes."""
    return {
        "span": [delta.start_ns, delta.end_ns],
        "locations": [
            [found.language.value, found.binary, found.build_id, found.offset, _pack_lines(found.lines)]
            for found in delta.locations
        ],
        "nodes": array("I", (number for node in delta.nodes for number in node)).tobytes(),
        "series": [[found.pid, found.start_ns, found.tid, found.comm, found.cgroup] for found in delta.series],
        "names": {index: _pack_lines(lines) for index, lines in delta.names.items()},
        "labels": delta.labels,
        "counts": {
            kind: [column.tobytes() for column in (counts.nodes, counts.series, counts.samples, counts.values)]
            for kind, counts in delta.counts.items()
        },
        "expected": delta.expected,
        "lost": delta.lost,
        "waits_lost": delta.waits_lost,
        "vitals": None if delta.vitals is None else asdict(delta.vitals),
        "context": None if delta.context is None else asdict(delta.context),
        "notices": [[notice.level, notice.what, notice.why, notice.mend] for notice in delta.notices],
        "stage": delta.stage,
        "reset": delta.reset,
        "last": delta.last,
    }


def unpack_delta(message: dict[str, Any]) -> Delta:
    """The delta of a message. Raises BadMessage when it is not one; ids are checked by `Profile.fold`."""
    try:
        nodes = array("I", message["nodes"])
        return Delta(
            start_ns=_integer(message["span"][0]),
            end_ns=_integer(message["span"][1]),
            locations=[_location(found) for found in message["locations"]],
            nodes=list(zip(nodes[::2], nodes[1::2], strict=True)),
            series=[_series(found) for found in message["series"]],
            names={_integer(index): _lines(lines) for index, lines in message["names"].items()},
            labels={_integer(index): _texts(labels) for index, labels in message["labels"].items()},
            counts={str(kind): _counts(columns) for kind, columns in message["counts"].items()},
            expected=_integer(message["expected"]),
            lost={str(reason): _integer(number) for reason, number in message["lost"].items()},
            waits_lost={str(reason): _integer(number) for reason, number in message["waits_lost"].items()},
            vitals=None if message["vitals"] is None else _vitals(message["vitals"]),
            context=None if message["context"] is None else _context(message["context"]),
            notices=tuple(Notice(*(str(part) for part in notice)) for notice in message["notices"]),
            stage=str(message["stage"]),
            reset=bool(message["reset"]),
            last=bool(message["last"]),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadMessage(f"a delta is damaged ({type(error).__name__}: {error})") from error


def pack_target(target: Target) -> dict[str, Any]:
    """The order to sample a target. A command cannot be ordered: it is given when the collector is started."""
    return {
        "order": "target",
        "pids": sorted(target.pids),
        **{name: sorted(getattr(target, name)) for name in WORDS},
    }


def unpack_target(message: dict[str, Any]) -> Target:
    """The target of such an order. Raises BadMessage when it is not one."""
    try:
        pids = frozenset(_integer(pid) for pid in message["pids"])
        return target_of({name: frozenset(map(str, message.get(name, ()))) for name in WORDS}, pids)
    except (KeyError, TypeError) as error:
        raise BadMessage(f"an order is damaged ({error})") from error


def _unpack(body: bytes) -> dict[str, Any]:
    try:
        message = msgpack.unpackb(body, strict_map_key=False, max_ext_len=0)
    except (ValueError, TypeError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise BadMessage(f"a message is damaged ({error})") from error
    if not isinstance(message, dict):
        raise BadMessage("a message is not a map")
    return message


def _pack_lines(lines: tuple[Line, ...]) -> list[list[Any]]:
    return [[line.function, line.file, line.line, line.start_line] for line in lines]


def _lines(found: list[Any]) -> tuple[Line, ...]:
    return tuple(Line(str(name), str(file), _integer(line), _integer(start)) for name, file, line, start in found)


def _location(found: list[Any]) -> Location:
    language, binary, build_id, offset, lines = found
    return Location(Language(language), str(binary), str(build_id), _integer(offset), _lines(lines))


def _series(found: list[Any]) -> Series:
    pid, start_ns, tid, comm, cgroup = found
    return Series(_integer(pid), _integer(start_ns), _integer(tid), str(comm), str(cgroup))


def _counts(columns: list[bytes]) -> Counts:
    nodes, series, samples, values = columns
    return Counts(array("I", nodes), array("I", series), array("I", samples), array("q", values))


def _vitals(found: dict[str, Any]) -> Vitals:
    return Vitals(
        busy_cores=float(found["busy_cores"]),
        run_queue=None if found["run_queue"] is None else float(found["run_queue"]),
        pressure=_numbers(found["pressure"], float),
        throttled=None if found["throttled"] is None else float(found["throttled"]),
        profiler_cpu_s=float(found["profiler_cpu_s"]),
        profiler_rss=_integer(found["profiler_rss"]),
        **{name: None if found[name] is None else float(found[name]) for name in OF_WAITS},
    )


def _context(found: dict[str, Any]) -> Context:
    return Context(
        host=str(found["host"]),
        kernel=str(found["kernel"]),
        cpus=_integer(found["cpus"]),
        start_ns=_integer(found["start_ns"]),
        frequency_hz=_integer(found["frequency_hz"]),
        target=str(found["target"]),
        kinds=tuple(str(kind) for kind in found["kinds"]),
        version=str(found["version"]),
        options=_texts(found["options"]),
    )


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no integer")
    return value


def _texts(found: dict[Any, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in found.items()}


def _numbers(found: dict[Any, Any], number: Callable[[Any], float]) -> dict[str, float]:
    return {str(key): number(value) for key, value in found.items()}
