"""Names cut to the room there is, keeping the end that tells functions apart."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from ..profiles.printable import printable
from ..profiles.vocabulary import Language

LONGEST = 1024
"""Characters of a name that are looked at: far more than any screen's width."""

_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_OPERATOR = re.compile(r"operator\s*(<=>|<<=?|>>=?|<=?|>=?|->\*?|\(\))")
_TRAIT = re.compile(r"^<(.+) as .+>(::.+)$")
_UNNAMED = re.compile(r"^\[.+(\+0x[0-9a-f]+)\]$")
_GO_TYPES = re.compile(r"\[.*\]")
_GO_CLOSURE = re.compile(r"^(func)?\d+(\.\d+)*$")
_HIDDEN = str.maketrans({"\ue000": "<", "\ue001": ">", "\ue002": "(", "\ue003": ")"})
_HIDE = str.maketrans({"<": "\ue000", ">": "\ue001", "(": "\ue002", ")": "\ue003"})
_TEMPLATED = frozenset((Language.NATIVE, Language.KERNEL, Language.JIT, Language.JAVA))
_DOTTED = frozenset((Language.PYTHON, Language.NODE, Language.JAVA))


@lru_cache(maxsize=8192)
def forms(name: str, language: Language) -> tuple[str, ...]:
    """A name in full and in shorter forms that still tell it, longest first, safe to print."""
    full = printable(name, LONGEST)
    found = [full]
    unnamed = _UNNAMED.match(full)
    if unnamed:
        found.append(unnamed.group(1))
    elif language is Language.GO:
        found += _go_forms(full)
    elif language in _DOTTED and "::" not in full:
        found += _dotted_forms([part for part in full.split(".") if part not in ("", "<locals>")])
    elif language in _TEMPLATED and not full.startswith("["):
        bare = _without_arguments(full)
        parts = [part for part in bare.split("::") if part]
        found += [bare, "::".join(parts[-2:]), parts[-1] if parts and not parts[-1].startswith("{") else bare]
    return tuple(dict.fromkeys(form for form in found if form)) or ("",)


def fit(name: str, language: Language, width: int, ellipsis: str = "…") -> str:
    """The longest form of a name that fits into `width` cells; where none does, the shortest, cut at its end."""
    shapes = forms(name, language)
    for shape in shapes:
        if cells(shape) <= width:
            return shape
    return cut(shapes[-1], width, ellipsis)


def cells(text: str) -> int:
    """How many cells wide printable text is."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """Printable text in at most `width` cells, with an ellipsis where something went."""
    if width <= 0:
        return ""
    if cells(text) <= width:
        return text
    if text.isascii():
        return text[: width - 1] + ellipsis
    return set_cell_size(text, width - 1).rstrip() + ellipsis


def _go_forms(name: str) -> list[str]:
    """Without the package's path, without the package and the pointer's star, and the function alone."""
    tail = _GO_TYPES.sub("", name).rsplit("/", 1)[-1]
    parts = tail.replace("(*", "").replace(")", "").split(".")[1:]
    while len(parts) > 1 and _GO_CLOSURE.match(parts[-1]):
        parts[-2:] = [".".join(parts[-2:])]
    return [tail, ".".join(parts), *parts[-1:]]


def _dotted_forms(parts: list[str]) -> list[str]:
    """Without modules and classes; what is only a kind of function (`<lambda>`) keeps the name that it is in."""
    while len(parts) > 1 and parts[-1].startswith("<"):
        parts[-2:] = [".".join(parts[-2:])]
    return [".".join(parts), ".".join(parts[-2:]), *parts[-1:]]


def _without_arguments(name: str) -> str:
    """C++ and Rust names without parameters, template arguments and Rust's hash; operators stay whole."""
    text = _OPERATOR.sub(lambda match: match.group().translate(_HIDE), _RUST_HASH.sub("", name))
    text = text.replace("(anonymous namespace)", "\ue002anonymous\ue003")
    trait = _TRAIT.match(text)
    if trait:
        text = _unnested(trait.group(1)) + _unnested(trait.group(2))
    bare = _unnested(text).strip()
    if "operator" not in bare:
        bare = bare.rsplit(" ", 1)[-1]
    return bare.translate(_HIDDEN).replace("::::", "::").strip() or name


def _unnested(text: str) -> str:
    """The text outside of all brackets, up to the parameters."""
    kept: list[str] = []
    depth = 0
    for character in text:
        if character in "<(":
            if character == "(" and depth == 0 and kept:
                break
            depth += 1
        elif character in ">)":
            depth = max(depth - 1, 0)
        elif depth == 0:
            kept.append(character)
    return "".join(kept)
