"""Demangled names without what compilers added to them, and short enough to be read."""

from __future__ import annotations

import re

LONGEST_WHOLE = 100
"""Characters up to which a name keeps its parameters and template arguments."""

_CLONE = re.compile(r"( \[clone \.[^\]]*\])+\Z")
_SUFFIX = re.compile(r"(?:\.(?:cold|constprop|isra|llvm|lto_priv|localalias|warm|unlikely)(?:\.[0-9A-F]+)*)+\Z")
_PART = re.compile(r"\.part(?:\.\d+)*")
_INLINE_NAMESPACE = re.compile(r"\bstd::__(?:cxx11|1|ndk1|debug)::")
_CHARACTERS = re.compile(
    r"\bstd::basic_(string|string_view|ostream|istream|iostream|streambuf|[io]?stringstream|[io]?fstream|filebuf|stringbuf|ios)"
    r"<(char|wchar_t), std::char_traits<\2>(?:, std::allocator<\2> ?)? ?>"
)
_DEFAULTS = (
    "std::allocator<",
    "std::char_traits<",
    "std::default_delete<",
    "std::less<",
    "std::equal_to<",
    "std::hash<",
)
_OPERATOR = re.compile(r"\boperator(?:<=>|<<=|>>=|<<|>>|<=|>=|->\*|->|<|>|\(\))")
_WHOLE = re.compile(rf"{_OPERATOR.pattern}|\(anonymous namespace\)")
_HIDE = str.maketrans("<>()", "\ue000\ue001\ue002\ue003")
_SHOW = str.maketrans("\ue000\ue001\ue002\ue003", "<>()")


def without_suffixes(name: str) -> str:
    """A symbol without what the compiler put behind it: `.cold`, `.isra.0`, `.constprop.0`, `.llvm.123`.

    They tell copies and parts of one function apart; a part that is called (`.part.0`) stays one, as `name.part`.
    """
    clones = _CLONE.search(name)
    if clones is not None:
        return name[: clones.start()] + (" [part]" if _PART.search(clones.group()) else "")
    if "." not in name:
        return name
    stem = _PART.sub(".part", _SUFFIX.sub("", name))
    return stem if stem.strip("_.") else name


def simplified(name: str) -> str:
    """A C++ name with `std::string` and containers as they are written, without arguments that are there by default.

    A name whose brackets do not match stays as it is.
    """
    if "<" not in name:
        return name
    text = _CHARACTERS.sub(_as_written, _INLINE_NAMESPACE.sub("std::", name))
    text = _OPERATOR.sub(lambda match: match.group().translate(_HIDE), text).replace("->", "\ue000\ue001")
    return _without_defaults(text).replace("\ue000\ue001", "->").translate(_SHOW)


def shortened(name: str, most: int = LONGEST_WHOLE) -> str:
    """A name of more than `most` characters without its parameters, and if that does not do, without what is nested in
    its template arguments, then without these; `...` stands for what went."""
    if len(name) <= most:
        return name
    text = _WHOLE.sub(lambda match: match.group().translate(_HIDE), name).replace("->", "\ue000\ue001")
    for deepest in (None, 2, 1):
        text = _collapsed(text, "(", ")", 1) if deepest is None else _collapsed(text, "<", ">", deepest)
        if len(text) <= most:
            break
    return text.replace("\ue000\ue001", "->").translate(_SHOW)


def _as_written(match: re.Match[str]) -> str:
    return f"std::{'w' if match.group(2) == 'wchar_t' else ''}{match.group(1)}"


def _without_defaults(text: str) -> str:
    """Drops arguments that are there by default, from the innermost list on."""
    lists: list[list[str]] = [[""]]
    for character in text:
        if character == "<":
            lists.append([""])
        elif character == ">":
            if len(lists) == 1:
                return text
            arguments = lists.pop()
            kept = [
                word for place, word in enumerate(arguments) if not place or not word.lstrip().startswith(_DEFAULTS)
            ]
            lists[-1][-1] += f"<{','.join(kept).rstrip()}>"
        elif character == "," and len(lists) > 1:
            lists[-1].append("")
        else:
            lists[-1][-1] += character
    return lists[0][0] if len(lists) == 1 else text


def _collapsed(text: str, opening: str, closing: str, deepest: int) -> str:
    """The text with `...` for what stands in brackets of this depth and below; brackets at its start stay."""
    kept: list[str] = []
    depth = 0
    for place, character in enumerate(text):
        if character == opening and (depth or place):
            depth += 1
            if depth <= deepest:
                kept.append(f"{character}..." if depth == deepest else character)
        elif character == closing and depth:
            if depth <= deepest:
                kept.append(character)
            depth -= 1
        elif depth < deepest:
            kept.append(character)
    return "".join(kept).replace("(...)::", "::") if depth == 0 else text
