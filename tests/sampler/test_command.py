"""Commands that icetop starts: held back, let go, waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from icetop.sampler.command import CannotStart, Command


def test_it_runs_only_when_let_go_and_gives_its_status(tmp_path: Path) -> None:
    command = Command(["sh", "-c", f"echo ran > {tmp_path}/mark; exit 7"])
    time.sleep(0.05)
    assert command.running() and not (tmp_path / "mark").exists()
    command.go()
    assert command.wait() == 7
    assert not command.running() and (tmp_path / "mark").read_text() == "ran\n"


def test_a_signal_is_told_as_a_shell_would() -> None:
    command = Command(["sleep", "60"])
    command.go()
    command.terminate()
    assert command.wait() == 128 + signal.SIGTERM


@pytest.mark.parametrize(("word", "status"), [("/no/such/command", 127), ("/etc/hostname", 126)])
def test_what_cannot_be_run_is_said(word: str, status: int) -> None:
    command = Command([word])
    with pytest.raises(CannotStart) as caught:
        command.go()
    assert caught.value.status == status


def test_a_command_that_was_never_let_go_never_runs(tmp_path: Path) -> None:
    command = Command(["touch", str(tmp_path / "mark")])
    command.terminate()
    command.wait()
    assert not (tmp_path / "mark").exists()


def test_it_does_not_run_when_icetop_is_killed_before(tmp_path: Path) -> None:
    code = (
        "import os,sys,time\nfrom icetop.sampler.command import Command\n"
        f"c=Command(['touch','{tmp_path}/mark'])\nprint(c.pid,flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(200):
        if not os.path.exists(f"/proc/{pid}") or Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "Z":
            break
        time.sleep(0.02)
    else:
        pytest.fail("the held command outlived its parent")
    assert not (tmp_path / "mark").exists()


def test_output_can_be_kept_away() -> None:
    code = "from icetop.sampler.command import Command\nc=Command(['echo','hello'],show_output=False)\nc.go()\nc.wait()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b""
