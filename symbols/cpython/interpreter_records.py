"""What a file says of its interpreter, as lists and numbers that JSON can hold, and back."""

from __future__ import annotations

from typing import Any

from .interpreter_file import InterpreterFile
from .layouts import (
    NONE,
    CFrameOffsets,
    CodeOffsets,
    FrameOffsets,
    InterpreterOffsets,
    Layout,
    RuntimeOffsets,
    StringOffsets,
    ThreadOffsets,
)

_PARTS: tuple[Any, ...] = (
    RuntimeOffsets,
    InterpreterOffsets,
    ThreadOffsets,
    CFrameOffsets,
    FrameOffsets,
    CodeOffsets,
    StringOffsets,
)
_HIGHEST = 1 << 47


def to_record(found: InterpreterFile) -> list[Any]:
    """An interpreter's file as a record."""
    version, *parts, described = found.layout
    layout = [list(version), *map(list, parts), described]
    return [layout, found.runtime, found.code_type, found.code_start, [list(part) for part in found.loop_ranges]]


def from_record(record: Any) -> InterpreterFile | None:
    """What `to_record` made; None for anything else."""
    try:
        (version, *parts, described), runtime, code_type, code_start, ranges = record
        offsets = [kind(*_numbers(part, len(kind._fields))) for kind, part in zip(_PARTS, parts, strict=True)]
        layout = Layout._make([tuple(_numbers(version, 2)), *offsets, bool(described)])
        loop_ranges = tuple((start, end) for start, end in (_numbers(part, 2) for part in ranges))
        return InterpreterFile._make([layout, *_numbers([runtime, code_type, code_start], 3), loop_ranges])
    except (TypeError, ValueError):
        return None


def _numbers(values: Any, number: int) -> list[int]:
    if len(values) != number or not all(type(value) is int and NONE <= value < _HIGHEST for value in values):
        raise ValueError("not the numbers of a record")
    return list(values)
