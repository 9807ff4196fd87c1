"""A file of text, line by line, whatever its lines hold."""

from __future__ import annotations

from collections.abc import Iterator

from .opening import Reading
from .wire import Malformed

CHUNK = 1 << 20
LONGEST_LINE = 1 << 24


def lines_of(stream: Reading) -> Iterator[str]:
    """The lines without their ends; bytes that are not UTF-8 are replaced. Raises Malformed for one of over 16 MiB."""
    rest = b""
    while chunk := stream.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Malformed(f"a line is longer than {LONGEST_LINE:,} bytes")
        for line in whole:
            yield line.decode("utf-8", "replace")
    yield rest.decode("utf-8", "replace")
