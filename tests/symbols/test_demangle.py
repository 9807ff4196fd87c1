from __future__ import annotations

import random

import pytest
from icetop.symbols.demangle import LONGEST, demangle
from icetop.symbols.rust_names import demangle_rust

KNOWN = {
    "main": "main",
    "foo.cold": "foo",
    "foo.constprop.0": "foo",
    "foo.part.0": "foo.part",
    "_ZN4shop5checkERKSt6vectorIiSaIiEEm.cold": ("shop::check(std::vector<int> const&, unsigned long)"),
    "_ZN4core3ptr13drop_in_place17h0123456789abcdefE": "core::ptr::drop_in_place",
    "_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE.llvm.8243B2A9": (
        "<alloc::string::String as core::fmt::Display>::fmt"
    ),
    "_ZN3foo3bar17h0123456789abcdefE.cold": "foo::bar",
    # From the specification of the v0 mangling and the tests of rustc-demangle.
    "_RNvCs1234_7mycrate3foo": "mycrate::foo",
    "_RNvMs_CskCE_4testNtB4_3Foo3new": "<test::Foo>::new",
    "_RNCNvC1a1f0": "a::f::{closure#0}",
    "_RNSNvC1a1f6vtable": "a::f::{shim:vtable#0}",
    "_RNvC6_123foo3bar": "123foo::bar",
    "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y": "utf8_idents::საჭმელად_გემრიელი_სადილი",
    "_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_": "cc::spawn::{closure#0}::{closure#0}",
    "_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std": (
        "alloc::alloc::box_free::<dyn alloc::boxed::FnBox<(), Output = ()>>"
    ),
    "_RINtC8arrayvec8ArrayVechKj7b_E": "arrayvec::ArrayVec::<u8, 123>",
    "_RMCs4fqI2P2rA04_13const_genericINtB0_8UnsignedKhb_E": "<const_generic::Unsigned<11>>",
    "_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKs98_E": "<const_generic::Signed<152>>",
    "_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKanb_E": "<const_generic::Signed<-11>>",
    "_RMCs4fqI2P2rA04_13const_genericINtB0_4BoolKb1_E": "<const_generic::Bool<true>>",
    "_RMCs4fqI2P2rA04_13const_genericINtB0_4CharKc76_E": "<const_generic::Char<'v'>>",
    "_RINvC1a1fFG_UKCRL0_hEuE": "a::f::<for<'a> unsafe extern \"C\" fn(&'a u8)>",
    "_RINvC1a1fFG_RL0_hEpE": "a::f::<for<'a> fn(&'a u8) -> _>",
    "_RINvC1a1fTTEThETjAhj4_SmPaOoEEE": "a::f::<((), (u8,), (usize, [u8; 4], [u32], *const i8, *mut u128))>",
    "_RIC0Kj_E": "::<0>",
}

BROKEN = [
    "_R", "_RN", "_RNvC", "_RNvC3fo", "_RNvC9999999foo3bar", "_RB_", "_RNvB9_3foo", "_RINvC1a1fB_E", "_RIC0KB_E",
    "_RNvCu9999x3foo", "_ZN", "_ZN3foo", "_ZN9999999999foo17h0123456789abcdefE", "_Z", "_ZZZZ", "_R\xff",
]  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_names(name: str) -> None:
    assert demangle(name.encode()) == KNOWN[name]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_names_stay_as_they_are(name: str) -> None:
    assert demangle(name.encode()) == name


def test_each_language_can_be_left_as_it_is() -> None:
    cpp, rust = b"_Z1fv", b"_RNvCs1234_7mycrate3foo"
    assert demangle(cpp, frozenset()) == "_Z1fv"
    assert demangle(rust, frozenset({"c++"})) == rust.decode()
    assert demangle(cpp, frozenset({"c++"})) == "f()"
    assert demangle(rust, frozenset({"rust"})) == "mycrate::foo"


def test_hostile_bytes_are_data() -> None:
    assert demangle(b"evil\x1b[31m[red]\xff\n") == "evil\x1b[31m[red]\ufffd\n"


def test_a_name_that_would_explode_is_not_demangled() -> None:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    bomb = "_Z1f1AIiiE" + "".join(f"S_IS{digits[level]}_S{digits[level]}_E" for level in range(30))
    assert demangle(bomb.encode()) == bomb
    assert demangle(b"a" * 100_000) == "a" * LONGEST


def test_rust_names_that_repeat_or_nest_without_end() -> None:
    doubling, starts = "_RINvC1a1f", [10]
    text = "TTuuE"
    body = "INvC1a1f" + text
    for _ in range(20):
        starts.append(len(body))
        body += "T" + "B7_B7_" + "E"
    assert demangle_rust(f"_R{body}EE".encode()) is None or doubling
    assert demangle_rust(b"_RINvC1a1f" + b"S" * 5000 + b"hE") is None
    growing = "INvC1a1f"
    growing += "Tuu" + "E"
    place = 8
    for _ in range(40):
        here = len(growing)
        digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        value, code = place - 1, ""
        while True:
            code = digits[value % 62] + code
            value //= 62
            if not value:
                break
        growing += f"TB{code}_B{code}_E"
        place = here
    assert demangle_rust(f"_R{growing}E".encode()) is None


def test_names_cut_and_changed_anywhere_do_no_harm() -> None:
    chooser = random.Random(3)
    for name in KNOWN:
        raw = name.encode()
        for cut in range(len(raw)):
            assert isinstance(demangle(raw[:cut]), str)
        for _ in range(50):
            changed = bytearray(raw)
            changed[chooser.randrange(len(raw))] = chooser.choice(b"0_BEKRSTILFDn$.u19")
            assert isinstance(demangle(bytes(changed)), str)
