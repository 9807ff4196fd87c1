"""The parts of the evaluation loop that the compiler put elsewhere, in a file without symbols for them.

GCC moves code that seldom runs out of a function (`_PyEval_EvalFrameDefault.cold`), under a symbol that stripping
removes. What remains is that the loop jumps into the middle of what looks like another function, many times: the
entries of `.eh_frame_hdr` say where functions begin.
"""

from __future__ import annotations

import re
import struct
from array import array
from bisect import bisect_right
from collections import defaultdict

from ..elf_file import ElfFile
from ..raw_bytes import BrokenFile

FileRange = tuple[int, int]
"""Start and end (excluded) of a part of a file, or of addresses."""

LARGEST_LOOP = 4 << 20
MOST_FUNCTIONS = 1 << 20
FEWEST_JUMPS = 8
"""Different places within one other function that the loop has to jump to; bytes that only look like jumps do not
agree like that."""

_JUMP = re.compile(rb"(?=(?:\x0f[\x80-\x8f]|\xe9)(....))", re.DOTALL)
_INDEX_HEADER = struct.Struct("<BBBBiI")
_DATA_RELATIVE = 0x3B


def find_cold_parts(elf: ElfFile, start: int, end: int) -> list[FileRange]:
    """The (start, end) addresses of the parts of the function at `start` that lie elsewhere."""
    offset = elf.offset_of(start)
    if offset is None or end - start > LARGEST_LOOP:
        return []
    try:
        code = elf.data.read(offset, end - start)
        starts = _function_starts(elf)
    except BrokenFile:
        return []
    targets: defaultdict[int, set[int]] = defaultdict(set)
    for match in _JUMP.finditer(code):
        target = start + match.end(1) + int.from_bytes(match[1], "little", signed=True)
        if not start <= target < end:
            place = bisect_right(starts, target) - 1
            if 0 <= place < len(starts) - 1 and target != starts[place]:
                targets[place].add(target)
    return [(starts[place], starts[place + 1]) for place, found in targets.items() if len(found) >= FEWEST_JUMPS]


def _function_starts(elf: ElfFile) -> array[int]:
    """Where functions begin, sorted, by the index of `.eh_frame_hdr`; empty when there is none of the usual form."""
    offset = elf.offset_of(elf.unwind_index) if elf.unwind_index is not None else None
    if offset is None or elf.unwind_index is None:
        return array("q")
    _, _, count_form, table_form, _, count = _INDEX_HEADER.unpack(elf.data.read(offset, _INDEX_HEADER.size))
    if count_form != 3 or table_form != _DATA_RELATIVE or count > MOST_FUNCTIONS:
        return array("q")
    words = array("i", elf.data.read(offset + _INDEX_HEADER.size, 8 * count))
    base = elf.unwind_index
    return array("q", (base + word for word in words[0::2]))
