"""Copied parts of a thread's stack."""

from __future__ import annotations

import struct
from collections.abc import Iterable

_WORD = struct.Struct("<Q")


class StackBytes:
    """Runs of bytes with the address of each; they may have holes between them and must not overlap."""

    def __init__(self, runs: Iterable[tuple[int, bytes]]) -> None:
        self._runs = [(base, base + len(data) - _WORD.size, data) for base, data in _joined(sorted(runs))]

    def word(self, address: int) -> int | None:
        """The eight bytes at an address as a number, None where they were not copied."""
        for base, last, data in self._runs:
            if base <= address <= last:
                return int(_WORD.unpack_from(data, address - base)[0])
        return None


def _joined(runs: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Neighbours made one, so that a word may lie across their border."""
    joined: list[tuple[int, list[bytes], int]] = []
    for base, data in runs:
        if joined and joined[-1][2] == base:
            start, parts, _ = joined.pop()
            joined.append((start, [*parts, data], base + len(data)))
        else:
            joined.append((base, [data], base + len(data)))
    return [(start, b"".join(parts)) for start, parts, _ in joined]
