"""The form of a protobuf message, and its outermost level as a stream: a large file is never in memory as a whole.

The form is told at https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

CHUNK = 1 << 18
HEADER = 20
"""The most bytes that a field's tag and length take."""

LONGEST_FIELD = 1 << 24
"""The longest field taken, 16 MiB: the comment of a day's recording has 6."""

NUMBER, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}


class Malformed(ValueError):
    """The data is not the message it should be; the text says why, as the end of a sentence about the file."""


def fields(read: Callable[[int], bytes]) -> Iterator[tuple[int, int, bytes]]:
    """(field number, value of a number, content of anything else) for each field. Raises Malformed.

    `read` gives as many bytes as it is asked for, fewer only at the end.
    """
    buffer, at = b"", 0
    while True:
        if len(buffer) - at < HEADER:
            buffer, at = buffer[at:] + read(CHUNK), 0
            if not buffer:
                return
        tag = buffer[at]
        if tag < 0x80:
            at += 1
        else:
            tag, at = _varint(buffer, at)
        number, form = tag >> 3, tag & 7
        if number == 0:
            raise Malformed("it is not a pprof file")
        if form == NUMBER:
            value, at = _varint(buffer, at)
            yield number, value, b""
            continue
        if form == BYTES:
            length = buffer[at] if at < len(buffer) else 0x80
            if length < 0x80:
                at += 1
            else:
                length, at = _varint(buffer, at)
        elif form in _FIXED:
            length = _FIXED[form]
        else:
            raise Malformed("it is not a pprof file")
        if length > LONGEST_FIELD:
            raise Malformed(f"a part of it claims to be {length:,} bytes long")
        if at + length > len(buffer):
            buffer, at = buffer[at:] + read(max(CHUNK, length)), 0
            if length > len(buffer):
                raise Malformed("it is cut off")
        yield number, 0, buffer[at : at + length]
        at += length


def varint(number: int) -> bytes:
    """A number from 0 on in the variable-length form."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place after it."""
    if at + 1 < len(buffer):  # one byte or two, as most have
        first, second = buffer[at], buffer[at + 1]
        if first < 0x80:
            return first, at + 1
        if second < 0x80:
            return first & 0x7F | second << 7, at + 2
    value = shift = 0
    for place in range(at, min(at + 10, len(buffer))):
        byte = buffer[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise Malformed("it is cut off" if at + 10 > len(buffer) else "it is not a pprof file")
