"""Where the running kernel keeps what: struct offsets and enum values from its BTF.

The format is Documentation/bpf/btf.rst: a header, then types as records of varying length, then a string table.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

VMLINUX = Path("/sys/kernel/btf/vmlinux")
MAGIC = 0xEB9F
KIND_STRUCT, KIND_UNION, KIND_ENUM = 4, 5, 6
TRANSPARENT = frozenset({8, 9, 10, 11, 18})
"""Typedef, volatile, const, restrict and type tag: they stand for the type they refer to."""

MOST_TRANSPARENT = 64
"""The longest chain of such types that is followed."""

# Bytes that follow a type record, by kind: fixed, and for each of its `vlen` members.
_EXTRA = {1: 4, 3: 12, 14: 4, 17: 4}
_MEMBER = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}


class NoBtf(Exception):
    """The kernel has no BTF, or none that can be read."""


@contextlib.contextmanager
def _believing() -> Iterator[None]:
    """What points outside of the data is no BTF."""
    try:
        yield
    except (struct.error, IndexError, ValueError, RecursionError):
        raise NoBtf("it points outside of itself") from None


class Btf:
    """An index of a kernel's types. Building it takes about 0.1 s: keep what was asked of it."""

    def __init__(self, data: bytes) -> None:
        try:
            magic, _, _, header, types, types_length, strings, strings_length = struct.unpack_from("=HBBIIIII", data)
        except struct.error:
            raise NoBtf("it is cut short") from None
        if magic != MAGIC or header + strings + strings_length > len(data):
            raise NoBtf("it is not what its header says")
        self._data = data
        self._strings = header + strings
        self._records: list[int] = [0]
        self._named: dict[tuple[int, int], int] = {}
        with _believing():
            self._index(header + types, header + types + types_length)

    def offset(self, struct_name: str, member: str) -> int | None:
        """The offset of a member in bytes, also through anonymous structs and unions; None when there is none.

        `member` may be a path: `thread.fsbase`.
        """
        record = self._find(KIND_STRUCT, struct_name)
        total = 0
        for name in member.split("."):
            with _believing():
                found = None if record is None else self._member(record, name)
                if found is None:
                    return None
                total += found[0]
                record = self._records[self._resolve(found[1])]
        return total

    def size(self, struct_name: str) -> int | None:
        """The size of a struct in bytes."""
        record = self._find(KIND_STRUCT, struct_name)
        return None if record is None else self._word(record + 8)

    def enum_value(self, enum_name: str, member: str) -> int | None:
        """The value of an enum's member."""
        record = self._find(KIND_ENUM, enum_name)
        if record is None:
            return None
        with _believing():
            for place in range(record + 12, record + 12 + 8 * self._members(record), 8):
                if self._string(self._word(place)) == member:
                    return self._word(place + 4)
        return None

    def _index(self, place: int, end: int) -> None:
        unpack = struct.Struct("=II").unpack_from
        data, records, named = self._data, self._records, self._named
        while place < end:
            name, info = unpack(data, place)
            kind = info >> 24 & 0x1F
            if name and kind in (KIND_STRUCT, KIND_ENUM):
                named.setdefault((kind, name), place)
            records.append(place)
            place += 12 + _EXTRA.get(kind, 0) + _MEMBER.get(kind, 0) * (info & 0xFFFF)

    def _find(self, kind: int, name: str) -> int | None:
        """The record of a named type, through each place in the string table where the name stands on its own."""
        wanted, place = b"\0" + name.encode() + b"\0", self._strings
        while (place := self._data.find(wanted, place)) >= 0:
            record = self._named.get((kind, place + 1 - self._strings))
            if record is not None:
                return record
            place += 1
        return None

    def _member(self, record: int, name: str) -> tuple[int, int] | None:
        """(byte offset, type id) of a member."""
        bitfields = self._word(record + 4) >> 31
        for place in range(record + 12, record + 12 + 12 * self._members(record), 12):
            text, kind, bits = struct.unpack_from("=III", self._data, place)
            offset = (bits & 0xFFFFFF if bitfields else bits) // 8
            if text and self._string(text) == name:
                return offset, kind
            if not text:
                inner = self._member(self._records[self._resolve(kind)], name)
                if inner is not None:
                    return offset + inner[0], inner[1]
        return None

    def _resolve(self, kind: int) -> int:
        for _ in range(MOST_TRANSPARENT):
            if self._word(self._records[kind] + 4) >> 24 & 0x1F not in TRANSPARENT:
                return kind
            kind = self._word(self._records[kind] + 8)
        raise NoBtf("it has a type that stands for itself")

    def _members(self, record: int) -> int:
        return self._word(record + 4) & 0xFFFF

    def _word(self, place: int) -> int:
        value: int = struct.unpack_from("=I", self._data, place)[0]
        return value

    def _string(self, offset: int) -> str:
        start = self._strings + offset
        return self._data[start : self._data.index(b"\0", start)].decode(errors="replace")


def read_btf(path: Path = VMLINUX) -> Btf:
    """The running kernel's BTF. Raises NoBtf with the reason."""
    try:
        return Btf(path.read_bytes())
    except OSError as error:
        raise NoBtf(error.strerror or "it cannot be read") from error
