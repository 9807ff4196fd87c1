"""What `cpu.stat` says of throttling, and where it is."""

from __future__ import annotations

from pathlib import Path

from icetop.targets.cgroups import CgroupLayout, Mount
from icetop.targets.throttling import parse_throttling, throttling_file


def test_throttling_of_both_versions() -> None:
    assert parse_throttling("nr_periods 40\nnr_throttled 10\nthrottled_time 5\n") == (40, 10)
    assert parse_throttling("usage_usec 5\nnr_periods 4\nnr_throttled 1\nthrottled_usec 9\n") == (4, 1)
    assert parse_throttling("usage_usec 5\n") is None


def test_throttling_of_v2_and_of_nothing(tmp_path: Path) -> None:
    mount = Mount(2, (), tmp_path, "/")
    assert throttling_file("/shop", CgroupLayout(2, "", mount, (mount,))) == tmp_path / "shop/cpu.stat"
    assert throttling_file("/shop", None) is None
