"""Python frames as the kernel sent them, one word each, made into locations and named at once: code comes and goes."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

from ..profiles.locations import Line, Location
from ..profiles.vocabulary import Language
from ..symbols.cpython.asyncio_tasks import HANDLE_RUN
from ..symbols.cpython.code_objects import SHIM, CodeReader
from ..symbols.cpython.layouts import Layout
from .code_identity import add_identity, read_identity
from .python_processes import Interpreter
from .raw_stacks import RawStack
from .tables import Tables

MOST_WORDS = MOST_CODES = 60_000
"""Frames whose locations, and code objects whose identity, are remembered."""

MOST_STACKS = 5_000
"""Stacks whose code objects are remembered, however their places are used meanwhile."""


PythonFrame = tuple[int | None, bool]
"""A location's id (None: no Python function, but the interpreter's own), and whether C called the frame."""


class PythonFrames:
    """Gives the locations of Python frames."""

    def __init__(self, tables: Tables, form: Mapping[str, int]) -> None:
        self._tables = tables
        self._shift, self._entry = form["PYTHON_CODE_SHIFT"], form["PYTHON_ENTRY"]
        self._not_begun = form["PYTHON_NO_INSTRUCTION"]
        self.reader = CodeReader()
        self._runners: set[int] = set()
        self._identities: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._by_word: OrderedDict[tuple[int, int, int], int | None] = OrderedDict()
        self._stacks: OrderedDict[tuple[int, int], list[int]] = OrderedDict()

    def start_anew(self, tables: Tables) -> None:
        """Go on with empty tables."""
        self._tables = tables
        self._by_word.clear()
        self._runners.clear()

    def locate(self, raw: RawStack, interpreter: Interpreter) -> list[PythonFrame] | None:
        """The frames of a stack, leaf first; None when some of the code that ran is not there any more."""
        codes = [word >> self._shift << 3 for word in raw.python]
        stack = (raw.space, raw.python_identity)
        identities = self._stacks.get(stack)
        if identities is None or len(identities) != len(codes):  # a run without code of its own adds nothing to the sum
            identities = self._identify(raw, codes, interpreter)
        if identities is None:
            return None
        self._stacks[stack] = identities
        if len(self._stacks) > MOST_STACKS:
            self._stacks.popitem(last=False)
        frames: list[PythonFrame] = []
        for word, code, identity in zip(raw.python, codes, identities, strict=True):
            index: int | None = None
            if code:
                key = (raw.space, word & ~self._entry, identity)
                if key not in self._by_word and not self._read(key, code, interpreter):
                    return None
                index = self._by_word[key]
            frames.append((index, bool(word & self._entry)))
        return frames

    def with_task(self, frames: list[int], name: str) -> list[int]:
        """A stack, leaf first, with the name of its task inwards of the event loop's frame that runs a task's step."""
        place = next((place for place, index in enumerate(frames) if index in self._runners), None)
        if place is None:
            return frames
        task, _ = self._tables.location(location_of(Line(f"[task {name}]")))
        return [*frames[:place], task, *frames[place:]]

    def _identify(self, raw: RawStack, codes: list[int], interpreter: Interpreter) -> list[int] | None:
        """The identity of each code object, as remembered or read; None when they are not those that ran."""
        for attempt in range(2):
            if attempt or any((raw.space, code) not in self._identities for code in codes):
                self.reader.new_round()
            found, total = [], 0
            for code in codes:
                identity = self._identity(raw.space, code, interpreter, anew=bool(attempt)) if code else 0
                if identity is None:
                    return None
                total = add_identity(total, identity) if code else total
                found.append(identity)
            if total == raw.python_identity:
                return found
        return None

    def _identity(self, space_id: int, code: int, interpreter: Interpreter, anew: bool) -> int | None:
        key = (space_id, code)
        known = self._identities.get(key)
        if known is None or anew:
            known = read_identity(interpreter.memory, interpreter.runtime.layout, code)
            if known is not None:
                self._identities[key] = known
                if len(self._identities) > MOST_CODES:
                    self._identities.popitem(last=False)
        return known

    def _read(self, key: tuple[int, int, int], code: int, interpreter: Interpreter) -> bool:
        """Name a frame, and remember its location; whether it has a name."""
        place = key[1] & (self._entry - 1)
        instruction = instruction_of(interpreter.runtime.layout, code, -1 if place == self._not_begun else place)
        line = self.reader.resolve(interpreter.process, code, instruction)
        # The process runs on: only what was the same before and after it was read is one code object's.
        if line is None or read_identity(interpreter.memory, interpreter.runtime.layout, code) != key[2]:
            return False
        index = None if line is SHIM else self._tables.location(location_of(line))[0]
        self._by_word[key] = index
        if index is not None and line.function in HANDLE_RUN:
            self._runners.add(index)
            interpreter.task_runner = code
        if len(self._by_word) > MOST_WORDS:
            self._by_word.popitem(last=False)
        return True


def instruction_of(layout: Layout, code: int, index: int) -> int:
    """The instruction as a frame has it, of the unit (two bytes) with this index; -1 is before the first."""
    if layout.frame.instruction_bytes == 8:
        return code + layout.code.code_adaptive + 2 * index
    return index if index < 0 else 2 * index // layout.frame.instruction_unit


def location_of(line: Line) -> Location:
    """The location of a line of Python: equal for all processes that run the same line of the same function."""
    text = f"{line.function}\0{line.file}\0{line.start_line}\0{line.line}"
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return Location(Language.PYTHON, "", "", int.from_bytes(digest, "little") >> 1, (line,))
