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
_HIDDEN = str.maketrans({"\ue000": "<", "\ue001": ">", "\ue002": "(", "\ue003": ")"})
_HIDE = str.maketrans({"<": "\ue000", ">": "\ue001", "(": "\ue002", ")": "\ue003"})
_TEMPLATED = frozenset((Language.NATIVE, Language.KERNEL, Language.JIT, Language.JAVA))


@lru_cache(maxsize=8192)
def forms(name: str, language: Language) -> tuple[str, ...]:
    """A name in full and in shorter forms that still tell it, longest first, safe to print."""
    full = printable(name, LONGEST)
    found = [full]
    if language is Language.GO:
        found.append(full.rsplit("/", 1)[-1])
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
