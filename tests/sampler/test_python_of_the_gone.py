"""Samples of Python processes that had ended before anything of them could be read."""

from __future__ import annotations

from array import array
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from icetop.profiles.vocabulary import StackEnd
from icetop.sampler.python_frames import PythonFrame, PythonFrames
from icetop.sampler.python_processes import Interpreter, PythonProcesses
from icetop.sampler.python_stacks import PythonStacks
from icetop.sampler.raw_stacks import RawStack
from icetop.symbols.mappings import AddressSpace

LOOP, OUTERMOST = 0x1000, 0x2000
SPACE = AddressSpace(7, ())
RELATIVE = Interpreter(cast(Any, None), cast(Any, None), image=5, loops=((LOOP, LOOP + 8),), starts=[LOOP])


def stacks_of_ended(relative: Interpreter | None) -> PythonStacks:
    """Stacks of processes of which nothing is to be had, but of `relative` there is."""

    def locate(raw: RawStack, interpreter: Interpreter) -> list[PythonFrame]:
        assert interpreter is RELATIVE
        return [(90 + place, True) for place, _ in enumerate(raw.python)]

    processes = SimpleNamespace(of=lambda *_: None, relative=lambda image, besides=None: relative)
    frames = SimpleNamespace(locate=locate)
    return PythonStacks(cast(PythonProcesses, processes), cast(PythonFrames, frames), Counter())


def stack(python: list[int], end: str) -> RawStack:
    user = array("Q", [LOOP, OUTERMOST])
    return RawStack(1, 2, 3, 7, StackEnd.COMPLETE, array("Q"), user, 5, array("Q", python), end)


NATIVE = [(1, LOOP), (2, OUTERMOST)]


def test_they_are_named_as_one_that_was_forked_from_the_same_program() -> None:
    raw = stack([4], "PYTHON_COMPLETE")
    assert stacks_of_ended(RELATIVE).merged(raw, SPACE, NATIVE, StackEnd.COMPLETE) == ([90, 1, 2], StackEnd.COMPLETE)


def test_where_there_is_none_their_python_frames_are_counted_as_missing() -> None:
    python = stacks_of_ended(None)
    merged = python.merged(stack([4], "PYTHON_COMPLETE"), SPACE, NATIVE, StackEnd.COMPLETE)
    assert merged == ([1, 2], StackEnd.PYTHON_UNRESOLVED)
    assert python.counters == {"python_process_gone": 1}


@pytest.mark.parametrize("end", ["PYTHON_UNKNOWN", "PYTHON_NO_THREAD"])
def test_threads_without_python_have_nothing_missing(end: str) -> None:
    merged = stacks_of_ended(None).merged(stack([], end), SPACE, NATIVE, StackEnd.COMPLETE)
    assert merged == ([1, 2], StackEnd.COMPLETE)
