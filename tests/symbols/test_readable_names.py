"""Names as people write them: without what compilers add, with `std::string`, and short enough."""

from __future__ import annotations

import random

import pytest
from icetop.symbols.readable_names import LONGEST_WHOLE, shortened, simplified, without_suffixes

SUFFIXES = {
    "foo": "foo",
    "foo.cold": "foo",
    "foo.isra.0": "foo",
    "foo.constprop.0.isra.0.cold": "foo",
    "foo.lto_priv.0": "foo",
    "foo.llvm.8412363424234": "foo",
    "foo.part.0": "foo.part",
    "foo.part.0.cold": "foo.part",
    "foo(int) [clone .isra.0] [clone .cold]": "foo(int)",
    "foo(int) [clone .part.0]": "foo(int) [part]",
    "main.init.0": "main.init.0",
    "main.(*Cart).Total": "main.(*Cart).Total",
    "core::ptr::drop_in_place.llvm.1234567890123": "core::ptr::drop_in_place",
    ".cold": ".cold",
    "..": "..",
}
STRING = "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"
CPP = {
    STRING: "std::string",
    "std::vector<int, std::allocator<int> >::push_back(int const&)": "std::vector<int>::push_back(int const&)",
    f"std::map<{STRING}, int, std::less<{STRING} >, std::allocator<std::pair<{STRING} const, int> > >::at(int)": (
        "std::map<std::string, int>::at(int)"
    ),
    "std::__1::vector<int, std::__1::allocator<int> >::size() const": "std::vector<int>::size() const",
    "std::unique_ptr<Foo, std::default_delete<Foo> >::~unique_ptr()": "std::unique_ptr<Foo>::~unique_ptr()",
    "std::allocator<int>::allocate(unsigned long)": "std::allocator<int>::allocate(unsigned long)",
    "bool operator< <int>(A<int> const&, A<int> const&)": "bool operator< <int>(A<int> const&, A<int> const&)",
    "A<std::less<int> >::operator->() const": "A<std::less<int>>::operator->() const",
    "std::ostream::operator<<(int)": "std::ostream::operator<<(int)",
    "x > y < z": "x > y < z",
    "<alloc::vec::IntoIter<T,A> as core::ops::Drop>::drop": "<alloc::vec::IntoIter<T,A> as core::ops::Drop>::drop",
}
LONG = {
    "shop::checked(int)": "shop::checked(int)",
    f"v8::internal::Compile({', '.join(['v8::internal::Zone*'] * 6)}) const": "v8::internal::Compile(...) const",
    f"v8::(anonymous namespace)::Access<{', '.join(['v8::Kind<(v8::ElementsKind)7>'] * 6)}>::Get(v8::Isolate*)": (
        "v8::(anonymous namespace)::Access<...>::Get(...)"
    ),
    f"<core::Map<core::Iter<u8>, core::Map<{'core::Iter<u8>, ' * 8}F>> as core::Iterator>::fold": (
        "<core::Map<core::Iter<...>, core::Map<...>> as core::Iterator>::fold"
    ),
    f"f({'int, ' * 40}int)::{{lambda(int)#1}}::operator()(int) const": "f::{lambda(...)#1}::operator()(...) const",
    f"void std::sort<{'(anonymous namespace)::Item*, ' * 3}int>({'(anonymous namespace)::Item*, ' * 3}int)": (
        "void std::sort<...>(...)"
    ),
    "x" * 300: "x" * 300,
}


@pytest.mark.parametrize("name", SUFFIXES)
def test_suffixes(name: str) -> None:
    assert without_suffixes(name) == SUFFIXES[name]


@pytest.mark.parametrize("name", CPP)
def test_cpp(name: str) -> None:
    assert simplified(name) == CPP[name]


@pytest.mark.parametrize("name", LONG)
def test_long_names(name: str) -> None:
    assert shortened(name) == LONG[name]
    assert len(name) <= LONGEST_WHOLE or len(shortened(name)) <= len(name)


def test_names_cut_anywhere_do_no_harm() -> None:
    chooser = random.Random(5)
    for name in (*SUFFIXES, *CPP, *LONG):
        for _ in range(100):
            cut = name[chooser.randrange(len(name)) :][: chooser.randrange(1, len(name) + 1)]
            for change in (without_suffixes, simplified, shortened):
                assert isinstance(change(cut), str)
    for character in "<>(),. ":
        assert isinstance(shortened(simplified(without_suffixes(character * 8192))), str)
