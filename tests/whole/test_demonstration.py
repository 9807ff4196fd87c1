"""The demonstration: a search without an index in a real PostgreSQL, before and after the index is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[1] / "programs" / "demo"
PARTS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "icetop-demo"

pytestmark = [pytest.mark.bpf, pytest.mark.soak]


def test_the_search_and_the_scan_behind_it_are_seen_and_their_mend_too(tmp_path: Path) -> None:
    if not (PARTS / "postgresql" / "ready").exists():
        pytest.skip("make demo was not run here yet: it builds PostgreSQL")
    out = tmp_path / "demo.pb.gz"
    environ = {**os.environ, "ICETOP": f"{sys.executable} -m icetop", "ALONE": "1"}
    words = ["/srv/shop/venv/bin/python", DEMO / "scenario.py", "--json", "--seconds", "12", out]
    done = subprocess.run([DEMO / "run.sh", *words], check=True, stdout=subprocess.PIPE, env=environ)
    found = json.loads(done.stdout)
    before, after = found["before"], found["after"]
    assert before["search_wall_percent"] > 90, before
    assert before["scan_cpu_percent"] > 50 and before["matcher_cpu_percent"] > 40, before
    assert after["search_wall_seconds"] <= before["search_wall_seconds"] / 10
    assert after["search_seconds"] <= before["search_seconds"] / 10, "as its clients saw it"
    # The share that is left is what the requests are worth: of one in six.
    assert after["search_wall_percent"] < 1.5 * after["search_request_percent"], after
    assert after["scan_cpu_percent"] < 1, after
    assert after["requests_per_second"] > 1.5 * before["requests_per_second"]
    for change in found["changes"].values():
        assert change["points"] < -30 and change["significant"], found["changes"]
