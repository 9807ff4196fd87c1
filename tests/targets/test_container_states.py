"""Names from the files of runtimes, as they lie on a node."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from icetop.targets.container_states import LARGEST, read_state

ID = "0123456789abcdef" * 4
POD = {"pod": "web-0", "namespace": "shop", "service": "web"}
CONTAINERD = f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
MOBY = f"run/containerd/io.containerd.runtime.v2.task/moby/{ID}/config.json"
CRIO = f"run/containers/storage/overlay-containers/{ID}/userdata/config.json"
PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"
DOCKER = f"var/lib/docker/containers/{ID}/config.v2.json"

CRI_ANNOTATIONS = {
    "io.kubernetes.cri.container-name": "app",
    "io.kubernetes.cri.sandbox-name": "web-0",
    "io.kubernetes.cri.sandbox-namespace": "shop",
}
CRIO_ANNOTATIONS = {
    "io.kubernetes.container.name": "app",
    "io.kubernetes.pod.name": "web-0",
    "io.kubernetes.pod.namespace": "shop",
}


def put(root: Path, path: str, content: object) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_containerd(tmp_path: Path) -> None:
    put(tmp_path, CONTAINERD, {"annotations": CRI_ANNOTATIONS})
    assert read_state(ID, (tmp_path / "none", tmp_path)) == {"container": "app", **POD}


def test_crio(tmp_path: Path) -> None:
    put(tmp_path, CRIO, {"annotations": CRIO_ANNOTATIONS})
    assert read_state(ID, (tmp_path,)) == {"container": "app", **POD}


def test_podman(tmp_path: Path) -> None:
    put(tmp_path, CRIO, {"annotations": {"org.opencontainers.image.stopSignal": "15"}})
    put(tmp_path, PODMAN, [{"id": "f" * 64, "names": ["other"]}, {"id": ID, "names": ["web"]}])
    assert read_state(ID, (tmp_path,)) == {"container": "web"}


def test_docker_beside_its_own_containerd(tmp_path: Path) -> None:
    put(tmp_path, MOBY, {"annotations": None})
    put(tmp_path, DOCKER, {"Name": "/web", "Config": {"Labels": {"com.docker.compose.service": "front"}}})
    assert read_state(ID, (tmp_path,)) == {"container": "web", "service": "front"}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"annotations": 7}', '{"annotations": [1]}', "[" * 100_000]
)
@pytest.mark.parametrize("path", [CONTAINERD, CRIO, PODMAN, DOCKER])
def test_damaged_files_name_nothing(tmp_path: Path, path: str, content: str) -> None:
    put(tmp_path, path, content)
    assert read_state(ID, (tmp_path,)) == {}


def test_neither_huge_files_nor_pipes_are_read(tmp_path: Path) -> None:
    put(tmp_path, CONTAINERD, json.dumps({"annotations": CRI_ANNOTATIONS}) + " " * LARGEST)
    pipe = tmp_path / CRIO
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    assert read_state(ID, (tmp_path,)) == {}


@pytest.mark.parametrize("container", ["", "..", "../../etc", "x" * 64, ID + "/.."])
def test_only_ids_are_looked_up(tmp_path: Path, container: str) -> None:
    put(tmp_path, CONTAINERD, {"annotations": CRI_ANNOTATIONS})
    assert read_state(container, (tmp_path,)) == {}
