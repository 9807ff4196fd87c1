"""Names as they were written: C++ through the C++ run-time library's own demangler, Rust through `rust_names`."""

from __future__ import annotations

import ctypes
import re
from functools import lru_cache
from typing import Literal

from .rust_names import demangle_rust

Mangling = Literal["c++", "rust"]

ALL: frozenset[Mangling] = frozenset({"c++", "rust"})
"""Both kinds of mangled names."""

LONGEST = 8192
"""Characters of a name that are kept."""

_LIBRARIES = ("libstdc++.so.6", "libc++abi.so.1", "libc++abi.dylib")
_MOST_BYTES = 32_000_000
_REFERENCE = re.compile(rb"[ST][0-9A-Z]{0,3}_")


def demangle(name: bytes, manglings: frozenset[Mangling] = ALL) -> str:
    """A readable name for a symbol, see `readable_names`; one that is not mangled, or cannot be demangled, as it is.

    Bytes that are not UTF-8 are replaced; control characters stay, as data.
    """
    if name.endswith(b"@plt"):
        return demangle(name[:-4], manglings) + "@plt"
    if name[:2] in (b"_R", b"_Z"):
        if "rust" in manglings and (rust := demangle_rust(name)) is not None:
            return _readable(rust, simplify=False)
        if "c++" in manglings and name[:2] == b"_Z" and (found := _demangle_cpp(name)) is not None:
            return _readable(found, simplify=True)
    return without_suffixes(name[:LONGEST].decode("utf-8", "replace"))


def without_suffixes(name: str) -> str:
    """A name without what the compiler put behind it: see `readable_names`, which is not needed for most."""
    if "." not in name:
        return name
    from . import readable_names

    return readable_names.without_suffixes(name)


def _readable(name: str, simplify: bool) -> str:
    from .readable_names import shortened, simplified

    name = without_suffixes(name[:LONGEST])
    return shortened(simplified(name) if simplify else name)


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    """The library that has `__cxa_demangle`, None where there is none. Loaded when the first C++ name comes."""
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            library.__cxa_demangle.restype = ctypes.c_void_p
            library.free.argtypes = [ctypes.c_void_p]
            library.free.restype = None
        except (OSError, AttributeError):
            continue
        return library
    return None


def _demangle_cpp(name: bytes) -> str | None:
    library = _library()
    if library is None or _explosive(name):
        return None
    status = ctypes.c_int()
    result = library.__cxa_demangle(ctypes.c_char_p(name), None, None, ctypes.byref(status))
    if not result:
        return None
    try:
        return ctypes.string_at(result)[: 4 * LONGEST].decode("utf-8", "replace")
    finally:
        library.free(result)


def _explosive(name: bytes) -> bool:
    """Whether a name might demangle to more bytes than are to be spent on it.

    Each reference to an earlier part may repeat it, so that a name of 200 bytes can be made that demangles to 35 MB;
    n references at most to its length times 3 to the n/3. Of 120,000 names in LLVM and node 10 have more than 28.
    """
    references = len(_REFERENCE.findall(name)) + 3 * name.count(b"Dp")
    return 3 ** (references / 3) * len(name) > _MOST_BYTES if references < 200 else True
