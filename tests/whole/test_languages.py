"""Functions of node, Java and Go programs have the names that their writers gave them, in real recordings."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Icetop, Start, cpu_seconds

pytestmark = pytest.mark.bpf

Report = Callable[..., dict[str, Any]]
SOURCES = Path(__file__).parent.parent / "programs" / "languages"


def needs(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


def record(icetop: Icetop, report: Report, *words: object) -> dict[str, Any]:
    """The report, with stacks, of a recording at a rate at which shares are near their true values."""
    done = icetop("record", "-F", 499, "-o", "x.pb.gz", *words)
    assert done.returncode == 0, done.stderr
    return {**report("x.pb.gz", "--stacks"), "said": done.stderr}


def warm_up(pid: int, seconds: float = 0.6) -> None:
    """Wait until a program has had a CPU so long: on a busy machine its compiler takes most of its first second."""
    deadline = time.monotonic() + 30
    while cpu_seconds(pid) < seconds and time.monotonic() < deadline:
        time.sleep(0.02)


def share(found: dict[str, Any], wanted: Callable[[list[dict[str, Any]]], bool]) -> float:
    """The share of samples whose stack, root first, is as wanted."""
    hits = sum(
        stack["samples"] for stack in found["stacks"] if wanted([found["frames"][index] for index in stack["frames"]])
    )
    return float(hits / found["samples"])


def has_chain(frames: list[dict[str, Any]], *names: str) -> bool:
    """Whether functions of these names stand in a stack in this order, others between them or not."""
    rest = iter(frame["name"] for frame in frames)
    return all(name in rest for name in names)


@pytest.fixture
def node(start: Start) -> Iterator[Callable[..., int]]:
    """Starts node with a program, after which its perf map is removed."""
    pids: list[int] = []

    def begin(program: str, *options: str) -> int:
        process = start(needs("node"), *options, SOURCES / program, stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline()
        pids.append(process.pid)
        warm_up(process.pid)
        return process.pid

    yield begin
    for pid in pids:
        Path(f"/tmp/perf-{pid}.map").unlink(missing_ok=True)


def test_node_with_a_perf_map(icetop: Icetop, report: Report, node: Callable[..., int]) -> None:
    pid = node("shop.js", "--perf-basic-prof", "--no-turbo-inlining")
    found = record(icetop, report, "-d", 2, "-p", pid)
    assert share(found, lambda frames: has_chain(frames, "serve", "priceOfCart", "taxOf")) > 0.5
    function = next(function for function in found["functions"] if function["name"] == "taxOf")
    source = (SOURCES / "shop.js").read_text().splitlines()
    assert "function taxOf" in source[function["line"] - 1]
    assert function["file"].endswith("programs/languages/shop.js")
    assert (function["language"], function["binary"]) == ("node", "[node JIT]")
    assert "no names" not in found["said"]


def test_node_without_a_perf_map_says_what_to_do(icetop: Icetop, report: Report, node: Callable[..., int]) -> None:
    found = record(icetop, report, "-d", 1, "-p", node("shop.js"))
    assert "start node with --perf-basic-prof" in found["said"]
    label = [function for function in found["functions"] if function["name"] == "[node JIT]"]
    assert [function["language"] for function in label] == ["node"], "one label for all of its code"
    assert label[0]["cum_percent"] > 50
    assert found["unsymbolized"] > 0.5 * found["samples"]


def test_node_in_a_container(icetop: Icetop, report: Report, start: Start, mount_namespace: tuple[str, ...]) -> None:
    """Its map lies in its own /tmp, under the number that it has for itself; another's map of that number does not."""
    inside = (
        f"exec 3< {SOURCES / 'shop.js'} && mount -t tmpfs none /tmp && cd /tmp && cat <&3 > shop.js &&"
        f" exec {needs('node')} --perf-basic-prof --no-turbo-inlining shop.js"
    )
    words = (*mount_namespace, "-p", "-f", "--mount-proc", "sh", "-c", inside)
    parent = start(*words, stdout=subprocess.PIPE)
    assert parent.stdout is not None and parent.stdout.readline()
    pid = int(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()[0])
    warm_up(pid)
    try:
        found = record(icetop, report, "-d", 1, "-p", pid)
    finally:
        os.kill(pid, signal.SIGKILL)
    assert share(found, lambda frames: has_chain(frames, "serve", "priceOfCart", "taxOf")) > 0.5


def test_node_s_functions_compiled_while_it_is_recorded(
    icetop: Icetop, report: Report, node: Callable[..., int]
) -> None:
    """Functions are made, used and thrown away all the time: names come late, and places are used again."""
    pid = node("churn.js", "--perf-basic-prof", "--always-sparkplug")
    found = record(icetop, report, "-d", 1.2, "-p", pid)
    made = {frame["name"] for frame in found["frames"] if frame["name"].startswith("made")}
    assert len(made) > 5
    assert share(found, lambda frames: bool(frames) and frames[-1]["name"] == "[node JIT]") < 0.05


@pytest.fixture
def java(start: Start) -> Iterator[Callable[..., int]]:
    """Starts a JVM with a program, after which its perf map is removed."""
    pids: list[int] = []

    def begin(*options: str) -> int:
        # The first compiler alone, so that methods are compiled at once and none is inlined away.
        once = ("-XX:TieredStopAtLevel=1", "-XX:CompileCommand=quiet", "-XX:CompileCommand=dontinline,Shop::*")
        process = start(needs("java"), *once, *options, SOURCES / "Shop.java", stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline()
        pids.append(process.pid)
        return process.pid

    yield begin
    for pid in pids:
        for left in (f"/tmp/perf-{pid}.map", f"/tmp/.java_pid{pid}"):
            Path(left).unlink(missing_ok=True)


def test_java_is_asked_for_its_names(icetop: Icetop, report: Report, java: Callable[..., int]) -> None:
    pid = java("-XX:+PreserveFramePointer")
    found = record(icetop, report, "-d", 2, "-p", pid, "--java-maps")
    assert "no names" not in found["said"] and "Java callers" not in found["said"]
    assert share(found, lambda frames: has_chain(frames, "[Interpreter]", "Shop.priceOfCart", "Shop.taxOf")) > 0.7
    function = next(function for function in found["functions"] if function["name"] == "Shop.taxOf")
    assert (function["language"], function["binary"]) == ("java", "[java JIT]")


def test_java_is_not_asked_without_being_told_to(icetop: Icetop, report: Report, java: Callable[..., int]) -> None:
    """And its stacks end where the frame pointer is missing, which is said."""
    pid = java()
    found = record(icetop, report, "-d", 0.6, "-p", pid)
    assert not Path(f"/tmp/perf-{pid}.map").exists()
    assert "--java-maps" in found["said"]
    assert share(found, lambda frames: any(frame["name"] == "[java JIT]" for frame in frames)) > 0.7
    if found["truncated_by"].get("jit_no_frame_pointer", 0) > 5:
        assert "-XX:+PreserveFramePointer" in found["said"]


def test_go(tmp_path: Path, icetop: Icetop, report: Report, start: Start) -> None:
    """Methods as Go's people write them, inlined calls, files and lines, of a stripped program."""
    program = tmp_path / "shop"
    words = (needs("go"), "build", "-ldflags=-s -w", "-o", program, SOURCES / "shop.go")
    subprocess.run(words, check=True, capture_output=True)
    process = start(program, stdout=subprocess.PIPE)
    found = record(icetop, report, "-d", 1, "-p", process.pid)
    chain = ("runtime.main", "main.main", "main.Shop.Serve", "main.(*Cart).Price", "main.taxOf")
    assert share(found, lambda frames: has_chain(frames, *chain)) > 0.6
    function = next(function for function in found["functions"] if function["name"] == "main.taxOf")
    source = (SOURCES / "shop.go").read_text().splitlines()
    assert "func taxOf" in source[function["line"] - 1]
    assert (function["language"], function["file"].endswith("shop.go")) == ("go", True)
    if any(frame["name"].startswith("main.sum") for frame in found["frames"]):
        assert "main.sum[...]" in [frame["name"] for frame in found["frames"]]
