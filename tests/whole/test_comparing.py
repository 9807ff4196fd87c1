"""A program that changes at a known second: both stretches compared, from one file, from two, and in the app."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop

pytestmark = pytest.mark.bpf

Report = Callable[..., dict[str, Any]]
CHANGES = {"burn_falling": -50, "burn_same": 0, "burn_rising": 50}


def check(found: dict[str, Any], tolerance: float) -> None:
    """Within `tolerance` points, or what 4.5 standard deviations of so many samples are."""
    samples = [found["samples"], found["baseline"]["samples"]]
    noise = 100 * (0.24 / samples[0] + 0.21 / samples[1]) ** 0.5
    by_name = {function["name"]: function for function in found["functions"]}
    for name, points in CHANGES.items():
        function = by_name[name]
        for part in ("flat", "cum"):
            assert abs(function[f"delta_{part}_points"] - points) <= max(tolerance, 4.5 * noise), function
            change = function[f"{part}_percent"] - function[f"baseline_{part}_percent"]
            assert abs(change - function[f"delta_{part}_points"]) < 0.001
        assert function["significant"] == (points != 0), function


def test_the_functions_that_changed_are_told_from_the_one_that_did_not(
    icetop: Icetop, report: Report, changing: Path
) -> None:
    done = icetop("record", "-F", 999, "-o", "x.pb.gz", "--", changing, 4, 8)
    assert done.returncode == 0, done.stderr
    target = ("--comm", "changing")
    one = report("x.pb.gz", *target, "--range", "4.5..7.5", "--baseline", "0.5..3.5")
    check(one, 3)
    assert {function["name"] for function in one["functions"][:2]} == {"burn_falling", "burn_rising"}
    for name, span in (("before", "0.5..3.5"), ("after", "4.5..7.5")):
        assert icetop("convert", "x.pb.gz", f"{name}.pb.gz", "--range", span).returncode == 0
    two = report("after.pb.gz", *target, "--baseline", "before.pb.gz")
    assert two["functions"] == one["functions"]
    assert (two["total"], two["baseline"]["samples"]) == (one["total"], one["baseline"]["samples"])
    same = report("x.pb.gz", *target, "--range", "2..3.5", "--baseline", "0.5..2")
    assert not any(function["significant"] for function in same["functions"])


@pytest.mark.soak
def test_at_499_hertz_the_change_is_within_three_points(icetop: Icetop, report: Report, changing: Path) -> None:
    assert icetop("record", "-F", 499, "-o", "x.pb.gz", "--", changing, 10, 20).returncode == 0
    check(report("x.pb.gz", "--comm", "changing", "--range", "12..20", "--baseline", "0..8"), 3)
