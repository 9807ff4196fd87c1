"""PID namespaces and control groups: who is who, as icetop's own /proc and folders say."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from icetop.targets.cgroups import own_layout

from .conftest import COMMAND, Icetop, Start

pytestmark = [pytest.mark.bpf, pytest.mark.skipif(os.geteuid() != 0, reason="only root makes namespaces and cgroups")]

Report = Callable[..., dict[str, Any]]


def test_in_a_pid_namespace_pids_and_names_are_those_of_its_proc(
    shares: Path, tmp_path: Path, start: Start, pid_namespace: tuple[str, ...]
) -> None:
    """One process in icetop's namespace, one in a namespace below it; a third outside is not given a pid at all."""
    start(shares, 60)
    script = f"""
{shares} 20 & echo own $!
unshare -p -f {shares} 20 & sleep 1.5
for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = shares ] && echo seen ${{p#/proc/}}; done
{" ".join(COMMAND)} record -F 199 -d 3 -o {tmp_path}/x.pb.gz
kill %1; kill -9 $(cat /proc/[0-9]*/task/*/children | tr ' ' '\\n') 2>/dev/null; exit 0
"""
    done = subprocess.run(
        [*pid_namespace, "bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    seen = {int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("seen")}
    answer = subprocess.run(
        [*COMMAND, "report", tmp_path / "x.pb.gz", "--format", "json"], capture_output=True, check=True
    ).stdout
    processes = [found for found in json.loads(answer)["processes"] if found["name"] == "shares"]
    assert len(seen) == 2, done.stdout + done.stderr
    assert {found["pid"] for found in processes} == {*seen, 0}


@pytest.fixture
def groups(start: Start, shares: Path) -> Iterator[dict[str, Path]]:
    """Two control groups with a busy process in each: path as icetop tells it, and folder."""
    layout = own_layout()
    if layout is None or not os.access(layout.mount.folder, os.W_OK):
        pytest.skip("no control group can be made here")
    made = {}
    for name in ("one", "two"):
        folder = layout.mount.folder / f"icetop-test-{os.getpid()}-{name}"
        folder.mkdir()
        made[layout.path_from_folder(folder)] = folder
        (folder / "inner").mkdir()
        (folder / "inner" / "cgroup.procs").write_text(str(start(shares, 60).pid))
    yield made
    root = (layout.mount.folder / "cgroup.procs").open("w")
    for folder in made.values():
        for pid in (folder / "inner" / "cgroup.procs").read_text().split():
            root.write(pid)
            root.flush()
        (folder / "inner").rmdir()
        folder.rmdir()


def test_two_cgroups_are_told_apart_and_one_can_be_the_target(
    groups: dict[str, Path], icetop: Icetop, report: Report
) -> None:
    pids = ",".join((folder / "inner" / "cgroup.procs").read_text().strip() for folder in groups.values())
    icetop("record", "-F", 499, "-d", 2, "-o", "all.pb.gz", "-p", pids)
    one, two = groups
    found = {path: report("all.pb.gz", "--cgroup", path)["samples"] for path in groups}
    assert min(found.values()) > 100
    assert sum(found.values()) == report("all.pb.gz")["samples"]
    done = icetop("record", "-F", 499, "-d", 2, "-o", "one.pb.gz", "--cgroup", groups[one])
    assert done.returncode == 0, done.stderr
    assert report("one.pb.gz")["samples"] == report("one.pb.gz", "--cgroup", one)["samples"] > 100
    assert report("one.pb.gz", "--cgroup", two)["samples"] == 0


def test_a_cgroup_that_is_not_there_is_one_line(icetop: Icetop) -> None:
    done = icetop("record", "--cgroup", "/no/such/group", "-d", 1, "-o", "x.pb.gz")
    assert done.returncode == 1
    assert "no control group /no/such/group" in done.stderr and len(done.stderr.splitlines()) <= 2
