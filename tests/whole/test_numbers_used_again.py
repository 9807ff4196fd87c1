"""A process that gets the number of one that has ended is another process, with its own code."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import COMMAND

pytestmark = [
    pytest.mark.bpf,
    pytest.mark.soak,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root chooses the next number"),
]


def test_each_has_its_own_functions(build: Callable[..., Path], tmp_path: Path, pid_namespace: tuple[str, ...]) -> None:
    """Two programs take turns under one number, some 0.25 s each, while they are recorded."""
    programs = [
        build("recursion", "-O2", "-fno-optimize-sibling-calls"),
        build("shares", "-O1", "-fomit-frame-pointer", "-fno-inline"),
    ]
    script = f"""
{" ".join(COMMAND)} record -F 499 -d 2.2 -o {tmp_path}/x.pb.gz & recorder=$!
sleep 0.4
for turn in 1 2 3; do
  for program in {programs[0]} {programs[1]}; do
    echo 4999 > /proc/sys/kernel/ns_last_pid; $program 50 & echo number $!
    sleep 0.25; kill -9 $!; wait $! 2>/dev/null
  done
done
wait $recorder
"""
    done = subprocess.run([*pid_namespace, "bash", "-c", script], capture_output=True, text=True, timeout=60)
    numbers = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("number")]
    assert numbers == ["5000"] * 6, done.stdout + done.stderr
    words = [*COMMAND, "report", str(tmp_path / "x.pb.gz"), "--stacks", "--format", "json"]
    found = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    seen: dict[str, set[str]] = {"recursion": set(), "shares": set()}
    for stack in found["stacks"]:
        if stack["pid"] == 5000 and stack["comm"] in seen and stack["end"] == "complete":
            frames = [found["frames"][index] for index in stack["frames"]]
            binaries = {Path(frame["binary"]).name for frame in frames}
            assert not binaries & ({"recursion", "shares"} - {stack["comm"]}), frames
            seen[stack["comm"]] |= {frame["name"] for frame in frames}
    assert "recurse" in seen["recursion"] and "burn_sixty" in seen["shares"], seen
