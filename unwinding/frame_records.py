"""The records of .eh_frame and .debug_frame: one a function (FDE), with what many share set apart (CIE).

Formats: Linux Standard Base Core, "Exception Frames"; DWARF 5, section 6.4.1.
"""

from __future__ import annotations

from typing import NamedTuple

from ..symbols.raw_bytes import BrokenFile, RawBytes
from .arm64 import LINK, STACK_POINTER
from .cfa_machine import Factors, Machine, State
from .encoding import OMITTED, pointer, signed, unsigned
from .rows import BAD
from .stretch import Stretch, one_row, stretch_of
from .x86_64 import RETURN_ADDRESS, RSP

LONGEST_RECORD = 1 << 16
MOST_SHARED = 256
"""Bounds: bytes of a record, CIEs remembered of a binary. Real records have up to 8 KiB."""

_BEFORE = {RETURN_ADDRESS: (RSP, 8), LINK: (STACK_POINTER, 0)}
"""By the register that stands for the return address, which tells processors apart: the CFA as a function is called."""

WINDOW = 8192
"""Bytes read at a time: the records of neighbouring functions mostly are neighbours too."""


class FrameSection(NamedTuple):
    """Where the records are: `data` from `offset` to `offset + size`, loaded at `address`.

    `base` is what pointers relative to data count from. `debug` says that it is .debug_frame, whose marks differ.
    """

    data: RawBytes
    offset: int
    size: int
    address: int
    base: int = 0
    debug: bool = False


class Shared(NamedTuple):
    """A CIE: `initial` are the rules at a function's first instruction. `augmented` says that each FDE carries data
    whose length is given."""

    factors: Factors
    initial: State
    augmented: bool


class Function(NamedTuple):
    """An FDE: its addresses from `begin` up to `end` (excluded) and the program that describes them."""

    begin: int
    end: int
    program: bytes
    shared: Shared


class FrameRecords:
    """Reads records of one section on demand. Offsets are within the section."""

    def __init__(self, section: FrameSection) -> None:
        self.section = section
        self._shared: dict[int, Shared] = {}
        self._window = b""
        self._window_at = 0

    def function_at(self, offset: int) -> Function | None:
        """The FDE at an offset, None when it is a CIE or the end mark. Raises BrokenFile for one that is damaged."""
        body, data, identity_width = self._record(offset)
        identity = int.from_bytes(data[body : body + identity_width], "little")
        if len(data) == body or self._is_shared(identity, identity_width):
            return None
        shared = self._shared_at(identity if self.section.debug else offset + body - identity)
        return self._function(data, body + identity_width, offset, shared)

    def begin_at(self, offset: int) -> int:
        """Where the code begins that an FDE is about, 0 when it cannot be read or is no FDE."""
        try:
            function = self.function_at(offset)
        except BrokenFile:
            return 0
        return function.begin if function is not None else 0

    def encoding_at(self, offset: int) -> int | None:
        """How a CIE has pointers written (DW_EH_PE_*), None when it cannot be read."""
        try:
            return self._shared_at(offset).factors.encoding
        except BrokenFile:
            return None

    def _length_at(self, offset: int) -> int:
        """The bytes of a record, its length field included; 0 for the end mark."""
        head = self._read(offset, 12) if offset + 12 <= self.section.size else self._read(offset, 4)
        length = int.from_bytes(head[:4], "little")
        if length == 0xFFFFFFFF:
            return int.from_bytes(head[4:12], "little") + 12
        return length + 4 if length else 0

    def stretch_of(self, function: Function) -> Stretch:
        """The rows of a function; BAD all over where its program makes no sense."""
        machine = Machine(function.shared.factors, function.shared.initial, function.begin)
        try:
            machine.run(function.program)
            machine.finish()
        except BrokenFile:
            return one_row(function.begin, function.end, BAD)
        return stretch_of(function.begin, function.end, machine.starts, machine.rows)

    def rules_of(self, function: Function, address: int) -> State:
        """All rules in force at an address within a function. Raises BrokenFile for a program that makes no sense."""
        machine = Machine(function.shared.factors, function.shared.initial, function.begin, address)
        machine.run(function.program)
        machine.finish()
        if machine.rules_there is None:
            raise BrokenFile("no rules")
        return machine.rules_there

    def _record(self, offset: int) -> tuple[int, bytes, int]:
        """Where the identity in a record is, the record's bytes, and how wide the identity is."""
        length = self._length_at(offset)
        if length > LONGEST_RECORD or offset < 0 or offset + length > self.section.size:
            raise BrokenFile("a record that is too long")
        data = self._read(offset, length) if length else b""
        wide = data[:4] == b"\xff\xff\xff\xff"
        width = 8 if wide and self.section.debug else 4
        body = 12 if wide else min(4, len(data))
        if body and len(data) < body + width:
            raise BrokenFile("a record that is too short")
        return body, data, width

    def _is_shared(self, identity: int, width: int) -> bool:
        return identity == ((1 << 8 * width) - 1 if self.section.debug else 0)

    def _function(self, data: bytes, place: int, offset: int, shared: Shared) -> Function:
        encoding, address = shared.factors.encoding, self.section.address + offset
        begin, place = pointer(data, place, encoding, address, self.section.base)
        size, place = pointer(data, place, encoding & 0x0F, 0)
        if shared.augmented:
            length, place = unsigned(data, place)
            place += length
        if not 0 < size < 1 << 40 or place > len(data):
            raise BrokenFile("a function without code")
        return Function(begin, begin + size, data[place:], shared)

    def _shared_at(self, offset: int) -> Shared:
        shared = self._shared.get(offset)
        if shared is None:
            body, data, width = self._record(offset)
            if not data or not self._is_shared(int.from_bytes(data[body : body + width], "little"), width):
                raise BrokenFile("a function that refers to nothing")
            if len(self._shared) >= MOST_SHARED:
                self._shared.clear()
            shared = self._shared[offset] = _read_shared(data, body + width)
        return shared

    def _read(self, offset: int, size: int) -> bytes:
        if offset < 0 or offset + size > self.section.size:
            raise BrokenFile("outside of the section")
        place = offset - self._window_at
        if place < 0 or place + size > len(self._window):
            wanted = min(max(size, WINDOW), self.section.size - offset)
            self._window = self.section.data.read(self.section.offset + offset, wanted)
            self._window_at, place = offset, 0
        return self._window[place : place + size]


def _read_shared(data: bytes, place: int) -> Shared:
    """A CIE from the bytes after its identity."""
    version = data[place] if place < len(data) else 0
    end = data.find(b"\0", place + 1, place + 16)
    if version not in (1, 3, 4) or end < 0:
        raise BrokenFile("a CIE of an unknown form")
    augmentation, place = data[place + 1 : end], end + 1
    if version == 4:
        if data[place : place + 2] != b"\x08\x00":
            raise BrokenFile("addresses that are not of 8 bytes")
        place += 2
    code, place = unsigned(data, place)
    factor, place = signed(data, place)
    register, place = unsigned(data, place)
    if register not in _BEFORE or code > 255 or abs(factor) > 255 or place > len(data):
        raise BrokenFile("not for this processor")
    encoding = 0
    if augmentation[:1] == b"z":
        length, place = unsigned(data, place)
        encoding = _pointer_encoding(augmentation, data[place : place + length])
        place += length
    elif augmentation:
        raise BrokenFile("an augmentation of an unknown form")
    factors = Factors(code, factor, encoding, may_sign=register == LINK)
    machine = Machine(factors, State(_BEFORE[register], {}), 0)
    machine.run(data[place:])
    return Shared(factors, machine.state, augmentation[:1] == b"z")


def _pointer_encoding(augmentation: bytes, data: bytes) -> int:
    """How the pointers of functions are written, from the letters of a CIE and the data for each."""
    encoding = place = 0
    for letter in augmentation[1:]:
        if letter in b"SB":
            continue
        if place >= len(data):
            raise BrokenFile("cut short")
        if letter == ord("R"):
            encoding = data[place]
        elif letter == ord("P") and data[place] != OMITTED:
            _, place = pointer(data, place + 1, data[place] & 0x0F, 0)
            continue
        elif letter not in b"LP":
            raise BrokenFile("an augmentation of an unknown form")
        place += 1
    return encoding
