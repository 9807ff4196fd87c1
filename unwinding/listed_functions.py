"""An index of a binary that has none: made by reading the heads of all its records once."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right

from ..symbols.raw_bytes import BrokenFile
from .frame_records import FrameRecords
from .sorted_pairs import Found

MOST_RECORDS = 1 << 18
MOST_SHARED = 4096
LARGEST = 16 << 20
"""Bounds on what is indexed: FDEs, CIEs, and bytes of both. A large compiler's library has 100,000, 2, and 5 MB."""

_HEAD = struct.Struct("<IIi")
_USUAL = 0x1B
"""The encoding of nearly all pointers to code: relative to where they are, 32 bits (DW_EH_PE_pcrel | sdata4)."""


class ListedFunctions:
    """Sorted starts of functions, with the offset of the record of each; 16 bytes a function. Takes 1 us for each.

    Raises BrokenFile for a section that is too large.
    """

    def __init__(self, records: FrameRecords) -> None:
        section = records.section
        if section.size > LARGEST:
            raise BrokenFile("too much without an index")
        data = section.data.read(section.offset, section.size)
        starts, offsets = array("Q"), array("Q")
        usual: dict[int, bool] = {}
        offset = 0
        for _ in range(MOST_RECORDS):
            if offset + _HEAD.size > len(data):
                break
            length, identity, relative = _HEAD.unpack_from(data, offset)
            if not length:
                break
            shared = offset + 4 - identity
            if shared not in usual:
                if len(usual) >= MOST_SHARED:
                    break
                usual[shared] = bool(identity) and not section.debug and records.encoding_at(shared) == _USUAL
            begin = section.address + offset + 8 + relative if usual[shared] else records.begin_at(offset)
            if begin > 0:
                starts.append(begin)
                offsets.append(offset)
            offset += (
                length + 4 if length != 0xFFFFFFFF else int.from_bytes(data[offset + 4 : offset + 12], "little") + 12
            )
        order = sorted(range(len(starts)), key=starts.__getitem__)
        self._starts = array("Q", map(starts.__getitem__, order))
        self._offsets = array("Q", map(offsets.__getitem__, order))

    def find(self, value: int) -> Found | int | None:
        """As `SortedPairs.find`."""
        index = bisect_right(self._starts, value) - 1
        if index < 0:
            return self._starts[0] if self._starts else None
        following = self._starts[index + 1] if index + 1 < len(self._starts) else None
        return Found(self._starts[index], self._offsets[index], following)
