"""What the strip shows of a target: its own CPU time, each second added up once."""

from __future__ import annotations

import pytest
from icetop.profiles import selection
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.profiles.view import View
from icetop.tests.tui.moving_source import MovingSource
from icetop.tui.loads import ProfiledLoads


def test_each_bucket_is_added_up_once_and_only_what_the_target_used(monkeypatch: pytest.MonkeyPatch) -> None:
    profile, loads = Profile(), ProfiledLoads()
    deltas = list(MovingSource(backlog=42, limit=42).deltas())
    for delta in deltas[:-1]:
        profile.fold(delta)
    view = View(target=Target(pids=frozenset((812,))))
    first = loads.take(profile, view)
    postgres = next(place for place, series in enumerate(profile.series) if series.pid == 812)
    for load, bucket in zip(first, profile.timeline.buckets(), strict=True):
        counts = bucket.counts["cpu"]
        spent = sum(value for value, who in zip(counts.values, counts.series, strict=True) if who == postgres)
        assert load.cores == spent / bucket.duration_ns
    asked = []
    plain = selection.sum_of_each
    monkeypatch.setattr(selection, "sum_of_each", lambda p, v, new: asked.append(len(new)) or plain(p, v, new))
    profile.fold(deltas[-1])
    assert loads.take(profile, view)[: len(first)] == first and asked[0] < 15
    assert loads.take(profile, View()) != first and asked[1] > 40
