"""Stacks of threads that run Python: its frames put among the native ones, or why they are not."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from ..profiles.printable import printable
from ..profiles.vocabulary import StackEnd
from ..symbols.cpython.interpreter_file import Unusable
from ..symbols.mappings import AddressSpace
from ..unwinding.code import is_generated
from .merging import DISAGREE, PYTHON_ENDS, Merged, PythonEnd, merge, split_runs
from .python_frames import PythonFrame, PythonFrames
from .python_processes import Found, Interpreter, PythonProcesses
from .raw_stacks import RawStack
from .tables import Tables

GREENLET = re.compile(r"_?greenlet\.")
"""The file of the extension that switches between stacks."""

NO_INTERPRETER = "PYTHON_UNKNOWN"
"""How the walk of Python frames ended where the kernel knows of no interpreter."""

UserFrame = tuple[int, int]
"""A native frame: its location's id and its address."""


class PythonStacks:
    """Merges. `counters` gets `python_stacks`, and for those without all names why: `python_` and the word for it."""

    def __init__(self, interpreters: PythonProcesses, frames: PythonFrames, counters: Counter[str]) -> None:
        self._interpreters = interpreters
        self._frames = frames
        self.counters = counters

    def start_anew(self, tables: Tables) -> None:
        """Go on with empty tables."""
        self._frames.start_anew(tables)

    def look_again(self) -> None:
        """Look again at interpreters that start up."""
        self._interpreters.look_again()

    def name(self, raw: RawStack, space: AddressSpace) -> None:
        """Name the code of a stack, and remember it until the stack is asked for."""
        found = self._interpreter(raw, space)
        if isinstance(found, Interpreter) and raw.python:
            self._locate(raw, found)

    def merged(
        self, raw: RawStack, space: AddressSpace, user: list[UserFrame], end: StackEnd
    ) -> tuple[list[int], StackEnd]:
        """The location ids of native and Python frames as one stack, leaf first, and how it ends."""
        native = [index for index, _ in user]
        found = self._interpreter(raw, space)
        if found is None:
            return native, self._unresolved("process_gone", end) if raw.python else end
        if isinstance(found, Unusable):
            return native, self._unresolved("unusable", end)
        kept, loops = _without_trampolines(user, space, found)
        if not loops and not raw.python:
            return native, end
        self.counters["python_stacks"] += 1
        located = self._locate(raw, found)
        if located is None:
            return native, self._unresolved("code_gone", end)
        runs, whole = split_runs(located), end is StackEnd.COMPLETE
        both = merge([index for index, _ in kept], loops, runs, PYTHON_ENDS[raw.python_end], whole)
        if (both.problem == DISAGREE or not whole) and (own := _of_greenlet(kept, loops, runs, space)) is not None:
            return own.frames, StackEnd.COMPLETE
        if both.problem:
            return native, self._unresolved(both.problem, end)
        if found.task_runner:
            self._interpreters.follow_tasks(space, found)
        if raw.task and self._interpreters.keeps_task(found, raw.task):
            both = replace(both, frames=self._frames.with_task(both.frames, printable(raw.task)))
        return both.frames, StackEnd.TOO_DEEP if both.too_deep and end is StackEnd.COMPLETE else end

    def _interpreter(self, raw: RawStack, space: AddressSpace) -> Found:
        """The interpreter of the process; where that ended before it was looked into, of one that runs the same."""
        found = self._interpreters.of(raw.space, raw.image, space)
        if found is None and raw.python_end != NO_INTERPRETER:
            return self._interpreters.relative(raw.image)
        return found

    def _locate(self, raw: RawStack, found: Interpreter) -> list[PythonFrame] | None:
        """The frames, leaf first; of a process that is gone, as one that was forked from the same program has them."""
        frames = self._frames.locate(raw, found)
        if frames is None and (relative := self._interpreters.relative(raw.image, besides=found)) is not None:
            frames = self._frames.locate(raw, relative)
        return frames

    def _unresolved(self, reason: str, end: StackEnd) -> StackEnd:
        self.counters[f"python_{reason}"] += 1
        return StackEnd.PYTHON_UNRESOLVED if end is StackEnd.COMPLETE else end


def _of_greenlet(
    kept: list[UserFrame], loops: list[int], runs: list[list[int]], space: AddressSpace
) -> Merged[int] | None:
    """The stack of a greenlet, None where it is none: it lies upon the stack of whoever started it, whose frames are no
    callers of its own. It begins where the functions of greenlet call its first loop."""
    for place, (_, address) in enumerate(kept):
        mapping = space.find(address)
        inner = [loop for loop in loops if loop < place]
        if inner and mapping is not None and GREENLET.match(mapping.path.rpartition("/")[2]):
            both = merge([index for index, _ in kept[: place + 1]], inner, runs, PythonEnd.COMPLETE, True)
            if not both.problem:
                return both
    return None


def _without_trampolines(
    user: list[UserFrame], space: AddressSpace, interpreter: Interpreter
) -> tuple[list[UserFrame], list[int]]:
    """The native frames, and the places of evaluation loops among them.

    Code made at run time that calls the loop is left out: `python -X perf` puts one such frame before each of Python's.
    """
    kept: list[UserFrame] = []
    loops: list[int] = []
    for index, address in user:
        if interpreter.is_loop(address):
            loops.append(len(kept))
        elif loops and loops[-1] == len(kept) - 1:
            mapping = space.find(address)
            if mapping is not None and is_generated(mapping):
                continue
        kept.append((index, address))
    return kept, loops
