"""Docker and Kubernetes: there, not there, silent, broken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from icetop.sampler.doctor.check import Machine, State
from icetop.sampler.doctor.peers import check_docker, check_kubernetes


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "run").mkdir()
    return Machine(run=tmp_path / "run", environment={"HOME": str(tmp_path)})


@contextmanager
def docker_socket(path: Path, answer: bytes | None) -> Iterator[None]:
    """A server that answers each connection; that never does when `answer` is None."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.recv(1000)
                if answer is not None:
                    line.sendall(answer)
                line.recv(1000)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(5)


def test_no_docker(machine: Machine) -> None:
    assert check_docker(machine).state is State.ABSENT


@pytest.mark.parametrize("name", ["docker.sock", "podman/podman.sock"])
def test_docker_answers(machine: Machine, name: str) -> None:
    with docker_socket(machine.run / name, b"HTTP/1.0 200 OK\r\n\r\nOK"):
        check = check_docker(machine)
    assert check.state is State.OK and name in check.finding


def test_docker_given_by_the_environment(machine: Machine, tmp_path: Path) -> None:
    given = Machine(run=machine.run, environment={"DOCKER_HOST": f"unix://{tmp_path}/mine.sock"})
    with docker_socket(tmp_path / "mine.sock", b"HTTP/1.0 200 OK\r\n\r\nOK"):
        assert check_docker(given).state is State.OK
    for host in ("tcp://127.0.0.1:1", "tcp://[broken", "nonsense", "tcp://127.0.0.1:99999"):
        check = check_docker(Machine(run=machine.run, environment={"DOCKER_HOST": host}))
        assert check.state is State.DEGRADED, host


def test_docker_that_says_nothing_is_given_a_second(machine: Machine) -> None:
    with docker_socket(machine.run / "docker.sock", None):
        check = check_docker(machine)
    assert check.state is State.DEGRADED and "no answer" in check.finding


def test_docker_that_is_something_else(machine: Machine) -> None:
    with docker_socket(machine.run / "docker.sock", b"SSH-2.0\r\n"):
        assert "does not speak" in check_docker(machine).finding


def test_a_socket_that_nobody_serves(machine: Machine) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(machine.run / "docker.sock"))
    check = check_docker(machine)
    assert check.state is State.DEGRADED and "refused" in check.finding and check.mend


@pytest.fixture
def api_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_no_kubernetes(machine: Machine) -> None:
    assert check_kubernetes(machine).state is State.ABSENT


def test_in_a_cluster(machine: Machine, tmp_path: Path, api_server: int) -> None:
    server = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api_server)}
    environment = {**server, "HOME": "/nowhere"}
    inside = Machine(run=machine.run, environment=environment)
    without = check_kubernetes(inside)
    assert without.state is State.ABSENT
    assert "automountServiceAccountToken" in without.mend and "spec.nodeName" in without.mend
    token = tmp_path / "var/run/secrets/kubernetes.io/serviceaccount/token"
    token.parent.mkdir(parents=True)
    token.write_text("x")
    found = check_kubernetes(inside)
    assert found.state is State.OK and "service account" in found.finding


def write_kubeconfig(path: Path, server: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"current-context: here\ncontexts: [{{name: here, context: {{cluster: one, user: me}}}}]\n"
        f"clusters: [{{name: one, cluster: {{server: '{server}'}}}}]\n"
    )


def test_by_kubeconfig(machine: Machine, tmp_path: Path, api_server: int) -> None:
    write_kubeconfig(tmp_path / ".kube/config", f"https://127.0.0.1:{api_server}")
    check = check_kubernetes(machine)
    assert check.state is State.OK and str(api_server) in check.finding


def test_a_server_that_is_down(machine: Machine, tmp_path: Path) -> None:
    write_kubeconfig(tmp_path / ".kube/config", "https://127.0.0.1:1")
    check = check_kubernetes(machine)
    assert check.state is State.DEGRADED and check.mend


@pytest.mark.parametrize(
    "text", ["", "[]", "x: [", "contexts: 3", "current-context: gone\ncontexts: []\nclusters: []\n"]
)
def test_a_broken_kubeconfig(tmp_path: Path, machine: Machine, text: str) -> None:
    (tmp_path / "config").write_text(text)
    given = Machine(run=machine.run, environment={"KUBECONFIG": str(tmp_path / "config")})
    assert check_kubernetes(given).state is State.DEGRADED
