"""Where the evaluation loop goes on, told by its jumps."""

from __future__ import annotations

import struct

from icetop.symbols.cpython.eval_ranges import arm64_targets, x86_64_targets


def test_jumps_of_arm64_are_read_and_calls_are_not() -> None:
    code = struct.pack("<7I", 0x14000002, 0x54FFFFE1, 0xB4000080, 0x35FFFFC5, 0x97FFFFEF, 0xD65F03C0, 0x17FFFFFF)
    start = 0xFFFF00001000
    assert [target - start for target in arm64_targets(code, start)] == [8, 0, 24, 4, 20]


def test_jumps_of_x86_64_are_read() -> None:
    code = b"\x0f\x84\x10\0\0\0\xe9\xf0\xff\xff\xff"
    assert [target - 0x1000 for target in x86_64_targets(code, 0x1000)] == [22, -5]
