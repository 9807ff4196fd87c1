"""Native and Python frames as one stack: leaf first, the interpreter's loops as L, Python's frames in small letters."""

from __future__ import annotations

import pytest
from icetop.sampler.merging import DISAGREE, PythonEnd, merge, split_runs


def merged(native: str, runs: str, end: PythonEnd = PythonEnd.COMPLETE, whole: bool = True) -> str:
    """The stack of native frames such as `CLCLS` and runs such as `ab c`; the problem instead, where there is one."""
    loops = [place for place, frame in enumerate(native) if frame == "L"]
    found = merge(list(native), loops, [list(run) for run in runs.split(" ")] if runs else [], end, whole)
    assert not found.problem or found.frames == list(native)
    return found.problem or "".join(found.frames) + ("…" if found.too_deep else "")


@pytest.mark.parametrize(
    ("native", "runs", "stack"),
    [
        ("LS", "ab", "abLS"),
        ("CLCLS", "ab c", "CabLCcLS"),
        ("CLCLS", "a b", "CaLCbLS"),
        ("LCLS", "a", "LCaLS"),  # the innermost loop has not linked its frame yet
        ("CLCLS", "a", "CLCaLS"),  # nor when it calls C before it does
        ("CCCLCLS", "a", DISAGREE),
        ("LS", "a b", DISAGREE),
        ("LS", " a", "aLS"),  # an innermost run without frames
        ("CS", "", "CS"),
    ],
)
def test_whole_stacks_are_laid_side_by_side_from_the_outermost_end(native: str, runs: str, stack: str) -> None:
    assert merged(native, runs) == stack


@pytest.mark.parametrize(
    ("native", "runs", "stack"),
    [
        ("CCCLCL", "a b c", "CCCaLCbLc"),
        ("LCL", "a b c", "abc"),  # whether the first loop has a run cannot be told: no C function is put wrongly
        ("CCC", "a b", "CCCab"),
        ("CCCLCLCL", "a b", DISAGREE),
    ],
)
def test_without_outer_native_frames_all_of_pythons_stand(native: str, runs: str, stack: str) -> None:
    assert merged(native, runs, whole=False) == stack


@pytest.mark.parametrize(
    ("native", "runs", "stack"), [("CCCLCLCLS", "a b", "CCCaLCb…"), ("LCLCLS", "ab c", "abc…"), ("CS", "a", "too_deep")]
)
def test_without_outer_python_frames_the_stack_is_cut(native: str, runs: str, stack: str) -> None:
    assert merged(native, runs, PythonEnd.TOO_DEEP) == stack


@pytest.mark.parametrize("end", [PythonEnd.UNREADABLE, PythonEnd.NO_ENTRY, PythonEnd.NO_THREAD, PythonEnd.UNKNOWN])
def test_a_failed_walk_shows_no_python_frames(end: PythonEnd) -> None:
    assert merged("LS", "a", end) == end.name.lower()
    assert merged("CS", "", end) == "CS"


def test_runs_end_with_frames_that_c_called() -> None:
    assert split_runs([("a", False), ("b", True), ("c", True)]) == [["a", "b"], ["c"]]
    assert split_runs([(None, True), ("a", True)]) == [[], ["a"]]
    assert split_runs([("a", False), (None, False)]) == [["a"]]
    assert split_runs([]) == []
