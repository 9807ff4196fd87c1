"""`--via 'docker exec -i ...'` into a container of a real engine (see `tests/sampler/test_containers.py`)."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import which

import pytest

from ..sampler.test_containers import Docker, docker, engine_path  # noqa: F401
from .conftest import Icetop, Start
from .far_screen import looks_from_afar
from .test_by_keyboard import Screen, open_screen  # noqa: F401

CAPABILITIES = ("SYS_ADMIN", "SYS_PTRACE", "SYSLOG", "DAC_READ_SEARCH", "SYS_NICE")
"""Instead of --privileged; engines before 23 know no smaller ones."""

MARK = f"ICETOP_TEST_FAR_END={os.getpid()}"

pytestmark = [pytest.mark.bpf, pytest.mark.soak]


def test_the_screen_here_the_collector_in_a_container(
    docker: Docker,  # noqa: F811
    open_screen: Callable[..., Screen],  # noqa: F811
    shares: Path,
    start: Start,
    icetop: Icetop,
) -> None:
    """The container sees the host's processes, as icetop's own does; the host's files are at /host."""
    rights = [f"--cap-add={name}" for name in CAPABILITIES]
    rights += ["--security-opt=seccomp=unconfined", "--pid=host", "--cgroupns=host", "-v", "/:/host"]
    docker("run", "-d", "--network=none", "--name=icetop-far", *rights, "icetop-test", "busybox", "sleep", "600")
    words = ["env", f"DOCKER_HOST={os.environ['DOCKER_HOST']}", which("docker", path=engine_path()), "exec", "-i"]
    words += [
        "icetop-far",
        "/bin/busybox",
        "chroot",
        "/host",
        "env",
        MARK,
        f"PYTHONPATH={os.environ.get('PYTHONPATH', '')}",
    ]
    via = shlex.join([*map(str, words), sys.executable, "-m", "icetop", "agent"])
    looks_from_afar(via, open_screen((120, 40)), shares, start, icetop, kill_far_end)
    docker("rm", "-f", "icetop-far")


def kill_far_end() -> None:
    """Kill the collector in the container, which goes by a word of its own environment."""
    killed = 0
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, ProcessLookupError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"agent" in words and MARK.encode() in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
    assert killed
