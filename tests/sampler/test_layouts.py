"""bcc's descriptions of structs as ctypes."""

from __future__ import annotations

import ctypes

import pytest
from icetop.sampler.loader.layouts import UnknownLayout, layout


def test_a_struct_with_an_array_and_a_struct_inside() -> None:
    inner = ["inner", [["a", "unsigned int"], ["b", "unsigned long long"]], "struct"]
    outer = layout(["outer", [["name", "char", [16]], ["inner", inner]], "struct"])
    assert ctypes.sizeof(outer) == 32
    value = outer.from_buffer_copy(b"comm".ljust(16, b"\0") + (7).to_bytes(8, "little") + (9).to_bytes(8, "little"))
    assert (value.name, value.inner.a, value.inner.b) == (b"comm", 7, 9)


def test_packed_structs_have_no_padding() -> None:
    fields = [["a", "unsigned char"], ["b", "unsigned long long"]]
    assert ctypes.sizeof(layout(["tight", fields, "struct_packed"])) == 9
    assert ctypes.sizeof(layout(["loose", fields, "struct"])) == 16


@pytest.mark.parametrize(
    "description",
    ["float80", [], ["x"], ["u", [["a", "int"]], "union"], ["x", [["a", "int", 3]], "struct"], None, 7],
)
def test_what_is_not_known_is_refused(description: object) -> None:
    with pytest.raises(UnknownLayout):
        layout(description)
