from __future__ import annotations

from pathlib import Path

import pytest
from icetop.sampler.doctor.check import Machine, State
from icetop.sampler.doctor.containers import PLACES, check_containers
from icetop.sampler.doctor.peers import check_docker

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
@pytest.mark.parametrize("below", [".", "proc/1/root"])
def test_runtimes_files_here_or_of_the_host(machine: Machine, below: str, place: str) -> None:
    (machine.run.parent / below / place).mkdir(parents=True)
    check = check_containers(inside(machine, f"/docker/{ID}"))
    assert check.state is State.OK
    assert check.finding.startswith("in a container; files of ")


def test_where_an_engine_can_be_asked_nothing_is_missing(machine: Machine) -> None:
    (machine.proc / "1/root/run/docker.sock").touch()
    check = check_containers(inside(machine, f"/docker/{ID}"))
    assert (check.state, check.mend) == (State.ABSENT, "")
    assert check_docker(machine).finding.startswith(f"unix://{machine.proc}/1/root/run/docker.sock: ")


def test_in_a_pod_that_sees_nothing_of_its_node(machine: Machine) -> None:
    pod = Machine(run=machine.run, proc=machine.proc, environment={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    check = check_containers(inside(pod, "/"))
    assert check.state is State.DEGRADED
    assert check.finding.startswith("in a pod")
    assert "hostPID: true" in check.mend
