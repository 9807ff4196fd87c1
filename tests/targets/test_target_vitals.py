"""How the target fares, from a /proc and control groups made for the test."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from icetop.targets.target_vitals import TargetVitalsReader

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


def tell(proc: Path, thread: int, delay_ns: int, turns: int) -> None:
    folder = proc / "7/task" / str(thread)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schedstat").write_text(f"5000 {delay_ns} {turns}\n")


def test_threads_that_wait_for_a_cpu(tmp_path: Path) -> None:
    """The wait of all threads, a new one from when it is seen, and the mean wait of a turn."""
    tell(tmp_path, 7, 1_000_000, 10)
    reader = TargetVitalsReader(tmp_path, None)
    first = reader.read([7], [])
    assert (first.run_queue, first.turn) == (None, None)
    time.sleep(0.05)
    tell(tmp_path, 7, 41_000_000, 20)
    tell(tmp_path, 8, 900_000_000, 1)
    told = reader.read([7], [])
    assert told.turn == pytest.approx(0.004)
    assert told.run_queue is not None and 0 < told.run_queue <= 0.8
    (tmp_path / "7/task/7/schedstat").write_text("nonsense\n")
    assert reader.read([7, 4711], []).run_queue == 0


def test_this_very_process() -> None:
    reader = TargetVitalsReader()
    reader.read([os.getpid()], [])
    sum(range(100_000))
    told = reader.read([os.getpid()], ["/no/such/group"])
    assert told.run_queue is None or 0 <= told.run_queue < 100
    assert told.throttled is None or 0 <= told.throttled <= 1
