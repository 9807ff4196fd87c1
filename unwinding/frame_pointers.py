"""What is right of a stack that was followed by frame pointers: call frame information tells what each function keeps.

A leaf that calls nothing has no record of its own: its return address is in the link register, which holds something
older in functions that have saved it. And the record that x29 points to is another function's where one keeps none.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from ..profiles.vocabulary import StackEnd
from ..symbols.raw_bytes import BrokenFile
from .arm64 import FRAME_POINTER, LINK, record_set_up, record_taken_down
from .row_of_rules import UNDEFINED
from .table import UnwindTable


class Keeps(Enum):
    """Where the return address of a function is, at an address within it."""

    RECORD = auto()
    """In the record that x29 points to."""
    LINK = auto()
    """In the link register: x29 still is, or is again, the caller's."""
    ELSEWHERE = auto()
    """On the stack, but not where x29 points to: the next record is not about the caller."""
    NOWHERE = auto()
    """There is none: a thread begins with this function."""
    UNKNOWN = auto()
    """Nothing tells."""


class FrameCode(Protocol):
    """What is asked of a process's code."""

    def keeps(self, address: int) -> Keeps:
        """Where the return address is while the code at an address runs."""


def true_stack(walked: Sequence[int], code: FrameCode, end: StackEnd) -> tuple[list[int], StackEnd]:
    """The stack and how it ended, from what the kernel's walker gives: the leaf's pc, what was in the link register,
    and the return addresses of all records.

    The stack is cut where the next record belongs to another function than the caller.
    """
    pc, link, *recorded = walked
    stack = [pc, link, *recorded] if link and code.keeps(pc) is Keeps.LINK else [pc, *recorded]
    for place, address in enumerate(stack):
        keeps = code.keeps(address - bool(place))
        if keeps is Keeps.NOWHERE:
            return stack[: place + 1], StackEnd.COMPLETE
        if keeps is Keeps.ELSEWHERE:
            return stack[: place + 1], StackEnd.NO_FRAME_POINTER
    return stack, end


def keeps_at(table: UnwindTable, offset: int) -> Keeps:
    """Where the return address is while the code at an offset in a binary's file runs."""
    if table.is_stub(offset):
        return Keeps.LINK
    try:
        return _by_rules(table, offset)
    except BrokenFile:
        return Keeps.UNKNOWN


def _by_rules(table: UnwindTable, offset: int) -> Keeps:
    cfa, rules = table.rules_at(offset)
    link = rules.get(LINK)
    if link is None:
        return Keeps.LINK
    if link == UNDEFINED:
        return Keeps.NOWHERE
    if rules.get(FRAME_POINTER) is None:
        return Keeps.ELSEWHERE
    return _by_code(table, offset, cfa[0] == FRAME_POINTER)


def _by_code(table: UnwindTable, offset: int, is_set_up: bool) -> Keeps:
    """In a function that has saved both registers: whether its own x29 is set up, too, and not yet taken down. Rules of
    compilers go on as they were where that does no harm."""
    code, before = table.code_around(offset)
    if record_taken_down(code[:before]):
        return Keeps.LINK
    set_up = record_set_up(code)
    if set_up is None and not is_set_up:
        return Keeps.ELSEWHERE
    return Keeps.RECORD if is_set_up or (set_up or 0) < before else Keeps.LINK
