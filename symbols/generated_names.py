"""Names of code that a run-time made, as the people write them who write its language: from the words of perf maps.

V8 writes `KIND:TIERfunction file:line:column` (`LogEventListener::CodeTag` and `CodeEntry` in its src/logging), HotSpot
a method as `Method::external_name` gives it, perf-map-agent `Lpackage/Class;::method`, CPython `py::function:file`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..profiles.locations import Line
from ..profiles.vocabulary import Language

_V8 = re.compile(r"(LazyCompile|Function|JS|Script|Eval|Callback|Builtin|BytecodeHandler|RegExp|Wasm|Stub|IC):")
_POSITION = re.compile(r"(.*):(\d{1,9}):(\d{1,9})\Z", re.DOTALL)
_FUNCTION = re.compile(r"((?:(?:get|set|static|async|bound) )*)(?:(\[[^\]]*\]|\S*) )?(?=\S)", re.DOTALL)
_FUNCTIONS = frozenset(("LazyCompile", "Function", "JS", "Script", "Eval"))
_TIERS = "~^+*"

_METHOD = re.compile(r"(?:[^\s()]+ )?([^\s()]+\.(?:[^\s().]+))\(.*\)\Z", re.DOTALL)
_AGENT_METHOD = re.compile(r"L?([\w/.$]+);?(?:::|\.)([\w$<>]+)(?:\(.*)?\Z", re.DOTALL)
_HIDDEN_CLASS = re.compile(r"(?:\$\d+)?[/+.]0x[0-9a-f]+\b")
_PYTHON = re.compile(r"py::(.*?):(/.*|<.*)\Z", re.DOTALL)


class GeneratedName(NamedTuple):
    """What a perf map's words mean."""

    language: Language
    line: Line


def read_generated_name(text: str, language: Language) -> GeneratedName:
    """The function that an entry of a perf map names; `language` is what its process is known to run."""
    python = _PYTHON.match(text)
    if python is not None:
        return GeneratedName(Language.PYTHON, Line(python.group(1), python.group(2)))
    kind = _V8.match(text)
    if kind is not None and language in (Language.NODE, Language.JIT):
        return GeneratedName(Language.NODE, _javascript(kind.group(1), text[kind.end() :]))
    if language is Language.JAVA:
        return GeneratedName(Language.JAVA, Line(_java(text)))
    return GeneratedName(language, Line(text))


def _javascript(kind: str, rest: str) -> Line:
    if kind == "Builtin":
        return Line(f"Builtins_{rest}")
    if kind == "BytecodeHandler":
        return Line(f"Builtins_{rest}Handler")
    if kind not in _FUNCTIONS:
        return Line(f"{kind} {rest}")
    rest = rest[1:] if rest[:1] in _TIERS else rest
    position = _POSITION.match(rest)
    if position is None:
        return Line(rest.strip() or "(anonymous)")
    place, line, column = position.group(1), int(position.group(2)), int(position.group(3))
    function = _FUNCTION.match(place)
    if function is None or place.endswith(" "):
        name, file = place.strip(), ""
    else:
        name, file = (function.group(1) + (function.group(2) or "")).strip(), place[function.end() :]
    file = file.removeprefix("file://")
    return Line(name or _nameless(file, line, column), file, 0, line)


def _nameless(file: str, line: int, column: int) -> str:
    """What stands for the name of a function that has none: two of them are not the same."""
    base = file.rsplit("/", 1)[-1]
    if not base:
        return "(anonymous)"
    return f"(top level) {base}" if line == column == 1 else f"(anonymous) {base}:{line}"


def _java(text: str) -> str:
    """`package.Class.method`; in brackets for what is no method (`[Interpreter]`, stubs).

    What tells hidden classes apart (`$$Lambda$14/0x00007f643c000c28`) is another number in each run, and left out.
    """
    method = _METHOD.match(text)
    if method is not None:
        return _HIDDEN_CLASS.sub("", method.group(1))
    agent = _AGENT_METHOD.match(text)
    if agent is not None:
        return _HIDDEN_CLASS.sub("", f"{agent.group(1).replace('/', '.')}.{agent.group(2)}")
    return f"[{text}]"
