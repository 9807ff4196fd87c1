"""Instructions of x86-64, as far as they move the stack: how long each is, and what it does to rsp and rbp.

Source: Intel's Software Developer's Manual, volume 2, chapter 2 and appendix A.
"""

from __future__ import annotations

from enum import IntEnum, auto

_STACK, _FRAME = 4, 5
"""The processor's own numbers of rsp and rbp."""


class Effect(IntEnum):
    """What an instruction does to the stack pointer, to rbp, or to the flow of control."""

    NOTHING = auto()
    PUSH = auto()
    """rsp goes down by 8. The operand is the processor's number of the register, -1 for anything else."""
    POP = auto()
    ADD = auto()
    """The operand is added to rsp."""
    RSP_TO_RBP = auto()
    RBP_TO_RSP = auto()
    """rsp becomes rbp plus the operand."""
    LEAVE = auto()
    LOSE_RSP = auto()
    """rsp becomes what is not known here."""
    CLEAR_RBP = auto()
    JUMP = auto()
    """The operand of the next three is how far from the end of the instruction they lead; 0 for a call to anywhere."""
    BRANCH = auto()
    CALL = auto()
    RETURN = auto()
    STOP = auto()
    """Control does not go on, or to a place that is not known."""
    INVALID = auto()


Decoded = tuple[int, Effect, int]
"""Length in bytes, what it does, and the operand of that."""

_NO_OPERANDS, _MODRM, _BYTE, _WORD, _LONG, _MODRM_BYTE, _MODRM_LONG, _BAD = range(8)


def _one_byte_forms() -> list[int]:
    forms = [_BAD] * 256
    for start in range(0, 0x40, 8):
        forms[start : start + 6] = [_MODRM] * 4 + [_BYTE, _LONG]
    forms[0x50:0x60] = [_NO_OPERANDS] * 16
    forms[0x63] = _MODRM
    forms[0x68:0x70] = [_LONG, _MODRM_LONG, _BYTE, _MODRM_BYTE] + [_NO_OPERANDS] * 4
    forms[0x70:0x80] = [_BYTE] * 16
    forms[0x80:0x90] = [_MODRM_BYTE, _MODRM_LONG, _BAD, _MODRM_BYTE] + [_MODRM] * 12
    forms[0x90:0xA0] = [_NO_OPERANDS] * 16
    forms[0x9A] = _BAD
    forms[0xA4:0xB0] = [_NO_OPERANDS] * 4 + [_BYTE, _LONG] + [_NO_OPERANDS] * 6
    forms[0xB0:0xC0] = [_BYTE] * 8 + [_LONG] * 8
    forms[0xC0:0xC4] = [_MODRM_BYTE, _MODRM_BYTE, _WORD, _NO_OPERANDS]
    forms[0xC6:0xD0] = [_MODRM_BYTE, _MODRM_LONG, _BAD, _NO_OPERANDS, _WORD, _NO_OPERANDS, _NO_OPERANDS, _BYTE, _BAD, 0]
    forms[0xD0:0xE0] = [_MODRM] * 4 + [_BAD] * 3 + [_NO_OPERANDS] + [_MODRM] * 8
    forms[0xE0:0xF0] = [_BYTE] * 8 + [_LONG, _LONG, _BAD, _BYTE] + [_NO_OPERANDS] * 4
    forms[0xF1:0xF2] = [_NO_OPERANDS]
    forms[0xF4:0x100] = [_NO_OPERANDS] * 2 + [_MODRM] * 2 + [_NO_OPERANDS] * 6 + [_MODRM] * 2
    return forms


def _two_byte_forms() -> list[int]:
    forms = [_MODRM] * 256
    for opcode in (*range(0x04, 0x0A), 0x0B, *range(0x30, 0x38), 0x77, 0xA0, 0xA1, 0xA2, 0xA8, 0xA9, 0xAA):
        forms[opcode] = _NO_OPERANDS
    forms[0xC8:0xD0] = [_NO_OPERANDS] * 8
    forms[0x80:0x90] = [_LONG] * 16
    for opcode in (0x0F, *range(0x70, 0x74), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6):
        forms[opcode] = _MODRM_BYTE
    return forms


_ONE, _TWO = _one_byte_forms(), _two_byte_forms()
_PREFIXES = frozenset((0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3))
_INVALID: Decoded = (1, Effect.INVALID, 0)


def decode(code: bytes, place: int) -> Decoded:
    """The instruction at a place in code. One that is unknown or cut short has length 1 and is INVALID."""
    try:
        return _decode(code, place)
    except IndexError:
        return _INVALID


def _decode(code: bytes, start: int) -> Decoded:
    place, short, rex = start, False, 0
    byte = code[place]
    while byte in _PREFIXES:
        short = short or byte == 0x66
        place += 1
        byte = code[place]
        if place - start > 12:
            return _INVALID
    if byte & 0xF0 == 0x40:
        rex = byte
        place += 1
        byte = code[place]
    if byte in (0xC4, 0xC5, 0x62):
        return _vector(code, start, place, byte)
    if byte == 0x0F:
        return _two_byte(code, start, place + 1, short)
    form = _ONE[byte]
    if 0xA0 <= byte < 0xA4:
        return place + 9 - start, Effect.NOTHING, 0
    if byte & 0xF8 == 0xB8 and rex & 8:
        return place + 9 - start, Effect.NOTHING, 0
    if byte & 0xFE == 0xF6 and not code[place + 1] & 0x30:
        form = _MODRM_BYTE if byte == 0xF6 else _MODRM_LONG
    # A jump or call is as long as ever after the prefix that shortens operands.
    end = _end(code, place + 1, form, short and byte not in (0xE8, 0xE9))
    if not end:
        return _INVALID
    return end - start, *_effect(code, place, end, byte, rex)


def _two_byte(code: bytes, start: int, place: int, short: bool) -> Decoded:
    opcode = code[place]
    if opcode in (0x38, 0x3A):
        end = _end(code, place + 2, _MODRM if opcode == 0x38 else _MODRM_BYTE, short)
        return end - start, Effect.NOTHING, 0
    end = _end(code, place + 1, _TWO[opcode], short and opcode & 0xF0 != 0x80)
    if opcode & 0xF0 == 0x80:
        return end - start, Effect.BRANCH, int.from_bytes(code[end - 4 : end], "little", signed=True)
    if opcode in (0xA0, 0xA8):
        return end - start, Effect.PUSH, -1
    if opcode in (0xA1, 0xA9):
        return end - start, Effect.POP, -1
    return end - start, Effect.STOP if opcode in (0x0B, 0xB9, 0xFF) else Effect.NOTHING, 0


def _vector(code: bytes, start: int, place: int, kind: int) -> Decoded:
    """VEX and EVEX: a few bytes of payload, an opcode, ModRM, and a byte where the opcode asks for it."""
    after = place + {0xC5: 2, 0xC4: 3, 0x62: 4}[kind]
    encoding = 1 if kind == 0xC5 else code[place + 1] & (0x1F if kind == 0xC4 else 7)
    opcode = code[after]
    form = _MODRM_BYTE if encoding == 3 or (encoding == 1 and _TWO[opcode] == _MODRM_BYTE) else _MODRM
    if encoding == 1 and opcode == 0x77:
        form = _NO_OPERANDS
    return _end(code, after + 1, form, False) - start, Effect.NOTHING, 0


def _end(code: bytes, place: int, form: int, short: bool) -> int:
    """Where an instruction ends whose opcode ends at `place`; 0 for none."""
    if form in (_MODRM, _MODRM_BYTE, _MODRM_LONG):
        modrm = code[place]
        place += 1
        mode, base = modrm >> 6, modrm & 7
        if mode != 3:
            if base == 4:
                base = code[place] & 7 if not mode else 4
                place += 1
                place += 4 if not mode and base == 5 else 0
            elif not mode and base == 5:
                place += 4
            place += 1 if mode == 1 else 4 if mode == 2 else 0
    if form == _BAD:
        return 0
    if form in (_BYTE, _MODRM_BYTE):
        place += 1
    elif form in (_LONG, _MODRM_LONG):
        place += 2 if short else 4
    elif form == _WORD:
        place += 2
    if place > len(code):
        raise IndexError
    return place


def _effect(code: bytes, place: int, end: int, opcode: int, rex: int) -> tuple[Effect, int]:
    """What an instruction with an opcode of one byte, at `place`, does."""
    if opcode & 0xF0 == 0x50:
        return Effect.PUSH if opcode < 0x58 else Effect.POP, opcode & 7 | (rex & 1) << 3
    if opcode in _SIMPLE:
        return _SIMPLE[opcode], -1
    if opcode & 0xF0 == 0x70 or opcode & 0xFC == 0xE0:
        return Effect.BRANCH, _signed(code, end - 1, end)
    if opcode in (0xE8, 0xE9, 0xEB):
        relative = _signed(code, end - (1 if opcode == 0xEB else 4), end)
        return Effect.CALL if opcode == 0xE8 else Effect.JUMP, relative
    modrm = code[place + 1] if end > place + 1 else 0
    if opcode == 0xFF:
        kind = modrm >> 3 & 7
        effect = {2: Effect.CALL, 3: Effect.CALL, 4: Effect.STOP, 5: Effect.STOP, 6: Effect.PUSH}.get(kind)
        return effect or Effect.NOTHING, 0 if kind != 6 else -1
    if opcode == 0x8F:
        return Effect.POP, -1
    if opcode in _WRITERS:
        return _write(code, place, end, opcode, rex, modrm)
    return Effect.NOTHING, 0


_SIMPLE = {
    0x68: Effect.PUSH,
    0x6A: Effect.PUSH,
    0x9C: Effect.PUSH,
    0x9D: Effect.POP,
    0xC2: Effect.RETURN,
    0xC3: Effect.RETURN,
    0xC9: Effect.LEAVE,
    0xC8: Effect.LOSE_RSP,
    0xCC: Effect.STOP,
    0xF4: Effect.STOP,
}
_WRITERS = frozenset((0x01, 0x03, 0x29, 0x2B, 0x21, 0x23, 0x31, 0x33, 0x81, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0xC7))


def _write(code: bytes, place: int, end: int, opcode: int, rex: int, modrm: int) -> tuple[Effect, int]:
    """What an instruction that may write rsp or rbp does."""
    register, other = modrm >> 3 & 7 | (rex & 4) << 1, modrm & 7 | (rex & 1) << 3
    direct = modrm >> 6 == 3
    if opcode == 0x8D:
        return _load_address(code, place, end, modrm, rex) if register == _STACK else (Effect.NOTHING, 0)
    if opcode in (0x81, 0x83, 0xC7):
        written, read = (other, -1) if direct else (-1, -1)
    elif opcode in (0x03, 0x2B, 0x23, 0x33, 0x8B):
        written, read = register, other if direct else -1
    else:
        written, read = (other, register) if direct else (-1, -1)
    if opcode in (0x31, 0x33) and written == read == _FRAME:
        return Effect.CLEAR_RBP, 0
    if opcode in (0x89, 0x8B) and rex & 8 and (written, read) in ((_FRAME, _STACK), (_STACK, _FRAME)):
        return (Effect.RSP_TO_RBP if written == _FRAME else Effect.RBP_TO_RSP), 0
    if written != _STACK and not (opcode == 0x87 and direct and read == _STACK):
        return Effect.NOTHING, 0
    if opcode in (0x81, 0x83) and rex & 8:
        value = _signed(code, place + 2, end)
        kind = modrm >> 3 & 7
        return {0: (Effect.ADD, value), 5: (Effect.ADD, -value), 7: (Effect.NOTHING, 0)}.get(kind, (Effect.LOSE_RSP, 0))
    return Effect.LOSE_RSP, 0


def _load_address(code: bytes, place: int, end: int, modrm: int, rex: int) -> tuple[Effect, int]:
    """lea into rsp: from rsp or rbp with an offset, or from anything."""
    mode, base = modrm >> 6, modrm & 7 | (rex & 1) << 3
    if mode in (1, 2) and base == _FRAME:
        return Effect.RBP_TO_RSP, _signed(code, place + 2, end)
    if mode in (1, 2) and base == _STACK and code[place + 2] == 0x24:
        return Effect.ADD, _signed(code, place + 3, end)
    return Effect.LOSE_RSP, 0


def _signed(code: bytes, start: int, end: int) -> int:
    return int.from_bytes(code[start:end], "little", signed=True)
