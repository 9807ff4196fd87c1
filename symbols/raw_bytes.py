"""Bytes to read structures from, in a file or in memory, and how to open a file that a hostile process chose."""

from __future__ import annotations

import os
import stat
from typing import Protocol


class BrokenFile(ValueError):
    """A file that is cut short, damaged, too large, or not what it should be."""


class RawBytes(Protocol):
    """A run of bytes that can be read anywhere."""

    size: int

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`. Raises BrokenFile where there are fewer."""

    def read_up_to(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`. Raises BrokenFile where they cannot be read."""


class OwnedDescriptor:
    """Owns a descriptor: it is closed with `close`, or when nobody knows it any more."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._descriptor < 0

    def close(self) -> None:
        """Close it; nothing can be read from now on."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):  # opening it may have failed
            self.close()


class FileBytes(OwnedDescriptor):
    """The bytes of an open file, read on demand, never mapped: a file cut short while it is read kills nobody.

    `size` is in bytes, as it was when opened.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self.size = os.fstat(descriptor).st_size

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`. Raises BrokenFile where there are fewer."""
        data = self.read_up_to(offset, size)
        if len(data) != size:
            raise BrokenFile(f"{size} bytes at {offset:#x} are not in the file")
        return data

    def read_up_to(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`. Raises BrokenFile when closed or unreadable."""
        if self._descriptor < 0 or offset < 0 or offset >= self.size:
            raise BrokenFile(f"nothing to read at {offset:#x}")
        try:
            return os.pread(self._descriptor, min(size, self.size - offset), offset)
        except (OSError, OverflowError) as error:
            raise BrokenFile(str(error)) from error

    @property
    def path(self) -> str:
        """A path that opens the same file while this is open, deleted or not."""
        return f"/proc/self/fd/{self._descriptor}"


class MemoryBytes:
    """Bytes at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`. Raises BrokenFile where there are fewer."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise BrokenFile(f"{size} bytes at {offset:#x} are not there")
        return self._data[offset : offset + size]

    def read_up_to(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`."""
        return self._data[max(offset, 0) : max(offset, 0) + max(size, 0)]


def open_regular(path: str, follow: bool = True) -> int:
    """A descriptor for reading a regular file. Raises OSError, also for anything that is not a regular file.

    A path inside another process's root may lead to a device or a pipe, whose mere opening blocks or does something;
    so the file is looked at before it is opened.
    """
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{path} is not a regular file")
        return os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError as error:
        raise OSError(str(error)) from error
    finally:
        os.close(handle)
