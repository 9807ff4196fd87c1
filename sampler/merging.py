"""One stack of two: the native frames of a thread, and the Python frames that its interpreter's loops run.

Each native frame of the evaluation loop runs a stretch of Python frames, a *run*, that begins where C called it. The
outermost loop runs the outermost run, and so on inwards. Pure functions: frames may be anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class PythonEnd(Enum):
    """What is known of a thread's Python frames: all, the innermost ones, or nothing that can be used, and why."""

    COMPLETE = auto()
    TOO_DEEP = auto()
    UNKNOWN = auto()
    NO_THREAD = auto()
    UNREADABLE = auto()
    NO_ENTRY = auto()


PYTHON_ENDS = {f"PYTHON_{end.name}": end for end in PythonEnd}
"""By the names that `enum python_end` of the kernel's walker has for them."""

CALLED_BETWEEN = 2
"""C functions that an evaluation loop calls, one in the other, before it links its first frame or after the last."""

DISAGREE = "disagree"
"""The problem of a stack whose native frames do not show as many loops as there are runs."""


@dataclass(frozen=True, slots=True)
class Merged(Generic[Frame]):
    """Frames leaf first. `problem` is empty when they are right, else the word for why Python's are not among them.

    `too_deep` says that outer frames, native and Python's, are missing.
    """

    frames: list[Frame]
    problem: str = ""
    too_deep: bool = False


def split_runs(frames: Sequence[tuple[Frame | None, bool]]) -> list[list[Frame]]:
    """Python frames, leaf first, as runs: each ends with a frame that C called (the bool).

    A frame that is None adds nothing to its run, which may stay empty. What is left of a run whose end was not seen
    comes last.
    """
    runs: list[list[Frame]] = [[]]
    for frame, ends_run in frames:
        if frame is not None:
            runs[-1].append(frame)
        if ends_run:
            runs.append([])
    if not runs[-1]:
        runs.pop()
    return runs


def merge(
    native: Sequence[Frame],
    loops: Sequence[int],
    runs: Sequence[list[Frame]],
    python_end: PythonEnd,
    native_is_whole: bool,
) -> Merged[Frame]:
    """The stack of a thread. `native` is leaf first, `loops` are the places in it that are evaluation loops."""
    if python_end is PythonEnd.COMPLETE:
        return (_whole if native_is_whole else _without_outer_native)(native, loops, runs)
    if python_end is PythonEnd.TOO_DEEP:
        return _without_outer_python(native, loops, runs)
    if not loops:
        return Merged(list(native))
    return Merged(list(native), python_end.name.lower())


def _whole(native: Sequence[Frame], loops: Sequence[int], runs: Sequence[list[Frame]]) -> Merged[Frame]:
    """Laid side by side from the outermost end.

    One more loop than runs is right when the innermost one is being entered or left. So is an innermost run without
    frames. Any other difference is a problem.
    """
    if len(loops) == len(runs) + 1 and loops[0] <= CALLED_BETWEEN:
        loops = loops[1:]
    elif len(runs) == len(loops) + 1 and not runs[0]:
        runs = runs[1:]
    if len(loops) != len(runs):
        return Merged(list(native), DISAGREE)
    return Merged(_interleave(native, loops, runs))


def _without_outer_native(native: Sequence[Frame], loops: Sequence[int], runs: Sequence[list[Frame]]) -> Merged[Frame]:
    """Laid side by side from the leaf, with the runs of the loops that are missing outwards of them.

    Whether a loop that is being entered or left has its run cannot be told without the outermost frames: then the C
    functions between Python's are left out, and all of Python's stand.
    """
    unsure = bool(loops) and loops[0] <= CALLED_BETWEEN
    if len(loops) > len(runs) + unsure:
        return Merged(list(native), DISAGREE)
    if not loops or unsure or not runs[0]:
        return Merged([*native[: loops[0] if loops else None], *_flat(runs)])
    return Merged(_interleave(native, loops, runs[: len(loops)]) + _flat(runs[len(loops) :]))


def _without_outer_python(native: Sequence[Frame], loops: Sequence[int], runs: Sequence[list[Frame]]) -> Merged[Frame]:
    """Laid side by side from the leaf, as far as Python's frames are known."""
    if not loops or not runs:
        return Merged(list(native), PythonEnd.TOO_DEEP.name.lower())
    if loops[0] <= CALLED_BETWEEN or not runs[0]:
        return Merged([*native[: loops[0]], *_flat(runs)], too_deep=True)
    number = min(len(loops), len(runs))
    inner = _interleave(native[: loops[number - 1]], loops[:number], runs[:number])
    return Merged(inner + _flat(runs[number:]), too_deep=True)


def _flat(runs: Sequence[list[Frame]]) -> list[Frame]:
    return [frame for run in runs for frame in run]


def _interleave(native: Sequence[Frame], loops: Sequence[int], runs: Sequence[list[Frame]]) -> list[Frame]:
    """Each run right before (inwards of) its loop."""
    frames: list[Frame] = []
    taken = 0
    for place, run in zip(loops, runs, strict=True):
        frames += native[taken:place]
        frames += run
        taken = place
    return frames + list(native[taken:])
