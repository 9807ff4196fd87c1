"""Runs the programs of .eh_frame and .debug_frame that say, instruction by instruction, where registers are saved.

Formats: DWARF 5, section 6.4; the GNU extensions as in gcc's unwind-dw2.c.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..symbols.raw_bytes import BrokenFile
from .encoding import pointer, signed, unsigned
from .row_of_rules import (
    AT_EXPRESSION,
    IN_REGISTER,
    IS_EXPRESSION,
    OTHER,
    UNDEFINED,
    CfaRule,
    Rule,
    row_of,
)
from .stretch import LAST_ADDRESS
from .x86_64 import RBP, RETURN_ADDRESS, RSP

MOST_ROWS = 1 << 14
MOST_REMEMBERED = 64
LONGEST_EXPRESSION = 64
"""Bounds on what one function's program may ask for. Real ones need a tenth of it."""


class State(NamedTuple):
    """Rules at some place in a program; registers that are not in `rules` are unchanged."""

    cfa: CfaRule
    rules: dict[int, Rule]


class Factors(NamedTuple):
    """What a CIE says of how its programs are written. `encoding` is that of pointers (DW_EH_PE_*), `may_sign` says
    that the processor can sign return addresses."""

    code: int
    data: int
    encoding: int
    may_sign: bool = False


class Machine:
    """Runs one function's program. `starts` and `rows` grow side by side: a row holds from its start on.

    `wanted` is an address of which all rules are asked for: `rules_there` has them in the end.
    """

    def __init__(self, factors: Factors, initial: State, location: int, wanted: int = LAST_ADDRESS) -> None:
        self.starts: list[int] = []
        self.rows: list[bytes] = []
        self.rules_there: State | None = None
        self._wanted = wanted
        self._factors = factors
        self._initial = initial
        self._location = location
        self._cfa = initial.cfa
        self._rules = dict(initial.rules)
        self._remembered: list[State] = []

    @property
    def state(self) -> State:
        """The rules now."""
        return State(self._cfa, self._rules)

    def run(self, program: bytes) -> None:
        """Run a program from its first to its last byte. Raises BrokenFile for one that makes no sense."""
        place, size = 0, len(program)
        code, data = self._factors.code, self._factors.data
        while place < size:
            operation = program[place]
            place += 1
            kind, operand = operation & 0xC0, operation & 0x3F
            if kind == 0x40:
                self._advance(operand * code)
            elif kind == 0x80:
                offset, place = unsigned(program, place)
                self._rules[operand] = offset * data
            elif kind:
                self._restore(operand)
            elif operation == 0x0E:
                offset, place = unsigned(program, place)
                self._set_offset(offset)
            elif operation:
                handler = _HANDLERS.get(operation)
                if handler is None:
                    raise BrokenFile(f"an unknown instruction {operation:#x}")
                place = handler(self, program, place)

    def finish(self) -> None:
        """Note the row in force at the end of the program."""
        rules = self._rules
        if self._location <= self._wanted != LAST_ADDRESS:
            self.rules_there = State(self._cfa, dict(rules))
        row = row_of(self._cfa, rules.get(RBP), rules.get(RSP), rules.get(RETURN_ADDRESS))
        if self.rows and row == self.rows[-1]:
            return
        if len(self.rows) >= MOST_ROWS:
            raise BrokenFile("too many rows")
        self.starts.append(self._location)
        self.rows.append(row)

    def _advance(self, delta: int) -> None:
        if delta:
            self.finish()
            self._location += delta

    def _restore(self, register: int) -> None:
        if register in self._initial.rules:
            self._rules[register] = self._initial.rules[register]
        else:
            self._rules.pop(register, None)

    def _set_offset(self, offset: int) -> None:
        if isinstance(self._cfa, bytes):
            raise BrokenFile("an offset without a register")
        self._cfa = (self._cfa[0], offset)

    def advance_by_bytes(self, program: bytes, place: int, width: int) -> int:
        """DW_CFA_advance_loc1, 2 and 4."""
        if place + width > len(program):
            raise BrokenFile("cut short")
        self._advance(int.from_bytes(program[place : place + width], "little") * self._factors.code)
        return place + width

    def set_location(self, program: bytes, place: int) -> int:
        """DW_CFA_set_loc, only where the address is absolute."""
        location, place = pointer(program, place, self._factors.encoding, 0)
        if self._factors.encoding & 0x70 or location < self._location:
            raise BrokenFile("a location that goes back or is relative")
        self._advance(location - self._location)
        return place

    def save(self, program: bytes, place: int) -> int:
        """DW_CFA_offset_extended."""
        register, place = unsigned(program, place)
        offset, place = unsigned(program, place)
        return self._set(register, offset * self._factors.data, place)

    def save_signed(self, program: bytes, place: int) -> int:
        """DW_CFA_offset_extended_sf."""
        register, place = unsigned(program, place)
        offset, place = signed(program, place)
        return self._set(register, offset * self._factors.data, place)

    def save_negative(self, program: bytes, place: int) -> int:
        """DW_CFA_GNU_negative_offset_extended."""
        register, place = unsigned(program, place)
        offset, place = unsigned(program, place)
        return self._set(register, -offset * self._factors.data, place)

    def restore(self, program: bytes, place: int) -> int:
        """DW_CFA_restore_extended."""
        register, place = unsigned(program, place)
        self._restore(register)
        return place

    def undefine(self, program: bytes, place: int) -> int:
        """DW_CFA_undefined."""
        register, place = unsigned(program, place)
        return self._set(register, UNDEFINED, place)

    def keep(self, program: bytes, place: int) -> int:
        """DW_CFA_same_value."""
        register, place = unsigned(program, place)
        self._rules.pop(register, None)
        return place

    def move(self, program: bytes, place: int) -> int:
        """DW_CFA_register."""
        register, place = unsigned(program, place)
        other, place = unsigned(program, place)
        return self._set(register, (IN_REGISTER, bytes([other])) if other < 256 else (OTHER, b""), place)

    def add(self, program: bytes, place: int) -> int:
        """DW_CFA_val_offset and DW_CFA_val_offset_sf: what no row can express."""
        register, place = unsigned(program, place)
        _, place = unsigned(program, place)
        return self._set(register, (OTHER, b""), place)

    def save_at_expression(self, program: bytes, place: int) -> int:
        """DW_CFA_expression."""
        register, place = unsigned(program, place)
        expression, place = _block(program, place)
        return self._set(register, (AT_EXPRESSION, expression), place)

    def set_to_expression(self, program: bytes, place: int) -> int:
        """DW_CFA_val_expression."""
        register, place = unsigned(program, place)
        expression, place = _block(program, place)
        return self._set(register, (IS_EXPRESSION, expression), place)

    def remember(self, program: bytes, place: int) -> int:
        """DW_CFA_remember_state."""
        if len(self._remembered) >= MOST_REMEMBERED:
            raise BrokenFile("too many states to remember")
        self._remembered.append(State(self._cfa, dict(self._rules)))
        return place

    def recall(self, program: bytes, place: int) -> int:
        """DW_CFA_restore_state."""
        if not self._remembered:
            raise BrokenFile("no state to restore")
        self._cfa, self._rules = self._remembered.pop()
        return place

    def define_cfa(self, program: bytes, place: int) -> int:
        """DW_CFA_def_cfa."""
        register, place = unsigned(program, place)
        offset, place = unsigned(program, place)
        self._cfa = (register, offset)
        return place

    def define_cfa_signed(self, program: bytes, place: int) -> int:
        """DW_CFA_def_cfa_sf."""
        register, place = unsigned(program, place)
        offset, place = signed(program, place)
        self._cfa = (register, offset * self._factors.data)
        return place

    def define_register(self, program: bytes, place: int) -> int:
        """DW_CFA_def_cfa_register."""
        register, place = unsigned(program, place)
        if isinstance(self._cfa, bytes):
            raise BrokenFile("a register without an offset")
        self._cfa = (register, self._cfa[1])
        return place

    def define_offset_signed(self, program: bytes, place: int) -> int:
        """DW_CFA_def_cfa_offset_sf."""
        offset, place = signed(program, place)
        self._set_offset(offset * self._factors.data)
        return place

    def define_expression(self, program: bytes, place: int) -> int:
        """DW_CFA_def_cfa_expression."""
        self._cfa, place = _block(program, place)
        return place

    def sign(self, program: bytes, place: int) -> int:
        """DW_CFA_AARCH64_negate_ra_state: return addresses are signed from here on, or no longer."""
        if not self._factors.may_sign:
            raise BrokenFile("an unknown instruction 0x2d")
        return place

    def skip_number(self, program: bytes, place: int) -> int:
        """DW_CFA_GNU_args_size, which says nothing about where registers are."""
        return unsigned(program, place)[1]

    def _set(self, register: int, rule: Rule, place: int) -> int:
        if register > 255:
            raise BrokenFile("no such register")
        self._rules[register] = rule
        return place


def _block(program: bytes, place: int) -> tuple[bytes, int]:
    """The bytes of an expression (none of one that is longer than any that a row can express)."""
    size, place = unsigned(program, place)
    if place + size > len(program):
        raise BrokenFile("cut short")
    return program[place : place + size] if size <= LONGEST_EXPRESSION else b"", place + size


_HANDLERS: dict[int, Callable[[Machine, bytes, int], int]] = {
    0x01: Machine.set_location,
    0x02: lambda machine, program, place: machine.advance_by_bytes(program, place, 1),
    0x03: lambda machine, program, place: machine.advance_by_bytes(program, place, 2),
    0x04: lambda machine, program, place: machine.advance_by_bytes(program, place, 4),
    0x05: Machine.save,
    0x06: Machine.restore,
    0x07: Machine.undefine,
    0x08: Machine.keep,
    0x09: Machine.move,
    0x0A: Machine.remember,
    0x0B: Machine.recall,
    0x0C: Machine.define_cfa,
    0x0D: Machine.define_register,
    0x0F: Machine.define_expression,
    0x10: Machine.save_at_expression,
    0x11: Machine.save_signed,
    0x12: Machine.define_cfa_signed,
    0x13: Machine.define_offset_signed,
    0x14: Machine.add,
    0x15: Machine.add,
    0x16: Machine.set_to_expression,
    0x2D: Machine.sign,
    0x2E: Machine.skip_number,
    0x2F: Machine.save_negative,
}
