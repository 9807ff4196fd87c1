"""Giving memory back to the system, and not looking for garbage where there is none."""

from __future__ import annotations

import gc
from contextlib import suppress


def give_back() -> None:
    """Give back what is free: reading a large file leaves much of it in pieces. Takes milliseconds.

    The C library does that by itself only for the largest pieces; one that cannot (musl) does nothing.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_for_good() -> None:
    """Spare what is there now, modules and tables, the search for garbage: that holds up keys, and finds nothing."""
    gc.freeze()
    gc.enable()
