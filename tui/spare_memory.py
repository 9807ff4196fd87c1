"""Giving memory back to the system."""

from __future__ import annotations

from contextlib import suppress


def give_back() -> None:
    """Give back what is free: reading a large file leaves much of it in pieces. Takes milliseconds.

    The C library does that by itself only for the largest pieces; one that cannot (musl) does nothing.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
