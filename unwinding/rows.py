"""The row: what says, for a stretch of code, where its caller's frame is. Eight bytes, in kernel and collector alike.

The kernel's walkers read rows as `struct row` of bpf/types.h; the numbers here are mirrored there. Registers have
their DWARF numbers (System V ABI for x86-64, figure 3.36); CFA is DWARF's canonical frame address: the stack pointer
that the caller will see when the function has returned.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from functools import lru_cache
from typing import NamedTuple

ROW = struct.Struct("=BBhi")
"""kind, aux, rbp, cfa, as in `Row`."""


class RowKind(IntEnum):
    """How the CFA is found. Unless said otherwise the return address lies at CFA - 8."""

    NONE = 0
    """There is no unwind information for this code."""
    END = 1
    """The outermost frame of a thread: its return address is explicitly undefined."""
    RSP = 2
    """CFA = rsp + cfa."""
    RBP = 3
    """CFA = rbp + cfa."""
    PLT = 4
    """A stub for calls into shared libraries: CFA = rsp + 8, and 8 more where (pc & 15) >= aux."""
    SIGNAL = 5
    """The return from a signal handler: the kernel has saved rsp at rsp + cfa, rip 8 above and rbp 40 below that."""
    RBP_DEREF = 6
    """CFA = *(rbp + cfa)."""
    RSP_DEREF = 7
    """CFA = *(rsp + cfa) + 8 * aux, where aux is signed."""
    FRAME_POINTER = 8
    """Code that keeps frame pointers: rbp of the caller at *rbp, return address at *(rbp + 8), CFA = rbp + 16.
    `aux` holds the flags of `FramePointer`."""
    SPLIT = 9
    """Only first in a page: its rows are in two half pages."""
    REGISTER = 10
    """CFA = register number `aux` + cfa. Only the innermost frame's registers are all known."""
    RETURN = 11
    """The return address is in register number `aux`, as only the innermost frame's can be: CFA = rsp + cfa."""
    BAD = 12
    """There is unwind information that a row cannot express, or that is damaged."""


RBP_UNCHANGED = 0x7FFF
"""In `rbp`: the caller's rbp is what rbp is now."""

RBP_AT_RBP = 0x7FFE
"""In `rbp`: the caller's rbp is at *rbp, wherever the CFA is."""


class Row(NamedTuple):
    """A row, unpacked. `rbp` is where the caller's rbp is saved, as (offset from CFA) / 8, or RBP_UNCHANGED or
    RBP_AT_RBP; `cfa` is an offset in bytes."""

    kind: int
    aux: int = 0
    rbp: int = RBP_UNCHANGED
    cfa: int = 0

    def pack(self) -> bytes:
        """The eight bytes. Raises struct.error for a number that has no room."""
        return ROW.pack(*self)


class FramePointer(IntFlag):
    """Flags of a FRAME_POINTER row."""

    GO = 1
    """Go's runtime: the frame may lie on another stack than the one that the code runs on, and rbp = 0 is the end."""
    JIT = 2
    """Code made while the program runs: nothing promises that it keeps frame pointers."""


INJECTED = 1
"""In `aux` of an RSP row: the caller did not call. It was interrupted, and made to look as if it had."""


@lru_cache(4096)
def unpack(row: bytes) -> Row:
    """The row in eight bytes; equal bytes give the same object."""
    return Row(*ROW.unpack(row))


NONE = Row(RowKind.NONE).pack()
END = Row(RowKind.END).pack()
BAD = Row(RowKind.BAD).pack()
FRAME_POINTER_GO = Row(RowKind.FRAME_POINTER, FramePointer.GO).pack()
FRAME_POINTER_JIT = Row(RowKind.FRAME_POINTER, FramePointer.JIT).pack()
FRAME_POINTER_PLAIN = Row(RowKind.FRAME_POINTER).pack()
SPLIT = Row(RowKind.SPLIT).pack()
