"""Native stacks by the collector on this kernel: each form of its programs, and maps that are far too small."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.profiles.vocabulary import StackEnd
from icetop.sampler import kernel_side
from icetop.sampler.loader.offsets import kernel_offsets
from icetop.sampler.loader.programs import WAITS
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session
from icetop.tests.programs_to_run import Build, builder

pytestmark = pytest.mark.bpf

PROGRAMS = Path(__file__).parent.parent / "programs"
MOST_INSTRUCTIONS = 500_000
"""Half of what the verifier is willing to look at: other kernels' verifiers may need more for the same program."""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return builder(tmp_path_factory.mktemp("native"), PROGRAMS / "stacks")


@contextmanager
def running(*words: object) -> Iterator[int]:
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL) as process:
        yield process.pid
        process.kill()


def ends(session: Session, seconds: float, enough: int | None = None) -> Counter[StackEnd]:
    """How the stacks of a session's samples end, until there are enough; every tick is one of them or lost."""
    profile, found = Profile(), Counter[StackEnd]()
    for delta in session.deltas(seconds):
        profile.fold(delta)
        counts = delta.counts["cpu"]
        for node, samples in zip(counts.nodes, counts.samples, strict=True):
            found[StackEnd(profile.stacks.ends[node])] += samples
        assert delta.expected == sum(counts.samples) + sum(delta.lost.values())
        if enough is not None and found.total() >= enough:
            break
    return found


FORMS = {"this kernel's": {}, "a kernel's before 5.15": {"helper:task_pt_regs": 0}}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_whole_stacks_and_leaves_the_verifier_room(
    form: str, compiled: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the helper that tells user registers, they are found on the kernel's own stack of the thread."""
    monkeypatch.setattr(kernel_side, "kernel_offsets", lambda keeper: kernel_offsets(keeper) | FORMS[form])
    with running(compiled("known", "g++", "-O2", "-pthread", "known.cpp")) as pid:
        session = Session(CollectOptions(Target(pids=frozenset({pid})), 199), lambda stage: None, end_with_target=True)
        try:
            found = ends(session, 20, enough=60)
            programs = session._collector.kernel._programs
            programs.add_chain(WAITS)
            programs.join_chain("walk_python", "WALK_PYTHON")
            needed = {name: instructions(number) for name, number in programs._loaded.items()}
        finally:
            session.close()
    # A frame of 300 KB hides its callers until the rows of the code in it are known.
    assert found[StackEnd.COMPLETE] >= found.total() - 10 >= 50, found
    assert max(needed.values()) <= MOST_INSTRUCTIONS, needed


def instructions(program: int) -> int:
    """How many instructions the verifier looked at; 0 where the kernel does not tell (before 5.16)."""
    text = Path(f"/proc/self/fdinfo/{program}").read_text()
    return int(dict(line.split(":\t") for line in text.splitlines() if ":\t" in line).get("verified_insns", 0))


def test_maps_that_are_far_too_small_cost_time_and_no_stacks(compiled: Build) -> None:
    """The least used pages and mappings go and are given again: samples are then finished in user space."""
    small = {"unwind_pages": 16, "mappings": 4, "spaces": 4, "sent": 16}
    known = compiled("known", "g++", "-O2", "-pthread", "known.cpp")
    static = compiled("known_static", "g++", "-O2", "-static", "-pthread", "known.cpp")
    other = compiled("known_other", "g++", "-O1", "-pthread", "known.cpp")
    with running(known) as one, running(static) as two, running(other) as three, running(known) as four:
        pids = frozenset({one, two, three, four})
        options = CollectOptions(Target(pids=pids), 199, map_sizes=small)
        session = Session(options, lambda stage: None, end_with_target=True)
        try:
            found = ends(session, 1.2)
            finished = session.counters["finished"]
        finally:
            session.close()
    known_ends = found[StackEnd.COMPLETE] + found[StackEnd.UNREADABLE_STACK] + found[StackEnd.RATE_LIMITED]
    assert known_ends >= 0.98 * found.total() - 5 and found.total() > 30, found
    assert found[StackEnd.COMPLETE] >= 0.6 * found.total(), found
    assert finished >= 0.2 * found.total(), "the maps were not too small"
