"""A program whose calls are known: no stack shows one that does not exist, and recursion has its true depth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop, Start
from .test_complete import SOURCES, compile_with

pytestmark = pytest.mark.bpf

Report = Callable[..., dict[str, Any]]
RECURSION, DEEPEST = 51, 20
CALLERS = {
    "outer": {"main", "std::thread::_State_impl"},
    "recurse": {"outer", "recurse"},
    "huge_frame": {"outer"},
    "sort_numbers": {"outer"},
    "catch_it": {"outer"},
    "by_function": {"outer"},
    "throw_deep": {"catch_it", "throw_deep"},
    "less_than": {"sort_numbers", "std::__introsort_loop", "std::__insertion_sort", "std::__adjust_heap"}
    | {"std::__unguarded_partition", "std::__final_insertion_sort", "std::__unguarded_linear_insert"},
    "burn": {"down<0>", "recurse", "huge_frame", "catch_it", "by_function", "std::_Function_handler"},
    **{f"down<{depth}>": {f"down<{depth + 1}>" if depth < DEEPEST else "outer"} for depth in range(DEEPEST + 1)},
}
"""Who calls each function of known.cpp. What a std::function calls may have taken its place by a jump."""


def bare(name: str) -> str:
    """The name without types, template arguments (but for `down`'s) and parts that the compiler split off."""
    name = name.removeprefix("unsigned long ").removeprefix("void ")
    name = re.sub(r"\(.*|\[clone.*|::h[0-9a-f]{16}$", "", name).strip()
    return name if name.startswith("down<") else name.partition("<")[0]


@pytest.mark.parametrize(
    ("seconds", "least"), [(3, 100), pytest.param(60, 20_000, marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_calls_and_depths_are_true(
    seconds: int, least: int, tmp_path: Path, icetop: Icetop, report: Report, start: Start
) -> None:
    program = compile_with(tmp_path, "g++", "-O2", "-pthread", str(SOURCES / "known.cpp"))
    process = start(*program)
    done = icetop("record", "-F", 999, "-d", seconds, "-o", "x.pb.gz", "-p", process.pid)
    assert done.returncode == 0, done.stderr
    found = report("x.pb.gz", "--stacks")
    names = [bare(frame["name"]) for frame in found["frames"]]
    wrong, calls, depths = Counter[tuple[str, str]](), 0, Counter[int]()
    for stack in found["stacks"]:
        stacked = [names[index] for index in stack["frames"]]
        calls += stack["samples"] * len(stacked)
        for caller, callee in pairwise(stacked):
            if callee in CALLERS and caller not in CALLERS[callee]:
                wrong[caller, callee] += stack["samples"]
        if ("recurse", "burn") in pairwise(stacked):
            depths[stacked.count("recurse")] += stack["samples"]
    assert found["samples"] >= least
    assert wrong.total() <= 0.001 * calls, wrong
    assert depths[RECURSION] >= 0.99 * depths.total() - 2, depths
