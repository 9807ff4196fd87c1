"""Waits followed from a moment on, by a collector that runs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from icetop.profiles.delta import NO_WAITS
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.sampler.loader.programs import CannotLoad, Programs
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
