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
from collections.abc import Iterator

from ..elf_file import ElfFile
from ..raw_bytes import BrokenFile

FileRange = tuple[int, int]
"""Start and end (excluded) of a part of a file, or of addresses."""

LARGEST_LOOP = 4 << 20
MOST_FUNCTIONS = 1 << 20
FEWEST_JUMPS = 8
"""Different places within one other function that the loop has to jump to; bytes that only look like jumps do not
agree like that."""

ARM64 = 183
"""EM_AARCH64 of elf.h."""

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
    for target in arm64_targets(code, start) if elf.machine == ARM64 else x86_64_targets(code, start):
        if not start <= target < end:
            place = bisect_right(starts, target) - 1
            if 0 <= place < len(starts) - 1 and target != starts[place]:
                targets[place].add(target)
    return [(starts[place], starts[place + 1]) for place, found in targets.items() if len(found) >= FEWEST_JUMPS]


def x86_64_targets(code: bytes, start: int) -> Iterator[int]:
    """Where code jumps to, or would, if all that looks like a jump were one."""
    for match in _JUMP.finditer(code):
        yield start + match.end(1) + int.from_bytes(match[1], "little", signed=True)


def arm64_targets(code: bytes, start: int) -> Iterator[int]:
    """Where code jumps to: b, b.cond, cbz and cbnz (Arm Architecture Reference Manual)."""
    for place, (word,) in enumerate(struct.iter_unpack("<I", code[: len(code) & ~3])):
        if word & 0xFC000000 == 0x14000000:
            yield start + 4 * (place + _signed(word, 26))
        elif word & 0xFF000010 == 0x54000000 or word & 0x7E000000 == 0x34000000:
            yield start + 4 * (place + _signed(word >> 5, 19))


def _signed(word: int, bits: int) -> int:
    """The lowest bits of a word as a signed number."""
    return (word & (1 << bits) - 1) - ((word >> bits - 1 & 1) << bits)


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
