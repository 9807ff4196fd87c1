"""Containers of a real Docker engine: named, chosen, followed, and known after they are gone.

The engine is `dockerd` with what it needs (containerd, runc, a static busybox), found on PATH or in the folder that
ICETOP_TEST_DOCKER names; nothing needs to be installed or running.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from shutil import which

import pytest
from icetop.targets.cgroups import read_layout
from icetop.tests.targets.fake_cluster import RECORDED, certificates, fake_cluster, kubeconfig

pytestmark = pytest.mark.bpf

UID = "8d3c1b0e-5a2f-4c6d-9e7f-0a1b2c3d4e5f"
POD = {
    "io.kubernetes.pod.name": "product-6f9bc4d5x-x7k2p",
    "io.kubernetes.pod.namespace": "icetop-shop",
    "io.kubernetes.container.name": "app",
}
COMPOSE = {"com.docker.compose.project": "icetop-shop", "com.docker.compose.service": "front"}
BURN = ("sh", "-c", "while :; do :; done")
Docker = Callable[..., str]


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Runs docker commands against an engine of the tests' own; containers are removed in the end."""
    path = engine_path()
    missing = [tool for tool in ("dockerd", "docker", "containerd", "runc", "busybox") if not which(tool, path=path)]
    if missing or os.geteuid():
        pytest.skip(f"no Docker engine can be started here: {', '.join(missing) or 'not root'}")
    home = tmp_path_factory.mktemp("docker")
    address = f"unix://{home}/s"
    environment = {**os.environ, "PATH": path, "DOCKER_HOST": address}
    words = [
        "dockerd", "--data-root", f"{home}/data", "--exec-root", f"{home}/exec", "--pidfile", f"{home}/pid",
        "-H", address, "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none", "--exec-opt",
        "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/icetop-test-{os.getpid()}",
    ]  # fmt: skip
    with (home / "log").open("wb") as log, subprocess.Popen(words, env=environment, stdout=log, stderr=log) as engine:

        def run(*arguments: str, give: bytes | None = None, check: bool = True) -> str:
            done = subprocess.run(["docker", *arguments], env=environment, input=give, capture_output=True, check=False)
            assert not check or done.returncode == 0, done.stderr.decode()
            return done.stdout.decode().strip()

        try:
            until = time.monotonic() + 60
            while not run("version", "-f", "{{.Server.Version}}", check=False):
                if engine.poll() is not None or time.monotonic() > until:
                    pytest.skip(f"dockerd does not start here: {(home / 'log').read_text()[-300:]}")
                time.sleep(0.1)
            run("import", "-", "icetop-test", give=image(which("busybox", path=path) or ""))
            previous = os.environ.get("DOCKER_HOST")
            os.environ["DOCKER_HOST"] = address
            yield run
            for container in run("ps", "-aq").split():
                run("rm", "-f", container)
        finally:
            os.environ.pop("DOCKER_HOST", None)
            if "previous" in locals() and previous is not None:
                os.environ["DOCKER_HOST"] = previous
            engine.terminate()
            engine.wait()
            remove_cgroups()


def engine_path() -> str:
    """Where programs are looked for, those of the engine first."""
    folder = os.environ.get("ICETOP_TEST_DOCKER", "")
    return os.pathsep.join(
        [*(f"{folder}/{part}" for part in ("usr/bin", "usr/sbin", "bin") if folder), os.environ["PATH"]]
    )


def remove_cgroups() -> None:
    """Remove the folders that the engine made for these tests' containers and leaves behind."""
    layout = read_layout()
    for mount in layout.mounts if layout else ():
        for top in mount.folder.glob(f"icetop-*-{os.getpid()}"):
            for folder in (*sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True), top):
                with suppress(OSError):
                    folder.rmdir()


def image(busybox: str) -> bytes:
    """A tar file with a shell."""
    import io
    import tarfile

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(os.path.realpath(busybox), "bin/busybox")
        link = tarfile.TarInfo("bin/sh")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        tar.addfile(link)
    return archive.getvalue()


def python_image(python: Path, program: Path) -> bytes:
    """A tar file with the distribution's Python, what it needs, and a program."""
    import io
    import sysconfig
    import tarfile

    def wanted(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        left_out = ("__pycache__", "dist-packages", "test", "idlelib")
        return None if entry.name.rpartition("/")[2] in left_out else entry

    libraries = subprocess.run(["ldd", python], capture_output=True, text=True, check=True).stdout.split()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in (str(python), *(word for word in libraries if word.startswith("/"))):
            tar.add(os.path.realpath(path), path)
        tar.add(sysconfig.get_path("stdlib"), filter=wanted)
        tar.add(program, "program.py")
    return archive.getvalue()


def begin(docker: Docker, name: str, labels: dict[str, str] | None = None, *more: str) -> None:
    marks = [word for key, text in (labels or {}).items() for word in ("--label", f"{key}={text}")]
    docker("run", "-d", "--network", "none", "--name", name, *marks, *more, "icetop-test", *BURN)


def icetop(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "icetop", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def recorded(path: Path) -> dict[str, dict[str, object]]:
    """The processes of a recording in containers, by the container's name."""
    done = subprocess.run(
        [sys.executable, "-m", "icetop", "report", str(path), "--format", "json"], capture_output=True, check=True
    )
    rows = json.loads(done.stdout)["processes"]
    return {row["container"]: row for row in rows}


def test_each_is_named_and_each_can_be_chosen(docker: Docker, tmp_path: Path) -> None:
    begin(docker, "icetop-alpha")
    begin(docker, "icetop-front-1", COMPOSE)
    begin(docker, "icetop-k8s", POD, "--cgroup-parent", f"/icetop-kubepods-{os.getpid()}/burstable/pod{UID}")
    file = tmp_path / "all.pb.gz"
    watcher = icetop("record", "-d", "60", "-o", str(file))
    choices = {
        "alpha": ("-c", "icetop-alpha"),
        "front": ("-s", "icetop-shop/front"),
        "pod": ("--pod", "icetop-shop/product-6f9bc4d5x-x7k2p"),
        "namespace": ("-n", "icetop-shop", "-c", "app"),
    }
    runs = [icetop("record", "-d", "3", *words, "-o", f"{tmp_path}/{name}.pb.gz") for name, words in choices.items()]
    errors = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), errors
    assert [set(recorded(tmp_path / f"{name}.pb.gz")) for name in choices] == [
        {"icetop-alpha"}, {"icetop-front-1"}, {"app"}, {"app"}
    ]  # fmt: skip
    docker("rm", "-f", "icetop-alpha", "icetop-front-1", "icetop-k8s")
    watcher.terminate()
    watcher.communicate(timeout=120)
    found = recorded(file)
    assert {"icetop-alpha", "icetop-front-1", "app"} <= set(found)
    assert found["icetop-front-1"]["service"] == "front"
    expected = {"pod": "product-6f9bc4d5x-x7k2p", "namespace": "icetop-shop", "service": "product"}
    assert {key: found["app"][key] for key in expected} == expected


def test_a_pod_that_only_the_kubernetes_api_names(docker: Docker, tmp_path: Path) -> None:
    """A container without any labels in the control group of a pod: pod and workload are told by the API alone."""
    begin(docker, "icetop-bare", None, "--cgroup-parent", f"/icetop-kubepods-{os.getpid()}/burstable/pod{UID}")
    pod = deepcopy(RECORDED["items"][0])
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    container = docker("inspect", "-f", "{{.Id}}", "icetop-bare")
    pod["status"]["containerStatuses"][0]["containerID"] = f"docker://{container}"
    with fake_cluster(certificates(tmp_path), [pod]) as server:
        environment = {
            "KUBECONFIG": str(kubeconfig(tmp_path / "config", server, tmp_path)),
            "NODE_NAME": pod["spec"]["nodeName"],
        }
        choices = {
            "pod": ("--pod", f"{namespace}/{name}"),
            "service": ("-s", f"{namespace}/product"),
            "wrong": ("--pod", f"{namespace}/produkt"),
        }
        runs = {
            key: icetop("record", "-d", "3", *words, "-o", f"{tmp_path}/{key}.pb.gz", **environment)
            for key, words in choices.items()
        }
        errors = {key: run.communicate(timeout=120)[1] for key, run in runs.items()}
    docker("rm", "-f", "icetop-bare")
    assert {key: run.returncode for key, run in runs.items()} == {"pod": 0, "service": 0, "wrong": 1}, errors
    assert "no pod shop/produkt" in errors["wrong"]
    assert f"{namespace}/{name}" in errors["wrong"]
    for key in ("pod", "service"):
        found = recorded(tmp_path / f"{key}.pb.gz")
        assert set(found) == {"app"}
        expected = {"pod": name, "namespace": namespace, "service": "product"}
        assert {label: found["app"][label] for label in expected} == expected


def test_a_container_that_restarts_is_followed(docker: Docker, tmp_path: Path) -> None:
    begin(docker, "icetop-again")
    file = tmp_path / "again.pb.gz"
    run = icetop("record", "-d", "60", "-c", "icetop-again", "-o", str(file))
    first = docker("inspect", "-f", "{{.State.Pid}}", "icetop-again")
    time.sleep(3)
    docker("rm", "-f", "icetop-again")
    begin(docker, "icetop-again")
    second = docker("inspect", "-f", "{{.State.Pid}}", "icetop-again")
    time.sleep(4)
    docker("rm", "-f", "icetop-again")
    run.terminate()
    run.communicate(timeout=120)
    done = subprocess.run(
        [sys.executable, "-m", "icetop", "report", str(file), "--format", "json"], capture_output=True, check=True
    )
    rows = json.loads(done.stdout)["processes"]
    assert {int(first), int(second)} <= {row["pid"] for row in rows}
    assert {row["container"] for row in rows} == {"icetop-again"}


def test_a_wrong_name_says_what_there_is(docker: Docker, tmp_path: Path) -> None:
    begin(docker, "icetop-there")
    run = icetop("record", "-d", "1", "-c", "icetop-their", "-o", str(tmp_path / "x.pb.gz"))
    _, error = run.communicate(timeout=120)
    docker("rm", "-f", "icetop-there")
    assert run.returncode == 1
    assert "no container icetop-their" in error
    assert "icetop-there" in error
    assert "Traceback" not in error


@pytest.mark.soak
def test_python_in_a_container_has_its_functions(docker: Docker, tmp_path: Path) -> None:
    """Its interpreter is in a layer of the container, its number another one there."""
    program = Path(__file__).parent.parent / "programs" / "python" / "known_calls.py"
    python = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    if not python.exists():
        pytest.skip("the distribution has no Python")
    docker("import", "-", "icetop-python", give=python_image(python, program))
    docker("run", "-d", "--network", "none", "--name", "icetop-py", "icetop-python", str(python), "/program.py")
    recorder = icetop("record", "-c", "icetop-py", "-F", "999", "-d", "3", "-o", str(tmp_path / "x.pb.gz"))
    _, said = recorder.communicate(timeout=60)
    assert recorder.returncode == 0, said
    words = [sys.executable, "-m", "icetop", "report", str(tmp_path / "x.pb.gz"), "--format", "json"]
    report = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    (process,) = [row for row in report["processes"] if row["samples"]]
    assert process["container"] == "icetop-py"
    functions = {row["name"]: row for row in report["functions"] if row["language"] == "python"}
    assert {"program.main", "program.turn", "program.even", "program.odd"} <= set(functions)
    assert functions["program.turn"]["file"] == "/program.py"
    assert report["truncated_by"].get("python_unresolved", 0) <= 0.002 * report["samples"] + 3
    docker("rm", "-f", "icetop-py")
