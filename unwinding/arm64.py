"""What the stacks of arm64 ask for: numbers of registers, and the instructions that set up and take down a record.

Sources: Procedure Call Standard for the Arm 64-bit Architecture ("The Frame Pointer"), DWARF for the same (numbers of
registers), and the Arm Architecture Reference Manual (ADD immediate, LDP, and the branches).
"""

from __future__ import annotations

import struct

ELF_MACHINE = 183
"""EM_AARCH64 of elf.h."""

FRAME_POINTER, LINK, STACK_POINTER = 29, 30, 31
"""DWARF's numbers of the registers that records and rules speak of; the return address is the link register's."""

_SET_UP, _SET_UP_BITS = 0x910003FD, 0xFFC003FF
"""add x29, sp, #n for any n; mov x29, sp is the same with n = 0."""

_TAKEN_DOWN, _TAKEN_DOWN_BITS = 0xA8407BFD, 0xFE407FFF
"""ldp x29, x30, [sp ...] in any of its forms."""

_BRANCHES = ((0x14000000, 0x7C000000), (0x34000000, 0x7C000000), (0x54000000, 0xFE000000), (0xD6000000, 0xFE000000))
"""Instructions after which the next one may not follow, and the bits that tell: b and bl; cbz and tbz; b.cond; br, blr
and ret."""


def record_set_up(code: bytes) -> int | None:
    """Where in a function's code its frame pointer is first set up, in bytes; None when it is not."""
    return next((4 * place for place, word in enumerate(_words(code)) if word & _SET_UP_BITS == _SET_UP), None)


def record_taken_down(code: bytes) -> bool:
    """Whether the code before an instruction has given the caller its registers back, and goes on to return."""
    for word in reversed(_words(code)):
        if word & _TAKEN_DOWN_BITS == _TAKEN_DOWN:
            return True
        if any(word & bits == branch for branch, bits in _BRANCHES):
            return False
    return False


def _words(code: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(code) // 4}I", code[: len(code) & ~3])
