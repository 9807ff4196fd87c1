"""Reading a BPF ring buffer through its shared pages.

The layout is kernel/bpf/ringbuf.c's: a page with the reader's position, a page with the writer's, then the data
mapped twice, so that a record never wraps. A record is a length (with a busy and a discard bit), padding, and data.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator

BUSY, DISCARDED, HEADER = 1 << 31, 1 << 30, 8


class RingBuffer:
    """A ring buffer map of `size` bytes; `fd` becomes readable when a program forces a wake-up."""

    def __init__(self, fd: int, size: int) -> None:
        page = mmap.PAGESIZE
        self.fd = fd
        self._mask = size - 1
        self._reader = mmap.mmap(fd, page)
        self._writer = mmap.mmap(fd, page + 2 * size, prot=mmap.PROT_READ, offset=page)
        self._data = memoryview(self._writer)[page:]

    def records(self) -> Iterator[bytes]:
        """What has been written since the last time, oldest first; stops at a record that is still being written."""
        position = struct.unpack_from("=Q", self._reader)[0]
        end = struct.unpack_from("=Q", self._writer)[0]
        while position < end:
            start = position & self._mask
            length = struct.unpack_from("=I", self._data, start)[0]
            if length & BUSY:
                break
            size = length & ~DISCARDED
            record = None if length & DISCARDED else bytes(self._data[start + HEADER : start + HEADER + size])
            position += (size + HEADER + 7) & ~7
            struct.pack_into("=Q", self._reader, 0, position)
            if record is not None:
                yield record

    def close(self) -> None:
        """Unmap; the descriptor is its owner's."""
        self._data.release()
        self._writer.close()
        self._reader.close()
