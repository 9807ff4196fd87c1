"""Live, saved, and read by another tool: the same numbers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.view import View
from icetop.sampler.agent_source import local_agent
from icetop.sampler.options import CollectOptions
from icetop.snapshots.formats import save

from .conftest import Icetop, Start

pytestmark = pytest.mark.bpf


@pytest.fixture
def live(shares: Path, start: Start) -> Profile:
    """The profile of a live view of three seconds, as the app folds it."""
    start(shares)
    start("sh", "-c", "while :; do cat /proc/self/maps >/dev/null; done")
    source, profile = local_agent(CollectOptions(frequency_hz=499)), Profile()
    for delta in source.deltas():
        profile.fold(delta)
        if profile.timeline.end_ns - profile.timeline.start_ns > 3_000_000_000:
            source.stop()
    return profile


def test_the_report_of_the_live_view_is_that_of_its_snapshot(
    live: Profile, tmp_path: Path, report: Callable[..., dict[str, Any]]
) -> None:
    save(live, str(tmp_path / "x.pb.gz"))
    of_live = json.loads(json.dumps(report_json(build_report(live, View(), "flat", None, True))))
    of_file = report(tmp_path / "x.pb.gz", "--stacks")
    assert of_live["samples"] > 499
    assert of_file == of_live


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_go_tool_pprof_says_the_same(live: Profile, tmp_path: Path, icetop: Icetop) -> None:
    path = tmp_path / "x.pb.gz"
    save(live, str(path))
    words = ["go", "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0", "-unit=ns", str(path)]
    theirs = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\s*(\d+)(?:ns)?\s+\S+\s+\S+\s+(\d+)(?:ns)?\s+\S+\s+(.*)$", theirs, re.MULTILINE)
    by_name: dict[str, list[int]] = {}
    for flat, cum, name in rows:
        sums = by_name.setdefault(name.strip().removesuffix(" (inline)"), [0, 0])
        sums[0] += int(flat)
        sums[1] += int(cum)
    # Every frame is in the file, the interpreter's own included.
    found = json.loads(icetop("report", path, "--interpreter", "--format", "json").stdout)
    ours = [f for f in found["functions"] if [g["name"] for g in found["functions"]].count(f["name"]) == 1]
    assert len(ours) > 10
    for function in ours:
        if not function["name"].startswith("["):
            assert by_name[function["name"]] == [function["flat"], function["cum"]], function
