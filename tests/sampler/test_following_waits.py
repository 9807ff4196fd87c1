"""Waits followed from a moment on, by a collector that runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.sampler.options import CollectOptions
from icetop.sampler.session import Session

pytestmark = pytest.mark.bpf


def test_waits_are_followed_from_the_order_on(build: Callable[..., Path]) -> None:
    """The context says from when; each wait has its time, and a wait that lasts is told as it goes on."""
    process = subprocess.Popen([build("waits", "-O2")])
    target = Target(pids=frozenset({process.pid}))
    session = Session(CollectOptions(target), lambda stage: None, end_with_target=False)
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
    finally:
        session.close()
        process.kill()
        process.wait()
    assert before == 0
    assert profile.context.kinds == ("cpu", "offcpu")
    assert 2e9 < after < 4.6e9
