"""The PID namespace that /proc shows: here, and inside new ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from icetop.targets.namespaces import INITIAL_PID_NAMESPACE, innermost_pid, shown_pid_namespace

HOST = Path("/proc/self/ns/pid").readlink().name == f"pid:[{INITIAL_PID_NAMESPACE}]"
CODE = (
    "import os; from icetop.targets.namespaces import shown_pid_namespace;"
    "print(shown_pid_namespace(), os.stat('/proc/self/ns/pid').st_ino)"
)
needs_host = pytest.mark.skipif(not HOST or os.geteuid() != 0, reason="needs root of the host's own PID namespace")


def inside(*unshare: str) -> tuple[int, int]:
    probe = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        pytest.skip(f"no such namespace can be made here: {probe.stderr.strip()}")
    done = subprocess.run([*unshare, sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    shown, own = done.stdout.split()
    return int(shown), int(own)


@needs_host
def test_the_hosts_own_is_zero() -> None:
    assert shown_pid_namespace() == 0


@needs_host
def test_inside_one_with_its_own_proc() -> None:
    shown, own = inside("unshare", "-pf", "--mount-proc")
    assert shown == own != INITIAL_PID_NAMESPACE


@needs_host
def test_inside_one_that_sees_the_hosts_proc() -> None:
    shown, own = inside("unshare", "-pf")
    assert shown == 0 and own != INITIAL_PID_NAMESPACE


@needs_host
def test_inside_two() -> None:
    twice = ("unshare", "-pf", "--mount-proc") * 2
    shown, own = inside(*twice)
    assert shown == own
    outer, inner = inside("unshare", "-pf", "--mount-proc", "unshare", "-pf")
    assert outer not in (0, inner)


def test_without_proc(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        shown_pid_namespace(tmp_path)


@needs_host
def test_the_number_that_a_process_has_in_its_own_container() -> None:
    words = ["unshare", "-pf", "--kill-child", "sh", "-c", "echo; read x"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outer:
        assert outer.stdout is not None
        if not outer.stdout.readline():
            pytest.skip("no PID namespace can be made here")
        (child,) = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        assert innermost_pid(int(child)) == 1
        outer.kill()
    assert innermost_pid(os.getpid()) == 0
    assert innermost_pid(2**22 + 1) == 0
