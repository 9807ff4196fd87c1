"""Waits followed from a moment on, by a collector that runs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from icetop.profiles.delta import NO_WAITS
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.sampler import kernel_side
from icetop.sampler.loader import compile as compiler
from icetop.sampler.loader import compiled
from icetop.sampler.loader.programs import CannotLoad, Programs
from icetop.sampler.loader.source import joined_source
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session

pytestmark = pytest.mark.bpf


SLEEPER = "import time\nwhile True:\n    sum(range(1_000_000))\n    time.sleep(0.25)"


def test_waits_are_followed_from_the_order_on() -> None:
    """The context says from when; each wait has its time, and a wait that lasts is told as it goes on. The process
    stays the one that it was, also where it is found asleep."""
    process = subprocess.Popen([sys.executable, "-c", SLEEPER])
    target = Target(pids=frozenset({process.pid}))
    session = Session(CollectOptions(target, frequency_hz=999), lambda stage: None, end_with_target=False)
    profile, before, after = Profile(), 0, 0
    try:
        for place, delta in enumerate(session.deltas(4.5)):
            profile.fold(delta)
            told = sum(delta.counts["offcpu"].values) if "offcpu" in delta.counts else 0
            if "offcpu" in profile.context.kinds:
                after += told
            else:
                before += told
            if place == 2:
                session.follow_waits()
                session.follow_waits()
            if place == 4:
                session.retarget(target)
    finally:
        session.close()
        process.kill()
        process.wait()
    assert before == 0
    assert profile.context.kinds == ("cpu", "offcpu")
    assert 2e9 < after < 4.6e9
    assert len({series.start_ns for series in profile.series}) == 1


COMES = "u32 back = waits_under(next, *seat, settings_here);"
UNTOLD = "u32 back = drawn(pace) & 1 ? 0 : waits_under(next, *seat, settings_here);"


def test_waits_whose_end_the_kernel_does_not_tell_are_reckoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the threads that get a CPU do so in secret: what they ran and what they waited is still all of the time.
    Some forty times it gets one: that none is in secret has a chance of 1 in 10^12.
    """
    assert COMES in joined_source()
    monkeypatch.setattr(compiler, "joined_source", lambda: joined_source().replace(COMES, UNTOLD))
    form = compiled.parse(compiler.compile_programs({}), kept=False)
    monkeypatch.setattr(kernel_side, "compiled_form", lambda *_: form)
    process = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: sum(range(500_000)); time.sleep(0.05)"])
    options = CollectOptions(Target(pids=frozenset({process.pid})), kinds=("offcpu", "cpu"))
    session = Session(options, lambda stage: None, end_with_target=False)
    profile = Profile()
    try:
        for delta in session.deltas(3.5):
            profile.fold(delta)
    finally:
        session.close()
        process.kill()
        process.wait()
    assert any("this kernel did not tell" in notice.what for notice in profile.notices)
    buckets = list(profile.timeline.buckets())
    time_of = {
        kind: sum(sum(bucket.counts[kind].values) for bucket in buckets if kind in bucket.counts)
        for kind in ("cpu", "offcpu")
    }
    assert sum(time_of.values()) == pytest.approx(3.5e9, rel=0.05), time_of
    assert time_of["offcpu"] > 1e9


def test_where_threads_cannot_be_followed_cpu_time_is_sampled_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under lockdown: it is said, nothing of it is offered, and an order for it changes nothing."""

    def refuse(programs: Programs, tracepoint: str, name: str) -> None:
        raise CannotLoad(f"tracepoint {tracepoint}", PermissionError(1, "Operation not permitted"))

    monkeypatch.setattr(Programs, "attach_raw_tracepoint", refuse)
    session = Session(CollectOptions(kinds=("offcpu", "cpu")), lambda stage: None, end_with_target=False)
    profile = Profile()
    try:
        for place, delta in enumerate(session.deltas(0.5)):
            profile.fold(delta)
            if place == 1:
                session.follow_waits()
    finally:
        session.close()
    assert profile.context.kinds == ("cpu",)
    assert "not permitted" in profile.context.options[NO_WAITS]
    assert any("not to be had here" in str(notice) for notice in profile.notices)
    assert not any("offcpu" in bucket.counts for bucket in profile.timeline.buckets())
