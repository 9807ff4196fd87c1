"""Walks a thread's stack by rows, from copied registers and stack bytes, without the thread or the kernel.

The same rules as the kernel's walker follows (bpf/unwind.h), which a stack that it cannot finish is handed over from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..profiles.vocabulary import StackEnd
from ..symbols.raw_bytes import BrokenFile
from .code import Code
from .rows import INJECTED, RBP_AT_RBP, RBP_UNCHANGED, FramePointer, Row, RowKind
from .stack_bytes import StackBytes
from .x86_64 import RBP, RSP, SAVED_RBP_FROM_RSP, SAVED_RIP_FROM_RSP

_ADDRESS_MASK = (1 << 64) - 1
_WORD = 8
_GO, _JIT = int(FramePointer.GO), int(FramePointer.JIT)


@dataclass(frozen=True, slots=True)
class Registers:
    """Where a thread is. `others` has the rest of the registers by DWARF number, as far as they are known."""

    pc: int
    sp: int
    bp: int
    others: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Walk:
    """The addresses of a stack, leaf first: the leaf's pc, then return addresses, and how it ended.

    After a signal frame the address is that of the instruction that was interrupted: `exact` has the indexes of all
    addresses that are no return addresses. `left_code` says that the stack ended for an address at which no code is
    mapped, as far as is known.
    """

    addresses: list[int]
    end: StackEnd
    exact: tuple[int, ...] = (0,)
    left_code: bool = field(default=False, compare=False)


def unwind(
    registers: Registers, stack: StackBytes, code: Code, most_frames: int = 255, is_return_address: bool = False
) -> Walk:
    """The stack of a thread, `registers.pc` included.

    `is_return_address` says that `registers` are not the thread's own but those of a frame further up, reached by
    a walk so far, whose pc a call has left.
    """
    walker = _Walker(registers, stack, code, is_return_address)
    end: StackEnd | None = None
    while end is None:
        end = walker.step() if len(walker.addresses) <= most_frames else StackEnd.TOO_DEEP
    return Walk(walker.addresses[:most_frames], end, tuple(walker.exact), walker.left_code)


class _Walker:
    """One walk. `addresses` are those reached so far; the last is of the frame that is looked at."""

    def __init__(self, registers: Registers, stack: StackBytes, code: Code, is_return_address: bool) -> None:
        self.addresses = [registers.pc]
        self.exact = [] if is_return_address else [0]
        self._registers = registers
        self._word = stack.word
        self._code = code
        self._sp, self._bp = registers.sp, registers.bp
        self._frames: list[tuple[int, int]] = []
        self._before = 1 if is_return_address else 0
        self._came_by = Row(RowKind.NONE)
        self.left_code = False

    def step(self) -> StackEnd | None:
        """Go to the caller; how the stack ended where there is none to be found."""
        # A return address may be the first instruction of the next function; the call before it is in the right one.
        address = self.addresses[-1] - self._before
        row = self._code.row_at(address)
        if row is None:
            return self._no_code()
        self._came_by = row
        handler = _STEPS.get(row.kind)
        return handler(self, row) if handler is not None else self._by_cfa(row, address)

    def _no_code(self) -> StackEnd:
        """The address is in no code: the row that led here was wrong, and the address is dropped."""
        self.left_code = True
        if not self._frames and len(self.addresses) == 1:
            return StackEnd.NO_UNWIND_INFO
        self.addresses.pop()
        if self._came_by.kind != RowKind.FRAME_POINTER:
            return StackEnd.BAD_ROW
        return _no_frame_pointer(self._came_by)

    def _by_cfa(self, row: Row, address: int) -> StackEnd | None:
        cfa = self._cfa(row)
        if cfa is None:
            return StackEnd.UNREADABLE_STACK
        # A stack grows downwards: a caller's frame lies above. Anything else is a wrong row.
        if cfa <= self._sp:
            return StackEnd.BAD_ROW
        bp = self._saved_bp(row, cfa)
        pc = self._word(cfa - _WORD)
        if pc is None or bp is None:
            return StackEnd.UNREADABLE_STACK
        self._frames.append((address, cfa))
        injected = row.kind == RowKind.RSP and row.aux & INJECTED
        if injected:
            self.exact.append(len(self.addresses))
        self._go(pc, cfa, bp, returned=not injected)
        return None

    def _cfa(self, row: Row) -> int | None:
        """The frame's CFA, 0 where a row makes no sense of it, None where it cannot be read."""
        kind = row.kind
        if kind == RowKind.RSP:
            return self._sp + row.cfa
        if kind == RowKind.RBP:
            return self._bp + row.cfa & _ADDRESS_MASK
        if kind == RowKind.PLT:
            return self._sp + 8 + (8 if self.addresses[-1] & 15 >= row.aux else 0)
        if kind == RowKind.REGISTER:
            value = self._register(row.aux)
            return value + row.cfa & _ADDRESS_MASK if value is not None else 0
        base = self._word((self._bp if kind == RowKind.RBP_DEREF else self._sp) + row.cfa & _ADDRESS_MASK)
        return base + 8 * _signed(row.aux) if base is not None else None

    def _saved_bp(self, row: Row, cfa: int) -> int | None:
        if row.rbp == RBP_UNCHANGED:
            return self._bp
        if row.rbp == RBP_AT_RBP:
            # Outside of its frame rbp is the caller's again: compilers leave the rule as it was after they restored it.
            return self._word(self._bp) if self._sp <= self._bp < cfa else self._bp
        at = cfa + 8 * row.rbp
        # Below rsp its place is gone: an epilogue has restored it already.
        return self._word(at) if at >= self._sp else self._bp

    def _register(self, register: int) -> int | None:
        """The value of a register in the frame that is looked at: from where the nearest frame below has saved it."""
        if register in (RBP, RSP):
            return self._bp if register == RBP else self._sp
        if len(self._frames) != len(self.addresses) - 1:
            return None
        try:
            for address, cfa in reversed(self._frames):
                saved = self._code.saved_register(address, register)
                if saved is not None:
                    return self._word(cfa + saved)
        except BrokenFile:
            return None
        return self._registers.others.get(register) if self.exact[:1] == [0] else None

    def _by_frame_pointer(self, row: Row) -> StackEnd | None:
        bp = self._bp
        go = row.aux & _GO
        if go and not bp:
            return StackEnd.COMPLETE
        if bp & 7 or (bp < self._sp and not go):
            return _no_frame_pointer(row)
        caller, pc = self._word(bp), self._word(bp + _WORD)
        if caller is None or pc is None:
            return _no_frame_pointer(row) if row.aux & _JIT else StackEnd.UNREADABLE_STACK
        self._go(pc, bp + 2 * _WORD, caller, returned=True)
        return None

    def _by_register(self, row: Row) -> StackEnd | None:
        pc = self._registers.others.get(row.aux) if len(self.addresses) == 1 and self.exact == [0] else None
        if pc is None:
            return StackEnd.BAD_ROW
        self._go(pc, self._sp + row.cfa, self._bp, returned=True)
        return None

    def _by_signal_frame(self, row: Row) -> StackEnd | None:
        at = self._sp + row.cfa
        sp, pc, bp = self._word(at), self._word(at + SAVED_RIP_FROM_RSP), self._word(at + SAVED_RBP_FROM_RSP)
        if sp is None or pc is None or bp is None:
            return StackEnd.UNREADABLE_STACK
        self.exact.append(len(self.addresses))
        self._go(pc, sp, bp, returned=False)
        return None

    def _go(self, pc: int, sp: int, bp: int, returned: bool) -> None:
        self.addresses.append(pc)
        self._sp, self._bp = sp, bp
        self._before = 1 if returned else 0


def _signed(aux: int) -> int:
    return aux - 256 if aux > 127 else aux


def _no_frame_pointer(row: Row) -> StackEnd:
    return StackEnd.JIT_NO_FRAME_POINTER if row.aux & _JIT else StackEnd.NO_FRAME_POINTER


_STEPS: dict[int, Callable[[_Walker, Row], StackEnd | None]] = {
    RowKind.NONE: lambda walker, row: StackEnd.NO_UNWIND_INFO,
    RowKind.END: lambda walker, row: StackEnd.COMPLETE,
    RowKind.BAD: lambda walker, row: StackEnd.BAD_ROW,
    RowKind.SPLIT: lambda walker, row: StackEnd.BAD_ROW,
    RowKind.FRAME_POINTER: _Walker._by_frame_pointer,
    RowKind.SIGNAL: _Walker._by_signal_frame,
    RowKind.RETURN: _Walker._by_register,
}
