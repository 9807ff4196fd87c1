"""The ring buffer's protocol, on a file that looks like one."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator

import pytest
from icetop.sampler.ring_buffer import BUSY, DISCARDED, RingBuffer

SIZE = mmap.PAGESIZE
DATA = 2 * mmap.PAGESIZE


class Ring:
    """The kernel's side of a ring of one page."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("ring")
        os.ftruncate(self.fd, DATA + 2 * SIZE)
        self.position = 0

    def write(self, data: bytes, flags: int = 0) -> None:
        record = struct.pack("=II", len(data) | flags, 0) + data
        record = record.ljust((len(record) + 7) & ~7, b"\0")
        for place, byte in enumerate(record):
            os.pwrite(self.fd, bytes([byte]), DATA + (self.position + place) % SIZE)
            os.pwrite(self.fd, bytes([byte]), DATA + SIZE + (self.position + place) % SIZE)
        self.position += len(record)
        os.pwrite(self.fd, struct.pack("=Q", self.position), mmap.PAGESIZE)

    def read_position(self) -> int:
        return int(struct.unpack("=Q", os.pread(self.fd, 8, 0))[0])


@pytest.fixture
def ring() -> Iterator[Ring]:
    made = Ring()
    yield made
    os.close(made.fd)


def test_records_come_in_order_once_and_free_their_room(ring: Ring) -> None:
    buffer = RingBuffer(ring.fd, SIZE)
    ring.write(b"one")
    ring.write(b"second")
    assert list(buffer.records()) == [b"one", b"second"]
    assert list(buffer.records()) == []
    assert ring.read_position() == ring.position
    buffer.close()


def test_reading_stops_at_a_record_that_is_being_written_and_skips_discarded_ones(ring: Ring) -> None:
    buffer = RingBuffer(ring.fd, SIZE)
    ring.write(b"dropped", DISCARDED)
    ring.write(b"kept")
    before = ring.position
    ring.write(b"half", BUSY)
    assert list(buffer.records()) == [b"kept"]
    assert ring.read_position() == before
    buffer.close()


def test_a_record_across_the_end_is_whole(ring: Ring) -> None:
    buffer = RingBuffer(ring.fd, SIZE)
    ring.write(bytes(SIZE - 64))
    assert len(list(buffer.records())) == 1
    ring.write(bytes(range(100)))
    assert list(buffer.records()) == [bytes(range(100))]
    buffer.close()
