"""What doctor says of node and Java: of a real node with a map and without, and of JVMs by their command lines."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from icetop.profiles.mends import JAVA_FRAMES, JAVA_NAMES, NODE_NAMES
from icetop.sampler.doctor import runtimes
from icetop.sampler.doctor.check import Machine, State
from icetop.sampler.doctor.runtimes import check_runtimes
from icetop.symbols.perf_map import MapState


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Starts node with options; it is then the only process that is looked at."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def begin(*options: str) -> int:
        code = "console.log('ready'); process.stdin.on('data', () => {})"
        words = ["node", *options, "-e", code]
        started.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert started[-1].stdout is not None and started[-1].stdout.readline()
        monkeypatch.setattr(runtimes, "_processes", lambda proc: [started[-1].pid])
        return started[-1].pid

    yield begin
    for process in started:
        process.kill()
        process.communicate()
        Path(f"/tmp/perf-{process.pid}.map").unlink(missing_ok=True)


def test_node(node: Callable[..., int]) -> None:
    pid = node()
    found, java = check_runtimes(Machine())
    assert (found.state, found.mend) == (State.DEGRADED, NODE_NAMES)
    assert f"pid {pid} " in found.finding
    assert java.state is State.ABSENT
    node("--perf-basic-prof")
    assert check_runtimes(Machine())[0].state is State.OK


def test_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for pid, words in ((7, b"java\0-XX:+PreserveFramePointer\0-jar\0a.jar\0"), (8, b"java\0-jar\0b.jar\0")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cmdline").write_bytes(words)
    (tmp_path / "8" / "environ").write_bytes(b"HOME=/\0")
    states = {7: MapState.READ, 8: MapState.ABSENT}
    monkeypatch.setattr(runtimes, "_map_state", states.__getitem__)
    assert runtimes._check_java(tmp_path, [7]).state is State.OK
    found = runtimes._check_java(tmp_path, [7, 8])
    assert found.finding == "pid 8 without a perf map; pid 8 without frame pointers"
    assert JAVA_NAMES in found.mend and JAVA_FRAMES in found.mend
    (tmp_path / "8" / "environ").write_bytes(b"JAVA_TOOL_OPTIONS=-XX:+PreserveFramePointer\0")
    assert "frame pointers" not in runtimes._check_java(tmp_path, [7, 8]).finding


def test_a_machine_without_them(tmp_path: Path) -> None:
    assert [check.state for check in check_runtimes(Machine(proc=tmp_path))] == [State.ABSENT, State.ABSENT]
