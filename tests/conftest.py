"""What all tests share: the `bpf` marker."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest


@cache
def _obstacle() -> str:
    """Why no program can be compiled and attached here, empty where it can."""
    from icetop.sampler.doctor import State, try_attach

    proof = try_attach()
    if proof.state is not State.OK:
        return f"eBPF is not permitted here: {proof.finding}"
    return "" if find_spec("bcc") else "bcc is not installed (python3-bpfcc)"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `bpf` where eBPF cannot be had; fail it where ICETOP_REQUIRE_BPF=1 asks for eBPF."""
    if item.get_closest_marker("bpf") is None or not _obstacle():
        return
    if os.environ.get("ICETOP_REQUIRE_BPF") == "1":
        pytest.fail(f"{_obstacle()}, and ICETOP_REQUIRE_BPF=1 asks for it", pytrace=False)
    pytest.skip(_obstacle())


@pytest.fixture(autouse=True)
def same_priority() -> Iterator[None]:
    """A collector in the tests' own process raises its priority, which what is started later would inherit."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    yield
    os.setpriority(os.PRIO_PROCESS, 0, before)


@pytest.fixture(autouse=True)
def patient(same_priority: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are in their folder once they are written, however busy the disk is."""
    monkeypatch.setattr("icetop.snapshots.write_behind.PATIENCE", 60.0)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Compiles a C program of tests/programs once: `build("shares", "-O1")` gives the executable's path."""
    folder = tmp_path_factory.mktemp("programs")

    @cache
    def compile_program(name: str, *flags: str) -> Path:
        if which("gcc") is None:
            pytest.skip("gcc is not installed")
        program = folder / f"{name}{abs(hash(flags))}" / name
        program.parent.mkdir()
        source = Path(__file__).parent / "programs" / f"{name}.c"
        subprocess.run(["gcc", "-g", *flags, "-o", program, source], check=True)
        return program

    return compile_program


FRAME_POINTERS = ("-O1", "-fno-omit-frame-pointer", "-fno-inline")


@pytest.fixture(scope="session")
def shares(build: Callable[..., Path]) -> Path:
    """A program whose functions burn 60, 30 and 10 % of its CPU time, built with frame pointers."""
    return build("shares", *FRAME_POINTERS)


@pytest.fixture(scope="session")
def changing(build: Callable[..., Path]) -> Path:
    """A program whose three functions change shares at a known second."""
    return build("changing", *FRAME_POINTERS)


@pytest.fixture(scope="session")
def mount_namespace() -> tuple[str, ...]:
    """The words that run a command in a mount namespace of its own, where folders can be hidden."""
    words = ("unshare", "-m")
    if os.geteuid() != 0 or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace can be made here")
    return words


@pytest.fixture(scope="session")
def pid_namespace() -> tuple[str, ...]:
    """The words that run a command in a PID namespace with a /proc of its own."""
    words = ("unshare", "-p", "-f", "--mount-proc")
    if os.geteuid() != 0 or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no PID namespace can be made here")
    return words
