"""Vital signs of this machine and of made-up ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from icetop.targets.cgroups import CgroupLayout, Mount
from icetop.targets.target_vitals import TargetVitalsReader
from icetop.targets.vitals import (
    VitalsReader,
    own_cost,
    parse_cpu_times,
    parse_pressure,
    parse_run_queue,
    process_cost,
)

TICKS = os.sysconf("SC_CLK_TCK")


def burn(seconds: float) -> float:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass
    return time.process_time() - start


def test_busy_cores_of_a_busy_machine() -> None:
    reader = VitalsReader()
    start = time.monotonic()
    used = burn(0.5)
    vitals = reader.read()
    elapsed = time.monotonic() - start
    assert vitals.busy_cores >= used / elapsed - 0.1
    assert vitals.busy_cores <= (os.cpu_count() or 1) + 0.2
    assert vitals.throttled is None


def test_cpu_times_keep_waiting_and_stolen_time_apart() -> None:
    times = parse_cpu_times("cpu  100 10 50 1000 200 3 7 40 25 5\ncpu0 1 1 1 1\n")
    assert times.busy == pytest.approx(170 / TICKS)
    assert (times.idle, times.iowait, times.steal) == pytest.approx((1000 / TICKS, 200 / TICKS, 40 / TICKS))
    assert parse_cpu_times("").busy == 0
    assert parse_cpu_times("cpu 5 x 5").busy == pytest.approx(10 / TICKS)


def test_run_queue_wait_is_the_eighth_number_of_each_cpu() -> None:
    text = (
        "version 15\ntimestamp 4295\ncpu0 0 0 0 0 0 0 5000000000 1500000000 10\ndomain0 3 1 2 3 4 5 6 7 8 9\n"
        "cpu1 0 0 0 0 0 0 1 500000000 10\n"
    )
    assert parse_run_queue(text) == pytest.approx(2.0)
    assert parse_run_queue("") is None


def test_pressure() -> None:
    assert parse_pressure("some avg10=1.53 avg60=0.87 avg300=0.73 total=1\nfull avg10=0.1 total=2\n") == 1.53
    assert parse_pressure("full avg10=0.1\n") is None
    assert parse_pressure("") is None


def make_machine(folder: Path, ticks: int, waited_ns: int, throttled: int) -> CgroupLayout:
    (folder / "proc/pressure").mkdir(parents=True, exist_ok=True)
    (folder / "cgroup/cpu/shop").mkdir(parents=True, exist_ok=True)
    (folder / "proc/stat").write_text(f"cpu {ticks} 0 0 0 0 0 0 0 0 0\n")
    (folder / "proc/schedstat").write_text(f"version 15\ncpu0 0 0 0 0 0 0 0 {waited_ns} 0\n")
    (folder / "proc/pressure/io").write_text("some avg10=12.50 avg60=0 avg300=0 total=0\n")
    (folder / "cgroup/cpu/shop/cpu.stat").write_text(f"nr_periods {throttled * 4}\nnr_throttled {throttled}\n")
    memory = Mount(1, ("memory",), folder / "cgroup/memory", "/")
    return CgroupLayout(1, "memory", memory, (memory, Mount(1, ("cpu",), folder / "cgroup/cpu", "/")))


def test_differences_between_two_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("icetop.targets.vitals.time.monotonic", lambda: clock[0])
    layout = make_machine(tmp_path, 0, 0, 0)
    reader, target = VitalsReader(tmp_path / "proc"), TargetVitalsReader(tmp_path / "proc", layout)
    target.read([], ["/shop"])
    make_machine(tmp_path, 3 * TICKS, 500_000_000, 10)
    clock[0] = 102.0
    vitals = reader.read()
    assert vitals.busy_cores == pytest.approx(1.5)
    assert vitals.run_queue == pytest.approx(0.25)
    assert vitals.pressure == {"io": 12.5}
    assert target.read([], ["/shop"]).throttled == pytest.approx(0.25)
    clock[0] = 103.0
    again = reader.read()
    throttled = target.read([], ["/shop"]).throttled
    assert (again.busy_cores, again.run_queue, throttled) == (0.0, 0.0, 0.0)
    assert reader.read().busy_cores == 0.0


def test_numbers_that_go_back_give_no_negative_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("icetop.targets.vitals.time.monotonic", lambda: clock[0])
    layout = make_machine(tmp_path, 500, 9, 10)
    reader, target = VitalsReader(tmp_path / "proc"), TargetVitalsReader(tmp_path / "proc", layout)
    target.read([], ["/shop"])
    make_machine(tmp_path, 5, 1, 2)
    clock[0] = 101.0
    vitals = reader.read()
    throttled = target.read([], ["/shop"]).throttled
    assert (vitals.busy_cores, vitals.run_queue, throttled) == (0.0, 0.0, 0.0)


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    reader = VitalsReader(tmp_path)
    vitals = reader.read()
    assert (vitals.busy_cores, vitals.run_queue, dict(vitals.pressure)) == (0.0, None, {})


def test_own_cost_counts_this_process_and_its_children() -> None:
    before = own_cost()
    used = burn(0.2)
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline()
        running = own_cost([child.pid])
        child.communicate(b"\n")
    ended = own_cost([child.pid])
    assert running.cpu_s - before.cpu_s >= used + 0.25
    assert ended.cpu_s - before.cpu_s >= used + 0.25
    assert running.rss > ended.rss > 1 << 20
    assert process_cost(child.pid) == process_cost(2**22 + 1)
