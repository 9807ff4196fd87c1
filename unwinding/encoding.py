"""Numbers as DWARF and .eh_frame write them: LEB128, and pointers that say themselves how they are written.

Formats: DWARF 5, section 7.6; Linux Standard Base Core, "DWARF Extensions" (DW_EH_PE_*).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from ..symbols.raw_bytes import BrokenFile

OMITTED = 0xFF
"""The encoding of a pointer that is not there (DW_EH_PE_omit)."""

_PC_RELATIVE, _DATA_RELATIVE, _INDIRECT = 0x10, 0x30, 0x80
_FIXED = {
    0x00: struct.Struct("<Q"),
    0x02: struct.Struct("<H"),
    0x03: struct.Struct("<I"),
    0x04: struct.Struct("<Q"),
    0x08: struct.Struct("<q"),
    0x0A: struct.Struct("<h"),
    0x0B: struct.Struct("<i"),
    0x0C: struct.Struct("<q"),
}
_ADDRESS_MASK = (1 << 64) - 1


def unsigned(data: bytes, place: int) -> tuple[int, int]:
    """An unsigned LEB128 number and the place after it. Raises BrokenFile where it is cut short or over 64 bits."""
    value = shift = 0
    while shift < 70 and place < len(data):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise BrokenFile("a number is cut short")


def signed(data: bytes, place: int) -> tuple[int, int]:
    """A signed LEB128 number and the place after it. Raises BrokenFile where it is cut short or over 64 bits."""
    value, after = unsigned(data, place)
    if data[after - 1] & 0x40:
        value -= 1 << 7 * (after - place)
    return value, after


def pointer(
    data: bytes,
    place: int,
    encoding: int,
    address: int,
    base: int = 0,
    read_address: Callable[[int], int] | None = None,
) -> tuple[int, int]:
    """A pointer written in an encoding (DW_EH_PE_*), and the place after it.

    `address` is where `data` is loaded, `base` what pointers relative to data count from, `read_address` gives the
    eight bytes at an address, for indirect pointers. Raises BrokenFile for what is cut short or of an unknown form.
    """
    value, after = _bare(data, place, encoding & 0x0F)
    if not value:
        return 0, after
    relative = encoding & 0x70
    if relative == _PC_RELATIVE:
        value += address + place
    elif relative == _DATA_RELATIVE:
        value += base
    elif relative:
        raise BrokenFile(f"a pointer of the unknown form {encoding:#x}")
    value &= _ADDRESS_MASK
    if encoding & _INDIRECT:
        if read_address is None:
            raise BrokenFile("a pointer to a pointer")
        value = read_address(value)
    return value, after


def _bare(data: bytes, place: int, form: int) -> tuple[int, int]:
    if form == 0x01:
        return unsigned(data, place)
    if form == 0x09:
        return signed(data, place)
    fixed = _FIXED.get(form)
    if fixed is None or place + fixed.size > len(data):
        raise BrokenFile(f"a pointer of the form {form:#x} is unknown or cut short")
    return int(fixed.unpack_from(data, place)[0]), place + fixed.size
