"""Reading the memory of a process that runs on meanwhile."""

from __future__ import annotations

import os
import struct
from typing import Protocol

from ..raw_bytes import OwnedDescriptor

WORD = struct.Struct("<Q")
LARGEST = 1 << 20
"""Bytes of one read at most, whatever a size read from a hostile process says."""

PAGE = 4096
MOST_PAGES = 128


class Memory(Protocol):
    """The memory of a process."""

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes at an address; empty where they cannot be had."""


class ProcessMemory(OwnedDescriptor):
    """A process's memory through /proc/PID/mem: that of the program it runs now, also when the pid is used anew.

    After an exec, and once the process is gone, nothing can be read. Raises OSError when it may not be opened.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC))

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes at an address; empty where they cannot be had."""
        if not 0 < size <= LARGEST or self._descriptor < 0:
            return b""
        try:
            data = os.pread(self._descriptor, size, address)
        except (OSError, OverflowError, ValueError):
            return b""
        return data if len(data) == size else b""


class Glimpse:
    """Memory as it was at a first look, read a page at a time: neighbours cost one system call, not one each.

    For the length of one walk, or one round of naming; `renew` looks anew. Holds at most `MOST_PAGES` pages.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._pages: dict[int, bytes] = {}

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes at an address; empty where they cannot be had."""
        number = address // PAGE
        page = self._pages.get(number)
        if page is None:
            page = self._read_page(number)
        start = address - number * PAGE
        if start + size <= PAGE:
            return page[start : start + size] if size > 0 else b""
        if size > PAGE:
            return self._memory.read(address, size)
        return (rest := self.read((number + 1) * PAGE, start + size - PAGE)) and page and page[start:] + rest

    def renew(self) -> None:
        """Forget what was seen."""
        self._pages.clear()

    def _read_page(self, number: int) -> bytes:
        if len(self._pages) >= MOST_PAGES:
            self._pages.clear()
        page = self._pages[number] = self._memory.read(number * PAGE, PAGE)
        return page


def read_word(memory: Memory, address: int) -> int:
    """The eight bytes at an address as a number, 0 where they cannot be had."""
    data = memory.read(address, 8)
    return int(WORD.unpack(data)[0]) if data else 0
