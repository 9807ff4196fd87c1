"""Where `perf record --call-graph dwarf` unwinds at all, it sees the same calls, as often."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND, Start
from .test_complete import PROGRAMS
from .test_known_calls import bare
from .test_soaked import report

pytestmark = [
    pytest.mark.bpf,
    pytest.mark.soak,
    pytest.mark.skipif(shutil.which("perf") is None, reason="perf is not installed"),
]

SECONDS, RATE = 15, "999"
BEYOND_PERF = "huge_frame"
"""A frame that is larger than what perf copies of a stack: what is above it is lost to perf."""

Edges = Counter[tuple[str, str]]


def perf_stacks(folder: Path) -> Iterator[list[str]]:
    """The functions of each of perf's samples, root first."""
    words = ["perf", "script", "-i", "perf.data", "--no-inline", "-F", "ip,sym"]
    text = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout
    for sample in text.split("\n\n"):
        lines = [line.strip().partition(" ")[2] for line in sample.splitlines() if line.strip()]
        if lines:
            yield [bare(line) for line in reversed(lines)]


def own_stacks(found: dict[str, Any]) -> Iterator[list[str]]:
    for stack in found["stacks"]:
        frames = [found["frames"][index] for index in stack["frames"]]
        names = [bare(frame["name"]) for frame in frames if frame["language"] != "kernel"]
        for _ in range(stack["samples"]):
            yield names


def edges(stacks: Iterable[list[str]]) -> tuple[Edges, int]:
    """In how many samples one function calls another, below `main` or a thread's function; and of how many samples."""
    found, samples = Edges(), 0
    for stack in stacks:
        top = next((place for place, name in enumerate(stack) if name in TOPS), None)
        if top is not None and BEYOND_PERF not in stack:
            samples += 1
            # Code without a symbol is named by its place, and by perf not at all.
            known = [name for name in stack[top:] if name and name[0] != "["]
            found.update(set(pairwise(known)))
    return found, samples


TOPS = ("main", "outer", "known::main")


@pytest.mark.parametrize("program", ["C++ -O2", "Rust"])
def test_calls_are_seen_as_often_as_by_perf(program: str, tmp_path: Path, start: Start) -> None:
    """All but 1 % of the mass of calls is the same, and no call's share of the samples differs by more than a point and
    what chance explains (4 standard deviations)."""
    make: Callable[[Path], list[str]] = PROGRAMS[program]
    process = start(*make(tmp_path))
    recording = tmp_path / "x.pb.gz"
    perf = ["perf", "record", "-q", "-e", "cpu-clock:u", "-F", RATE, "--call-graph", "dwarf", "-p", str(process.pid)]
    beside = subprocess.Popen([*perf, "-o", tmp_path / "perf.data", "--", "sleep", str(SECONDS)])
    words = ["record", "-F", RATE, "-d", str(SECONDS), "-p", str(process.pid), "-o", str(recording)]
    subprocess.run([*COMMAND, *words], check=True, capture_output=True)
    if beside.wait():
        pytest.skip("perf may not sample here")
    ours, samples = edges(own_stacks(report(recording)))
    theirs, others = edges(perf_stacks(tmp_path))
    assert min(samples, others) > 2000, (samples, others)
    for some, all_others in ((ours, theirs), (theirs, ours)):
        unknown = {edge: times for edge, times in some.items() if edge not in all_others}
        assert sum(unknown.values()) <= 0.01 * some.total(), unknown
    print(program, samples, "and perf's", others, f"samples: {agreement(ours, theirs):.4f} of the mass is the same")
    assert agreement(ours, theirs) >= 0.99
    for edge in ours | theirs:
        share, other = ours[edge] / samples, theirs[edge] / others
        chance = 4 * (max(share, other) * (1 - min(share, other)) * (1 / samples + 1 / others)) ** 0.5
        assert abs(share - other) <= 0.01 + chance, (edge, share, other)


def agreement(ours: Edges, theirs: Edges) -> float:
    """The share of calls that both tell alike: of each function, by whom it was called. How often a function itself was
    sampled is left to chance."""
    sums = [Counter[str](), Counter[str]()]
    for seen, total in zip((ours, theirs), sums, strict=True):
        for (_, callee), times in seen.items():
            total[callee] += times
    alike = sum(
        sums[1][callee] * min(ours[caller, callee] / max(sums[0][callee], 1), times / sums[1][callee])
        for (caller, callee), times in theirs.items()
    )
    return alike / theirs.total()
