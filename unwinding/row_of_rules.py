"""From DWARF's rules for finding a caller's registers to a row, or to BAD where a row cannot say it."""

from __future__ import annotations

from functools import lru_cache

from ..symbols.raw_bytes import BrokenFile
from .encoding import signed, unsigned
from .rows import BAD, END, RBP_AT_RBP, RBP_UNCHANGED, Row, RowKind
from .x86_64 import PLT_EXPRESSION, RBP, RETURN_ADDRESS, RSP, SAVED_RBP_FROM_RSP, SAVED_RIP_FROM_RSP

AT_EXPRESSION, IS_EXPRESSION, IN_REGISTER, OTHER = "at", "is", "in", "other"
UNDEFINED: tuple[str, bytes] = ("undefined", b"")

Rule = int | tuple[str, bytes] | None
"""Where a register is saved: an offset from the CFA, or one of the words above with the bytes of a DWARF expression;
or the number of a register; None is "as it is now"."""

CfaRule = tuple[int, int] | bytes
"""The CFA: (register, offset), or the bytes of a DWARF expression."""

_DEREF, _PLUS, _LITERAL = 0x06, 0x23, 0x30
_BREG = 0x70


@lru_cache(4096)
def row_of(cfa: CfaRule, rbp: Rule, rsp: Rule, return_address: Rule) -> bytes:
    """The packed row for a CFA and the rules of three registers."""
    if return_address == UNDEFINED:
        return END
    if isinstance(return_address, tuple):
        if return_address[0] == IN_REGISTER:
            return _in_register(cfa, rbp, rsp, return_address[1][0])
        return _signal(cfa, rbp, rsp, return_address)
    if return_address != -8 or rsp is not None:
        return BAD
    saved = _saved_rbp(rbp)
    row = None if saved is None else _plain(cfa, saved) if isinstance(cfa, tuple) else _computed(cfa, saved)
    return row.pack() if row is not None and -1 << 31 <= row.cfa < 1 << 31 else BAD


def _in_register(cfa: CfaRule, rbp: Rule, rsp: Rule, register: int) -> bytes:
    """The row of a function that has taken its return address off the stack, as vfork does."""
    if not isinstance(cfa, tuple) or cfa[0] != RSP or rbp is not None or rsp is not None or register >= RETURN_ADDRESS:
        return BAD
    return Row(RowKind.RETURN, register, RBP_UNCHANGED, cfa[1]).pack() if 0 <= cfa[1] < 1 << 31 else BAD


def _plain(cfa: tuple[int, int], saved: int) -> Row:
    register, offset = cfa
    if register == RSP:
        return Row(RowKind.RSP, 0, saved, offset)
    if register == RBP:
        return Row(RowKind.RBP, 0, saved, offset)
    return Row(RowKind.REGISTER, register, saved, offset) if register < RETURN_ADDRESS else Row(RowKind.BAD)


def _saved_rbp(rule: Rule) -> int | None:
    """The `rbp` of a row, None when it has no room for the rule."""
    if rule is None or rule == UNDEFINED:
        return RBP_UNCHANGED
    if isinstance(rule, int):
        return rule // 8 if rule % 8 == 0 and -(1 << 15) <= rule // 8 < RBP_AT_RBP else None
    return RBP_AT_RBP if rule == (AT_EXPRESSION, b"\x76\x00") else None


def _computed(expression: bytes, saved: int) -> Row | None:
    """The row of a CFA that is computed: a stub of .plt, or a value that lies on the stack."""
    if len(expression) == 11 and expression == PLT_EXPRESSION % expression[6] and 0 <= expression[6] - _LITERAL < 16:
        return Row(RowKind.PLT, expression[6] - _LITERAL, saved)
    try:
        register, offset, rest = _register_and_offset(expression)
        if rest[:1] != bytes([_DEREF]) or register not in (RBP, RSP):
            return None
        added, place = unsigned(rest, 2) if rest[1:2] == bytes([_PLUS]) else (0, 1)
    except BrokenFile:
        return None
    if place != len(rest) or added % 8 or added > 127 * 8 or (register == RBP and added):
        return None
    return Row(RowKind.RSP_DEREF if register == RSP else RowKind.RBP_DEREF, added // 8, saved, offset)


def _signal(cfa: CfaRule, rbp: Rule, rsp: Rule, return_address: tuple[str, bytes]) -> bytes:
    """The row of a signal handler's return, whose registers all lie in the kernel's struct sigcontext."""
    try:
        register, at, rest = _register_and_offset(cfa if isinstance(cfa, bytes) else b"")
        places = [_place_on_stack(rule) for rule in (return_address, rbp)]
    except BrokenFile:
        return BAD
    stack_pointer = at if rsp is None else _place_on_stack_or_none(rsp)
    if (
        register != RSP
        or rest != bytes([_DEREF])
        or places != [at + SAVED_RIP_FROM_RSP, at + SAVED_RBP_FROM_RSP]
        or stack_pointer != at
    ):
        return BAD
    return Row(RowKind.SIGNAL, 0, RBP_UNCHANGED, at).pack()


def _place_on_stack(rule: Rule) -> int:
    """The offset from rsp at which a register is saved."""
    if not isinstance(rule, tuple) or rule[0] != AT_EXPRESSION:
        raise BrokenFile("not saved at a place that is computed")
    register, offset, rest = _register_and_offset(rule[1])
    if register != RSP or rest:
        raise BrokenFile("not saved on the stack")
    return offset


def _place_on_stack_or_none(rule: Rule) -> int | None:
    try:
        return _place_on_stack(rule)
    except BrokenFile:
        return None


def _register_and_offset(expression: bytes) -> tuple[int, int, bytes]:
    """The register and offset of the DW_OP_bregN that an expression begins with, and the rest of it."""
    if not expression or not _BREG <= expression[0] < _BREG + RETURN_ADDRESS:
        raise BrokenFile("does not begin with a register")
    offset, place = signed(expression, 1)
    return expression[0] - _BREG, offset, expression[place:]
