"""Readable names for Rust's mangled ones: legacy (`_ZN...17h<hash>E`) here, v0 (`_R...`) by way of `rust_v0`.

They are given in the short form of rustc-demangle's `{:#}`, without hashes.
"""

from __future__ import annotations

import re

_LEGACY = re.compile(rb"_ZN((?:\d+\D.*?)?)17h[0-9a-f]{16}E(\..*)?\Z", re.DOTALL)
_ESCAPE = re.compile(r"\$(SP|BP|RF|LT|GT|LP|RP|C|u[0-9a-f]{1,6})\$|\.\.")
_ESCAPES = {"SP": "@", "BP": "*", "RF": "&", "LT": "<", "GT": ">", "LP": "(", "RP": ")", "C": ","}
_LENGTH = re.compile(rb"\d{1,4}")
_LLVM = re.compile(r"\.llvm\.[0-9A-F@]+|^\.\d+\Z")
_V0 = re.compile(r"_R\d*([A-Za-z0-9_]+)(.*)", re.DOTALL)


def demangle_rust(name: bytes) -> str | None:
    """The readable form of a Rust symbol, None when it is none."""
    if name.startswith(b"_R"):
        return _demangle_v0(name)
    match = _LEGACY.match(name)
    return _demangle_legacy(match.group(1), match.group(2) or b"") if match else None


def _demangle_legacy(parts: bytes, suffix: bytes) -> str | None:
    names, place = [], 0
    while place < len(parts):
        digits = _LENGTH.match(parts, place)
        if digits is None:
            return None
        end = digits.end() + int(digits.group())
        if end > len(parts):
            return None
        names.append(_unescape(parts[digits.end() : end].decode("utf-8", "replace")))
        place = end
    return "::".join(names) + _suffix(suffix.decode("utf-8", "replace")) if names else None


def _suffix(text: str) -> str:
    """What a compiler added to a name, such as `.cold`, without LLVM's numbers that tell copies apart."""
    return _LLVM.sub("", text)


def _unescape(name: str) -> str:
    return _ESCAPE.sub(_escaped, name[1:] if name.startswith("_$") else name)


def _escaped(match: re.Match[str]) -> str:
    code = match.group(1)
    if code is None:
        return "::"
    if code[0] != "u":
        return _ESCAPES[code]
    value = int(code[1:], 16)
    return chr(value) if value < 0xD800 or 0xDFFF < value < 0x110000 else match.group()


def _demangle_v0(name: bytes) -> str | None:
    from .rust_v0 import NotRust, Reader

    try:
        text = name.decode("ascii")
    except UnicodeDecodeError:
        return None
    body = _V0.match(text)
    if body is None:
        return None
    try:
        return Reader(body.group(1)).path(in_value=True) + _suffix(body.group(2))
    except (NotRust, RecursionError):
        return None
