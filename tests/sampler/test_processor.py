"""Which of what is known of processors is used on which."""

from __future__ import annotations

import os

import pytest
from icetop.sampler.loader.processor import (
    ARM64,
    HERE,
    PROCESSORS,
    X86_64,
    OtherProcessor,
    address_mask,
    find_processor,
)
from icetop.sampler.loader.source import enums, joined_source


def test_programs_are_made_with_the_headers_of_the_processor() -> None:
    with_rows, with_pointers = joined_source(processor=X86_64), joined_source(processor=ARM64)
    assert "orig_ax" in with_rows and "find_row" in with_rows and "pstate" not in with_rows
    assert "pstate" in with_pointers and "find_row" not in with_pointers and "orig_ax" not in with_pointers
    for source in (with_rows, with_pointers):
        assert '#include "' not in source and source.count("u32 step(struct walk *walk") == 1
    assert joined_source() == joined_source(processor=HERE)


def test_a_processor_that_is_not_known_is_refused_with_a_mend() -> None:
    assert (find_processor("x86_64"), find_processor("aarch64")) == (X86_64, ARM64)
    with pytest.raises(OtherProcessor, match="this is riscv64") as refused:
        find_processor("riscv64")
    assert refused.value.mend == "use a machine with x86-64 or arm64"
    assert HERE is PROCESSORS.get(os.uname().machine, HERE)


@pytest.mark.parametrize(("bits", "stack"), [(48, 0xFFFFE8C5B000), (39, 0x7FFF2B6000), (42, 0x3FFFE9D0000)])
def test_the_bits_of_addresses_are_those_of_a_stack(bits: int, stack: int) -> None:
    maps = f"aaaab8d70000-aaaab8d71000 r-xp 0 fe:00 1 /p\n{stack - 4096:x}-{stack:x} rw-p 0 00:00 0   [stack]\n"
    assert address_mask(maps if bits == 48 else maps.partition("\n")[2]) == (1 << bits) - 1


def test_a_python_frame_has_room_for_addresses_of_all_processors() -> None:
    form = enums()["python_frame"]
    packed = ((1 << 48) - 8) >> 3 << form["PYTHON_CODE_SHIFT"]
    assert packed < 1 << 64 and not packed & (form["PYTHON_ENTRY"] | form["PYTHON_NO_INSTRUCTION"])
    assert form["PYTHON_ENTRY"] == form["PYTHON_NO_INSTRUCTION"] + 1
