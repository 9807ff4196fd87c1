"""Reading struct offsets from BTF, made by hand and the kernel's own."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from icetop.sampler.loader.btf import VMLINUX, Btf, NoBtf, read_btf
from icetop.sampler.loader.offsets import MEMBERS, find_offsets

INT, STRUCT, ENUM, TYPEDEF = 1, 4, 6, 8


class Maker:
    """Builds BTF type by type; type ids count from 1."""

    def __init__(self) -> None:
        self.strings = b"\0"
        self.types = b""

    def name(self, text: str) -> int:
        if not text:
            return 0
        place = len(self.strings)
        self.strings += text.encode() + b"\0"
        return place

    def add(self, name: str, kind: int, size_or_type: int, body: bytes = b"", members: int = 0, flag: int = 0) -> None:
        self.types += struct.pack("=III", self.name(name), flag << 31 | kind << 24 | members, size_or_type) + body

    def add_struct(self, name: str, size: int, members: list[tuple[str, int, int]], flag: int = 0) -> None:
        body = b"".join(struct.pack("=III", self.name(member), kind, bits) for member, kind, bits in members)
        self.add(name, STRUCT, size, body, len(members), flag)

    def data(self) -> bytes:
        head = struct.pack("=HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return head + self.types + self.strings


@pytest.fixture
def made() -> bytes:
    maker = Maker()
    maker.add("int", INT, 4, struct.pack("=I", 32))  # 1
    maker.add_struct("inner", 8, [("a", 1, 0), ("deep", 1, 32)])  # 2
    maker.add("inner_t", TYPEDEF, 2)  # 3
    maker.add_struct("", 16, [("hidden", 1, 64)])  # 4
    maker.add_struct("task", 64, [("pid", 1, 0), ("inner", 3, 64), ("", 4, 128), ("pids", 1, 1 << 24 | 320)], flag=1)
    maker.add("colour", ENUM, 4, struct.pack("=IIII", maker.name("RED"), 3, maker.name("BLUE"), 7), 2)
    return maker.data()


def test_offsets_of_members_also_through_typedefs_and_anonymous_structs(made: bytes) -> None:
    btf = Btf(made)
    assert btf.offset("task", "pid") == 0
    assert btf.offset("task", "inner.deep") == 12
    assert btf.offset("task", "hidden") == 24
    assert btf.offset("task", "pids") == 40
    assert btf.offset("task", "absent") is None
    assert btf.offset("absent", "pid") is None
    assert btf.size("task") == 64
    assert btf.enum_value("colour", "BLUE") == 7
    assert btf.enum_value("colour", "GREEN") is None


def test_a_struct_is_found_by_its_whole_name(made: bytes) -> None:
    assert Btf(made).offset("ask", "pid") is None


def test_btf_that_is_cut_short_or_changed_is_refused_or_read_but_never_raises_anything_else(made: bytes) -> None:
    for length in range(len(made)):
        with pytest.raises(NoBtf):
            Btf(made[:length])
    for place in range(24, len(made) - 1):
        changed = bytearray(made)
        changed[place] ^= 0xFF
        with contextlib.suppress(NoBtf):
            Btf(bytes(changed)).offset("task", "inner.deep")


def test_no_btf_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoBtf, match="No such file"):
        read_btf(tmp_path / "vmlinux")


def test_a_kernel_that_lacks_a_struct_is_named(made: bytes) -> None:
    with pytest.raises(NoBtf, match="it has no task_struct"):
        find_offsets(Btf(made))


@pytest.mark.skipif(not VMLINUX.exists(), reason="this kernel has no BTF")
def test_this_kernels_offsets_are_all_found_and_differ() -> None:
    found = find_offsets(read_btf())
    assert set(MEMBERS) <= set(found)
    of_task = [found[name] for name in found if name.startswith("task_")]
    assert len(set(of_task)) == len(of_task)
    assert found["upid_size"] == 16
