"""`icetop record -- COMMAND`: the command is itself, and its recording is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND, Icetop

pytestmark = pytest.mark.bpf

Report = Callable[..., dict[str, Any]]


def test_output_and_exit_status_pass_through(icetop: Icetop, tmp_path: Path) -> None:
    done = icetop("record", "-o", "x.pb.gz", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert done.returncode == 7
    assert done.stdout == "out\n"
    assert "err\n" in done.stderr
    assert (tmp_path / "x.pb.gz").exists()


def test_its_death_by_a_signal_is_told_as_a_shell_does(icetop: Icetop) -> None:
    assert icetop("record", "-o", "x.pb.gz", "--", "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize(("word", "status"), [("/no/such/command", 127), ("/etc/hostname", 126)])
def test_a_command_that_cannot_be_run_is_one_line(icetop: Icetop, tmp_path: Path, word: str, status: int) -> None:
    done = icetop("record", "-o", "x.pb.gz", "--", word)
    assert done.returncode == status
    assert word in done.stderr and "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 2
    assert not (tmp_path / "x.pb.gz").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_recording_and_keeps_the_file(
    report: Report, tmp_path: Path, shares: Path, number: int
) -> None:
    words = [*COMMAND, "record", "-o", "x.pb.gz", "--", str(shares), "60"]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(2.5)
    os.kill(process.pid, number)
    _, complaint = process.communicate(timeout=30)
    assert b"Traceback" not in complaint
    assert report("x.pb.gz")["samples"] > 20


def test_a_signal_ends_a_command_that_outlives_its_recording(tmp_path: Path) -> None:
    words = [*COMMAND, "record", "-d", "0.3", "-o", "x.pb.gz", "--", "sleep", "60"]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True)
    while not (tmp_path / "x.pb.gz").exists():
        time.sleep(0.05)
    process.terminate()
    _, complaint = process.communicate(timeout=30)
    assert b"Traceback" not in complaint and b"descriptor" not in complaint
    assert process.returncode == 128 + signal.SIGTERM


def test_it_is_profiled_from_its_first_instruction(icetop: Icetop, report: Report, shares: Path) -> None:
    """A command that is over after 50 ms has all of its ticks: some 50 of 999 a second (fewer than 25: never seen)."""
    icetop("record", "-F", 999, "-o", "x.pb.gz", "--", shares, "0.05")
    assert 25 <= report("x.pb.gz", "--comm", "shares")["samples"] <= 90


def test_the_recording_of_a_process_ends_with_it(icetop: Icetop, report: Report, shares: Path) -> None:
    process = subprocess.Popen([str(shares), "2"])
    begin = time.monotonic()
    done = icetop("record", "-p", process.pid, "-d", 60, "-o", "x.pb.gz")
    process.wait()
    assert done.returncode == 0 and time.monotonic() - begin < 30
    assert report("x.pb.gz")["samples"] > 50


def test_without_a_terminal_there_is_a_report(icetop: Icetop, shares: Path) -> None:
    done = icetop("-d", 2, "--", shares, "1")
    assert done.returncode == 0, done.stderr
    assert "Total CPU time" in done.stdout and "burn_sixty" in done.stdout


def test_standard_output_takes_the_profile(icetop: Icetop, shares: Path, tmp_path: Path) -> None:
    done = icetop("record", "-o", "-", "-d", "0.5", text=False)
    assert done.stdout[:2] == b"\x1f\x8b"
    (tmp_path / "y.pb.gz").write_bytes(done.stdout)
    assert icetop("report", "y.pb.gz").returncode == 0
