"""The kernel's walker and user space speak of the same rows: what C and Python say of them agrees."""

from __future__ import annotations

import re
from pathlib import Path

from icetop.sampler import finisher, kernel_side
from icetop.sampler.loader.source import FOLDER, enums
from icetop.sampler.raw_stacks import ENDS
from icetop.unwinding import pages, rows
from icetop.unwinding.rows import FramePointer, RowKind


def defined(header: str) -> dict[str, int]:
    """The numbers that a header of bpf/ defines."""
    found = re.findall(r"^#define (\w+) (0x[0-9a-f]+|\d+)\b", Path(FOLDER, header).read_text(), re.MULTILINE)
    return {name: int(value, 0) for name, value in found}


def test_kinds_of_rows_have_the_same_numbers() -> None:
    assert enums()["row_kind"] == {f"ROW_{kind.name}": kind.value for kind in RowKind}


def test_the_marks_in_rows_are_the_same() -> None:
    of_c = defined("unwind.h")
    assert of_c["RBP_UNCHANGED"] == rows.RBP_UNCHANGED
    assert of_c["RBP_AT_RBP"] == rows.RBP_AT_RBP
    assert of_c["FRAME_POINTER_GO"] == FramePointer.GO
    assert of_c["FRAME_POINTER_JIT"] == FramePointer.JIT


def test_pages_have_the_same_shape() -> None:
    of_c = defined("types.h")
    assert of_c["PAGE_SHIFT"] == pages.PAGE_SHIFT
    assert of_c["PAGE_ROWS"] == pages.ROWS
    assert of_c["HALF_SHIFT"] == pages.HALF_SHIFT
    assert of_c["BINARY_SHIFT"] == finisher.BINARY_SHIFT
    assert of_c["MAPPING_CHUNKS"] == kernel_side.MAPPING_CHUNKS


def test_every_end_of_a_walk_is_known() -> None:
    asked_again = {"END_UNMAPPED", "END_MISSING_PAGE", "END_NO_UNWIND_INFO"}
    assert set(enums()["walk_end"]) == set(ENDS) | asked_again
