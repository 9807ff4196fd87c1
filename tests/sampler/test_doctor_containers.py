from __future__ import annotations

from pathlib import Path

import pytest
from icetop.sampler.doctor.check import Machine, State
from icetop.sampler.doctor.containers import PLACES, check_containers

ID = "0123456789abcdef" * 4


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for folder in ("run", "proc/self", "proc/1/root/run"):
        (tmp_path / folder).mkdir(parents=True)
    return Machine(run=tmp_path / "run", proc=tmp_path / "proc", environment={})


def inside(machine: Machine, path: str) -> Machine:
    (machine.proc / "self/cgroup").write_text(f"0::{path}\n")
    return machine


def test_on_a_machine_without_containers(machine: Machine) -> None:
    assert check_containers(inside(machine, "/user.slice")).state is State.ABSENT


@pytest.mark.parametrize("place", PLACES.values())
@pytest.mark.parametrize("below", ["run", "proc/1/root/run"])
def test_runtimes_files_here_or_of_the_host(machine: Machine, below: str, place: str) -> None:
    (machine.run.parent / below / place).mkdir(parents=True)
    check = check_containers(inside(machine, f"/docker/{ID}"))
    assert check.state is State.OK
    assert check.finding.startswith("in a container; files of ")


def test_in_a_pod_that_sees_nothing_of_its_node(machine: Machine) -> None:
    pod = Machine(run=machine.run, proc=machine.proc, environment={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    check = check_containers(inside(pod, "/"))
    assert check.state is State.DEGRADED
    assert check.finding.startswith("in a pod")
    assert "hostPID: true" in check.mend
