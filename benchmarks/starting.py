"""Seconds after Enter until the first paint and until the first live graph, beside py-spy top and a bare Textual app;
and until the collector has told of the first whole stacks, with its programs kept and without.

    python benchmarks/starting.py [RUNS]

A graph counts as shown when the name of a function of the busy program is on the terminal.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from icetop.profiles.delta import Delta
from icetop.profiles.stacks import StackTable
from icetop.profiles.vocabulary import StackEnd
from icetop.sampler.wire import read_messages, unpack_delta
from measuring import ICETOP, Terminal, built, middle, ratio, running

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self): yield Static("first paint")
    def on_mount(self): pass
Bare().run()
"""
GRAPH = b"burn_"
"""What all functions of the busy program begin with: of later pictures only cells that change are written."""

PYTHON_TARGET = "def spin_in_python():\n    while True: pass\nspin_in_python()"


def time_to(words: list[str], text: bytes, end: bytes = b"q") -> tuple[float, float]:
    """(first byte, text) in seconds."""
    terminal = Terminal(words)
    try:
        terminal.read(0.0)
        while not terminal.output:
            terminal.read(0.001)
        first = time.monotonic() - terminal.begin
        return first, terminal.wait_for(text)
    finally:
        terminal.end(end)


def time_to_whole_stacks(pid: int, cache: str) -> float:
    """Seconds until a collector, started as the app does, has told of the first whole stacks of a program."""
    begin = time.monotonic()
    words = [*ICETOP, "agent", "-p", str(pid)]
    environment = {**os.environ, **({"ICETOP_CACHE": cache} if cache else {})}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as agent:
        assert agent.stdout is not None
        stacks, whole, taken = StackTable(), 0, float("inf")
        for message in read_messages(agent.stdout):
            delta = unpack_delta(message["delta"])
            stacks.extend(delta.nodes)
            for node, samples in zip(*counted(delta), strict=True):
                whole += samples * (stacks.ends[node] == StackEnd.COMPLETE)
            if whole:
                taken = time.monotonic() - begin
                break
        agent.kill()
    return taken


def counted(delta: Delta) -> tuple[Sequence[int], Sequence[int]]:
    """Nodes and samples of a delta."""
    counts = delta.counts.get("cpu")
    return (counts.nodes, counts.samples) if counts is not None else ((), ())


def main() -> None:
    """Each in turn, several times."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name, running(built("shares", Path(name))) as busy:
        first = time_to(["env", f"ICETOP_CACHE={name}/none", *ICETOP, "-p", str(busy)], GRAPH)
        with running(sys.executable, "-c", PYTHON_TARGET) as python:
            for _ in range(runs):
                found.setdefault("icetop -p", []).append(time_to([*ICETOP, "-p", str(busy)], GRAPH))
                found.setdefault("icetop", []).append(time_to([*ICETOP], GRAPH))
                bare = time_to([sys.executable, "-c", BARE], b"first paint", b"\x11")
                found.setdefault("bare Textual app", []).append(bare)
                if shutil.which("py-spy"):
                    spy = time_to(["py-spy", "top", "--pid", str(python)], b"spin_in_python", b"\x03")
                    found.setdefault("py-spy top", []).append(spy)
                floor = time_to([sys.executable, "-c", "print('x')"], b"x", b"")
                found.setdefault("python that prints", []).append(floor)
        kept, anew = [], []
        for run in range(runs):
            kept.append(time_to_whole_stacks(busy, ""))
            anew.append(time_to_whole_stacks(busy, f"{name}/none{run}"))
    ours = found["icetop -p"]
    print(f"seconds after Enter, {runs} runs: median (range); ratio: icetop -p to it")
    for tool, times in found.items():
        firsts, graphs = [first for first, _ in times], [graph for _, graph in times]
        print(f"{tool:22} first byte {middle(firsts)} {ratio([t[0] for t in ours], firsts)}", end="")
        print(f"   picture {middle(graphs)} {ratio([t[1] for t in ours], graphs)}")
    print(f"collector: first whole stacks {middle(kept)}, when it compiles first {middle(anew)}")
    print(f"icetop, first start ever: first byte {first[0]:.3f}, picture {first[1]:.3f}")


if __name__ == "__main__":
    main()
