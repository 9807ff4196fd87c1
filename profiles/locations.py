"""Where code is: a location (a place in a binary), the lines it stands for, and the frame shown for each line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .vocabulary import Language

_INTERPRETER = re.compile(r"(?:lib)?python\d[\d.]*[a-z]*(?:\.so[\d.]*)?$")
_EVALUATION_LOOPS = frozenset(("_PyEval_EvalFrameDefault", "_PyEval_EvalFrameDefault.cold"))


@dataclass(frozen=True, slots=True)
class Line:
    """One function at a location, as a person reads it.

    `line` is the line that runs (0: unknown); `start_line` is where the function is defined (0: unknown).
    """

    function: str
    file: str = ""
    line: int = 0
    start_line: int = 0


_PLACEHOLDER = re.compile(r"\[[^\[\]]*\+0x[0-9a-f]+\]")


@dataclass(frozen=True, slots=True)
class Location:
    """A place in code that samples hit.

    `binary` is a path, or a name in brackets for code that has no file (`[kernel]`, `[vdso]`, `[node JIT]`).
    `offset` is the offset in the file; for the kernel and for code without a file it is the address.
    `lines` has the innermost function first, and more than one entry when functions were inlined;
    it is empty for a place that has no name (yet), or has the placeholder of the start of its function, where that is
    known, so that all places in it are shown as one.
    """

    language: Language
    binary: str
    build_id: str
    offset: int
    lines: tuple[Line, ...] = ()

    @property
    def named(self) -> bool:
        """Whether it has a name."""
        if not self.lines:
            return False
        name = self.lines[0].function
        return not (name.startswith("[") and _PLACEHOLDER.fullmatch(name))


@dataclass(frozen=True, slots=True)
class Frame:
    """A function as the graph and the table show it: what samples are added up by.

    Two frames are the same function when name, place and language agree; `line` is where it is defined.
    """

    name: str
    file: str
    line: int
    binary: str
    build_id: str
    language: Language
    named: bool = True

    @property
    def place(self) -> str:
        """What tells it from others of its name: its binary, or its file where it is in none."""
        return self.binary or self.file

    @property
    def is_interpreter(self) -> bool:
        """Whether it is code of the CPython interpreter itself, by the names of binary and function."""
        if self.language is not Language.NATIVE:
            return False
        return self.name in _EVALUATION_LOOPS or _is_interpreter(self.binary)


def frames_of(location: Location) -> tuple[Frame, ...]:
    """The frames of a location, innermost first: one a line, or `[binary+0xoffset]` where it has no name."""
    if not location.named:
        name = location.lines[0].function if location.lines else placeholder(location.binary, location.offset)
        return (Frame(name, "", 0, location.binary, location.build_id, location.language, named=False),)
    return tuple(
        Frame(line.function, line.file, line.start_line, location.binary, location.build_id, location.language)
        for line in location.lines
    )


def placeholder(binary: str, offset: int) -> str:
    """What stands for the name of a place that has none: `[binary+0xoffset]`; `[node JIT]` for all of node's code."""
    if is_generated(binary):
        return binary
    return f"[{binary.rsplit('/', 1)[-1].strip('[]') or 'unknown'}+{offset:#x}]"


def generated_binary(language: Language) -> str:
    """What stands for the binary of code that was made at run time: `[JIT]`, `[node JIT]`, `[java JIT]`."""
    return "[JIT]" if language is Language.JIT else f"[{language.value} JIT]"


def is_generated(binary: str) -> bool:
    """Whether a binary's name stands for code that was made at run time, which no file holds."""
    return binary.startswith("[") and binary.endswith("JIT]")


@lru_cache(maxsize=1024)
def _is_interpreter(binary: str) -> bool:
    return _INTERPRETER.match(binary.rpartition("/")[2]) is not None
