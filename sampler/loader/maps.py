"""Maps as the collector uses them: looked up, updated and drained in batches."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable, Iterable

from .system_call import (
    MAP_DELETE,
    MAP_DELETE_BATCH,
    MAP_LOOKUP,
    MAP_LOOKUP_BATCH,
    MAP_UPDATE,
    address_of,
    bpf,
    create_map,
    writable,
)

PERCPU_KINDS = frozenset({5, 6, 10})
"""BPF_MAP_TYPE_PERCPU_HASH, _PERCPU_ARRAY and _LRU_PERCPU_HASH: a value for each possible CPU."""

BATCH = 4096


def possible_cpus() -> int:
    """How many CPUs the kernel has room for: the number of values in a per-CPU map."""
    with open("/sys/devices/system/cpu/possible") as file:
        return int(file.read().strip().replace("-", ",").split(",")[-1]) + 1


class Map:
    """A map in the kernel. Keys and values are bytes, in the layout that bcc gave (see `layouts`)."""

    def __init__(self, name: str, kind: int, key_size: int, value_size: int, entries: int, flags: int = 0) -> None:
        self.name = name
        self.kind = kind
        self.key_size = key_size
        self.value_size = value_size
        self.entries = entries
        self.flags = flags
        self.fd = create_map(name, kind, key_size, value_size, entries, flags)
        self._value_space = value_size
        if kind in PERCPU_KINDS:
            self._value_space = (value_size + 7) // 8 * 8 * possible_cpus()

    def lookup(self, key: bytes) -> bytes | None:
        """The value of a key (per-CPU maps: the values of all CPUs, one after the other), None when it is not there."""
        key_buffer, value = writable(key), ctypes.create_string_buffer(self._value_space)
        try:
            bpf(MAP_LOOKUP, struct.pack("=I4xQQQ", self.fd, address_of(key_buffer), address_of(value), 0))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return value.raw

    def update(self, key: bytes, value: bytes, only_new: bool = False) -> None:
        """Set the value of a key. Raises OSError: E2BIG when the map is full, EEXIST when one `only_new` is there."""
        key_buffer, value_buffer = writable(key), writable(value)
        place = (self.fd, address_of(key_buffer), address_of(value_buffer), int(only_new))
        bpf(MAP_UPDATE, struct.pack("=I4xQQQ", *place))

    def delete(self, key: bytes) -> bool:
        """Remove a key; whether it was there."""
        key_buffer = writable(key)
        try:
            bpf(MAP_DELETE, struct.pack("=I4xQQQ", self.fd, address_of(key_buffer), 0, 0))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return False
            raise
        return True

    def items(self, then: Callable[[], None] = lambda: None) -> list[tuple[bytes, bytes]]:
        """All keys and values of a hash map, read in batches (BPF_MAP_LOOKUP_BATCH, kernel 5.6). `then` is called as
        soon as they are read, before they are taken apart."""
        keys, values = (
            ctypes.create_string_buffer(BATCH * self.key_size),
            ctypes.create_string_buffer(BATCH * self.value_size),
        )
        token, started = ctypes.create_string_buffer(8), False
        read: list[tuple[bytes, bytes]] = []
        while True:
            attributes = bytearray(
                struct.pack(
                    "=QQQQIIQQ",
                    address_of(token) if started else 0,
                    address_of(token),
                    address_of(keys),
                    address_of(values),
                    BATCH,
                    self.fd,
                    0,
                    0,
                )
            )
            finished = False
            try:
                bpf(MAP_LOOKUP_BATCH, attributes)
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise
                finished = True
            started = True
            number: int = struct.unpack_from("=I", attributes, 32)[0]
            if finished:
                then()
            sizes = (number * self.key_size, number * self.value_size)
            read.append((bytes(memoryview(keys)[: sizes[0]]), bytes(memoryview(values)[: sizes[1]])))
            if finished:
                return [item for batch in read for item in _split(*batch, self.key_size, self.value_size)]

    def delete_all(self, keys: Iterable[bytes]) -> None:
        """Remove keys that are there (BPF_MAP_DELETE_BATCH)."""
        data = b"".join(keys)
        if not data:
            return
        buffer = writable(data)
        bpf(
            MAP_DELETE_BATCH,
            struct.pack("=QQQQIIQQ", 0, 0, address_of(buffer), 0, len(data) // self.key_size, self.fd, 0, 0),
        )

    @property
    def memory(self) -> int:
        """Bytes that the kernel holds for it, 0 where it does not say."""
        with open(f"/proc/self/fdinfo/{self.fd}") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields.get("memlock", 0))

    def close(self) -> None:
        """Let go of the map; the kernel frees it when no program uses it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _split(keys: bytes, values: bytes, key_size: int, value_size: int) -> list[tuple[bytes, bytes]]:
    return [
        (keys[i * key_size : (i + 1) * key_size], values[i * value_size : (i + 1) * value_size])
        for i in range(len(keys) // key_size)
    ]
