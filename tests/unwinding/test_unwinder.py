"""Golden cases for the unwinder: each kind of row and each end, from rows and stacks made by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from icetop.profiles.vocabulary import StackEnd
from icetop.symbols.raw_bytes import BrokenFile
from icetop.unwinding.rows import INJECTED, RBP_AT_RBP, FramePointer, Row, RowKind
from icetop.unwinding.stack_bytes import StackBytes
from icetop.unwinding.unwinder import Registers, Walk, unwind

SP = 0x7FFF_0000_1000
LEAF, MIDDLE, OUTER, ENTRY = 0x401000, 0x402000, 0x403000, 0x404000
RSP_8 = Row(RowKind.RSP, cfa=8)
END = Row(RowKind.END)


class MadeCode:
    """Rows by address: each holds for 256 bytes."""

    def __init__(self, rows: Mapping[int, Row], saved: Mapping[tuple[int, int], int] | None = None) -> None:
        self.rows = {address >> 8: row for address, row in rows.items()}
        self.saved = saved
        self.asked: list[int] = []

    def row_at(self, address: int) -> Row | None:
        self.asked.append(address)
        return self.rows.get(address >> 8)

    def saved_register(self, address: int, register: int) -> int | None:
        if self.saved is None:
            raise BrokenFile("no rules")
        return self.saved.get((address >> 8, register))


def stack(words: Mapping[int, int], size: int = 1024, base: int = SP) -> StackBytes:
    """A stack with words at offsets from its base, which is rsp."""
    data = bytearray(size)
    for offset, word in words.items():
        data[offset : offset + 8] = word.to_bytes(8, "little")
    return StackBytes([(base, bytes(data))])


def walk(
    leaf: Row, words: Mapping[int, int], bp: int = 0, more: Mapping[int, Row] | None = None, **others: int
) -> Walk:
    """From LEAF with a row of its own, to MIDDLE, to the END at ENTRY."""
    rows = {LEAF: leaf, MIDDLE: RSP_8, ENTRY: END} | dict(more or {})
    registers = Registers(LEAF + 5, SP, bp, {int(name[1:]): value for name, value in others.items()})
    return unwind(registers, stack(words), MadeCode(rows), 64)


COMPLETE = Walk([LEAF + 5, MIDDLE + 3, ENTRY + 2], StackEnd.COMPLETE)


def test_rsp() -> None:
    assert walk(Row(RowKind.RSP, cfa=0x40), {0x38: MIDDLE + 3, 0x40: ENTRY + 2}) == COMPLETE


def test_a_caller_that_was_made_to_look_as_one_is_looked_up_exactly() -> None:
    code = MadeCode({LEAF: Row(RowKind.RSP, INJECTED, cfa=8), MIDDLE: RSP_8, ENTRY: END})
    found = unwind(Registers(LEAF, SP, 0), stack({0: MIDDLE, 8: ENTRY + 2}), code)
    assert found == Walk([LEAF, MIDDLE, ENTRY + 2], StackEnd.COMPLETE, exact=(0, 1))
    assert code.asked == [LEAF, MIDDLE, ENTRY + 1]


def test_rbp() -> None:
    assert walk(Row(RowKind.RBP, 0, -2, 16), {0x38: MIDDLE + 3, 0x40: ENTRY + 2}, bp=SP + 0x30) == COMPLETE


@pytest.mark.parametrize(("low", "cfa"), [(0x6, 8), (0xA, 8), (0xB, 16), (0xF, 16)])
def test_plt_pushes_a_word_from_its_second_instruction_on(low: int, cfa: int) -> None:
    code = MadeCode({LEAF: Row(RowKind.PLT, 11), ENTRY: END})
    found = unwind(Registers(LEAF + low, SP, 0), stack({cfa - 8: ENTRY + 2}), code)
    assert found == Walk([LEAF + low, ENTRY + 2], StackEnd.COMPLETE)


def test_signal_frame_restores_all_and_is_looked_up_exactly() -> None:
    other_stack = SP + 0x200
    words = {160: other_stack, 168: MIDDLE, 120: 0xBEE, 0x200: ENTRY + 2}
    code = MadeCode({LEAF: Row(RowKind.SIGNAL, cfa=160), MIDDLE: RSP_8, ENTRY: END})
    found = unwind(Registers(LEAF + 5, SP, 0), stack(words), code)
    assert found == Walk([LEAF + 5, MIDDLE, ENTRY + 2], StackEnd.COMPLETE, exact=(0, 1))
    assert code.asked == [LEAF + 5, MIDDLE, ENTRY + 1]


def test_a_signal_frame_may_lead_to_a_lower_stack() -> None:
    low = SP - 0x8000
    runs = StackBytes([*_runs({160: low, 168: MIDDLE + 3, 120: 0}), *_runs({0: ENTRY + 2}, low)])
    code = MadeCode({LEAF: Row(RowKind.SIGNAL, cfa=160), MIDDLE: RSP_8, ENTRY: END})
    assert unwind(Registers(LEAF, SP, 0), runs, code).end is StackEnd.COMPLETE


def _runs(words: Mapping[int, int], base: int = SP) -> list[tuple[int, bytes]]:
    data = bytearray(512)
    for offset, word in words.items():
        data[offset : offset + 8] = word.to_bytes(8, "little")
    return [(base, bytes(data))]


def test_rbp_deref_with_rbp_saved_at_rbp() -> None:
    bp = SP + 0x40
    words = {0x38: SP + 0x80, 0x40: SP + 0xA0, 0x78: MIDDLE + 3, 0xA8: ENTRY + 2}
    found = walk(Row(RowKind.RBP_DEREF, 0, RBP_AT_RBP, -8), words, bp, {MIDDLE: Row(RowKind.RBP, 0, -2, 16)})
    assert found == COMPLETE


def test_rbp_at_rbp_outside_of_its_frame_has_been_restored() -> None:
    words = {0x20: SP + 0x80, 0x78: MIDDLE + 3, 0xA8: ENTRY + 2}
    leaf = Row(RowKind.RSP_DEREF, 0, RBP_AT_RBP, 0x20)
    assert walk(leaf, words, SP + 0xA0, {MIDDLE: Row(RowKind.RBP, 0, -2, 16)}) == COMPLETE


@pytest.mark.parametrize(("aux", "value"), [(0, 0x80), (1, 0x78), (0xFF, 0x88)])
def test_rsp_deref_adds_signed_words(aux: int, value: int) -> None:
    words = {0x18: SP + value, 0x78: MIDDLE + 3, 0x80: ENTRY + 2}
    assert walk(Row(RowKind.RSP_DEREF, aux, cfa=0x18), words) == COMPLETE


def test_register_of_the_innermost_frame() -> None:
    words = {0x38: MIDDLE + 3, 0x40: ENTRY + 2}
    assert walk(Row(RowKind.REGISTER, 10, cfa=0), words, r10=SP + 0x40) == COMPLETE
    assert walk(Row(RowKind.REGISTER, 10, cfa=0), words).end is StackEnd.BAD_ROW


def test_return_address_in_a_register_of_the_innermost_frame() -> None:
    row = Row(RowKind.RETURN, 5)
    assert walk(row, {0: ENTRY + 2}, r5=MIDDLE + 3) == COMPLETE
    assert walk(row, {0: ENTRY + 2}).end is StackEnd.BAD_ROW
    assert walk(RSP_8, {0: MIDDLE + 3}, more={MIDDLE: row}, r5=ENTRY + 2).end is StackEnd.BAD_ROW


def test_register_of_a_caller_from_where_a_callee_saved_it() -> None:
    rows = {LEAF: Row(RowKind.RSP, cfa=0x20), MIDDLE: RSP_8, OUTER: Row(RowKind.REGISTER, 3, cfa=16), ENTRY: END}
    words = {0x10: SP + 0x60, 0x18: MIDDLE + 3, 0x20: OUTER + 3, 0x68: ENTRY + 2}
    code = MadeCode(rows, {(LEAF >> 8, 3): -16})
    expected = Walk([LEAF + 5, MIDDLE + 3, OUTER + 3, ENTRY + 2], StackEnd.COMPLETE)
    assert unwind(Registers(LEAF + 5, SP, 0, {3: 1}), stack(words), code) == expected
    untouched = MadeCode(rows, {})
    assert unwind(Registers(LEAF + 5, SP, 0, {3: SP + 0x60}), stack(words), untouched) == expected
    assert unwind(Registers(LEAF + 5, SP, 0), stack(words), untouched).end is StackEnd.BAD_ROW
    unknown = MadeCode(rows)
    assert unwind(Registers(LEAF + 5, SP, 0, {3: SP + 0x60}), stack(words), unknown).end is StackEnd.BAD_ROW


def test_a_walk_taken_over_knows_no_registers_of_the_leaf() -> None:
    code = MadeCode({MIDDLE: Row(RowKind.REGISTER, 3)}, {})
    found = unwind(Registers(MIDDLE + 3, SP, 0, {3: SP + 0x60}), stack({}), code, is_return_address=True)
    assert found == Walk([MIDDLE + 3], StackEnd.BAD_ROW, exact=())


GO = Row(RowKind.FRAME_POINTER, FramePointer.GO)
JIT = Row(RowKind.FRAME_POINTER, FramePointer.JIT)
PLAIN = Row(RowKind.FRAME_POINTER)


@pytest.mark.parametrize("row", [GO, JIT, PLAIN])
def test_frame_pointer(row: Row) -> None:
    words = {0x30: SP + 0x60, 0x38: MIDDLE + 3, 0x60: 0, 0x68: ENTRY + 2}
    assert walk(row, words, SP + 0x30, {MIDDLE: row}) == COMPLETE


@pytest.mark.parametrize("bp", [0, SP - 8, SP + 0x31, SP + 0x100000])
def test_a_frame_pointer_that_is_none(bp: int) -> None:
    assert walk(JIT, {}, bp).end is StackEnd.JIT_NO_FRAME_POINTER
    assert walk(PLAIN, {}, bp).end is (StackEnd.UNREADABLE_STACK if bp == SP + 0x100000 else StackEnd.NO_FRAME_POINTER)


def test_a_frame_pointer_that_leads_out_of_code() -> None:
    found = walk(JIT, {0x30: 0, 0x38: 0x1234}, SP + 0x30)
    assert found == Walk([LEAF + 5], StackEnd.JIT_NO_FRAME_POINTER)
    assert walk(PLAIN, {0x30: 0, 0x38: 0x1234}, SP + 0x30).end is StackEnd.NO_FRAME_POINTER


def test_go_s_frame_pointer_leads_to_another_stack_and_ends_at_zero() -> None:
    low = SP - 0x10000
    runs = StackBytes([*_runs({}), *_runs({0x10: 0, 0x18: MIDDLE + 3}, low)])
    code = MadeCode({LEAF: GO, MIDDLE: GO})
    expected = Walk([LEAF + 5, MIDDLE + 3], StackEnd.COMPLETE)
    assert unwind(Registers(LEAF + 5, SP, low + 0x10), runs, code) == expected


def test_the_caller_s_rbp_by_where_it_is_saved() -> None:
    framed = {MIDDLE: Row(RowKind.RBP, 0, -2, 16)}
    words = {0x20: SP + 0x60, 0x38: MIDDLE + 3, 0x68: ENTRY + 2}
    assert walk(Row(RowKind.RSP, 0, -4, 0x40), words, 0xBAD, framed) == COMPLETE
    assert walk(Row(RowKind.RSP, cfa=0x40), words, SP + 0x60, framed) == COMPLETE


def test_a_saved_rbp_below_rsp_has_been_restored() -> None:
    """Compilers leave rbp's rule as it is when an epilogue has popped it."""
    words = {0x0: MIDDLE + 3, 0x68: ENTRY + 2}
    assert walk(Row(RowKind.RSP, 0, -2, 8), words, SP + 0x60, {MIDDLE: Row(RowKind.RBP, 0, -2, 16)}) == COMPLETE


def test_large_frames() -> None:
    size = 307208
    code = MadeCode({LEAF: Row(RowKind.RSP, cfa=size), ENTRY: END})
    found = unwind(Registers(LEAF, SP, 0), stack({size - 8: ENTRY + 2}, size + 64), code)
    assert found.end is StackEnd.COMPLETE


def test_a_return_address_right_after_its_function() -> None:
    """A call that never returns may be the last instruction: the address is of the next function."""
    code = MadeCode({LEAF: RSP_8, MIDDLE: RSP_8, MIDDLE + 0x100: Row(RowKind.BAD), ENTRY: END})
    found = unwind(Registers(LEAF, SP, 0), stack({0: MIDDLE + 0x100, 8: ENTRY + 1}), code)
    assert found == Walk([LEAF, MIDDLE + 0x100, ENTRY + 1], StackEnd.COMPLETE)


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        (RowKind.NONE, StackEnd.NO_UNWIND_INFO),
        (RowKind.BAD, StackEnd.BAD_ROW),
        (RowKind.SPLIT, StackEnd.BAD_ROW),
        (RowKind.END, StackEnd.COMPLETE),
    ],
)
def test_rows_that_end_a_stack(kind: RowKind, end: StackEnd) -> None:
    assert walk(Row(kind), {}) == Walk([LEAF + 5], end)
    assert walk(RSP_8, {0: MIDDLE + 3}, more={MIDDLE: Row(kind)}) == Walk([LEAF + 5, MIDDLE + 3], end)


def test_no_code_at_the_leaf() -> None:
    assert unwind(Registers(0, SP, 0), stack({}), MadeCode({})) == Walk([0], StackEnd.NO_UNWIND_INFO)


@pytest.mark.parametrize("address", [0, 1, 4095, 0x50, 0x1234567, 0xFFFF_FFFF_FFFF_FFFF])
def test_a_return_address_in_no_code_is_a_wrong_row_and_no_end(address: int) -> None:
    found = walk(RSP_8, {0: address})
    assert found == Walk([LEAF + 5], StackEnd.BAD_ROW)
    assert found.left_code
    assert not walk(RSP_8, {0: MIDDLE + 3, 8: ENTRY + 2}).left_code


@pytest.mark.parametrize(
    "row",
    [
        Row(RowKind.RSP, cfa=0),
        Row(RowKind.RSP, cfa=-64),
        Row(RowKind.RBP, 0, -2, 16),
        Row(RowKind.RBP_DEREF, cfa=0x10),
        Row(RowKind.RSP_DEREF, cfa=0x18),
    ],
)
def test_a_frame_below_the_stack_pointer_is_a_wrong_row(row: Row) -> None:
    assert walk(row, {0x10: SP, 0x18: SP - 8}, bp=SP - 16 if row.kind == RowKind.RBP else SP).end is StackEnd.BAD_ROW


def test_loops_end() -> None:
    code = MadeCode({LEAF: Row(RowKind.SIGNAL, cfa=160)})
    found = unwind(Registers(LEAF, SP, 0), stack({160: SP, 168: LEAF}), code, 100)
    assert (len(found.addresses), found.end) == (100, StackEnd.TOO_DEEP)
    go = unwind(Registers(LEAF, SP, SP), stack({0: SP, 8: LEAF + 9}), MadeCode({LEAF: GO}), 100)
    assert (len(go.addresses), go.end) == (100, StackEnd.TOO_DEEP)


@pytest.mark.parametrize(
    "row",
    [
        Row(RowKind.RSP, cfa=0x4000),
        Row(RowKind.RSP, 0, -0x4000, 0x10008),
        Row(RowKind.RBP_DEREF, cfa=0x4000),
        Row(RowKind.RSP_DEREF, cfa=0x4000),
        Row(RowKind.SIGNAL, cfa=0x4000),
    ],
)
def test_outside_of_what_was_copied(row: Row) -> None:
    assert walk(row, {}, bp=SP).end is StackEnd.UNREADABLE_STACK


def test_too_deep_and_just_deep_enough() -> None:
    words = {8 * place: MIDDLE + 3 for place in range(10)} | {80: ENTRY + 2}
    code = MadeCode({MIDDLE: RSP_8, ENTRY: END})
    registers = Registers(MIDDLE + 3, SP, 0)
    assert unwind(registers, stack(words), code, 12).end is StackEnd.COMPLETE
    found = unwind(registers, stack(words), code, 11)
    assert (len(found.addresses), found.end) == (11, StackEnd.TOO_DEEP)


def test_a_walk_taken_over_looks_up_the_call() -> None:
    code = MadeCode({LEAF: Row(RowKind.BAD), LEAF - 1: RSP_8, ENTRY: END})
    found = unwind(Registers(LEAF, SP, 0), stack({0: ENTRY + 2}), code, is_return_address=True)
    assert found == Walk([LEAF, ENTRY + 2], StackEnd.COMPLETE, exact=())
    assert unwind(Registers(LEAF, SP, 0), stack({0: ENTRY + 2}), code).end is StackEnd.BAD_ROW


def test_runs_of_bytes_with_holes() -> None:
    runs = StackBytes([(0x3000, b"\1" * 16), (0x1000, bytes(range(16))), (0x1010, bytes(range(16, 32)))])
    assert runs.word(0x1000) == int.from_bytes(bytes(range(8)), "little")
    assert runs.word(0x100C) == int.from_bytes(bytes(range(12, 20)), "little")
    assert runs.word(0x1018) is not None
    assert runs.word(0x1019) is None
    assert runs.word(0xFFF) is None
    assert runs.word(0x3008) is not None
    assert runs.word(0x3009) is None
    assert StackBytes([]).word(0) is None
    assert StackBytes([(0x1000, b"abc")]).word(0x1000) is None
