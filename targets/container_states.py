"""Names of containers from the files that their runtimes keep: no engine has to answer for that.

containerd keeps the OCI specification of what runs below its run folder, CRI-O and Podman beside the container's
storage, Docker a description below its data folder. All are JSON and readable for root alone. In a container that sees
the host's processes the host's files are those of process 1.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .container_labels import labels_of_container

LARGEST = 1 << 20
"""Bytes of a file that is read; OCI specifications have some ten thousand."""

ROOTS = (Path("/"), Path("/proc/1/root"))
_ID = re.compile(r"^[0-9a-f]{64}$")
_CONTAINERD = ("run/containerd", "run/k3s/containerd", "var/snap/microk8s/common/run/containerd")
_STORAGE = ("run/containers/storage", "var/lib/containers/storage")


def read_state(container: str, roots: tuple[Path, ...] = ROOTS) -> dict[str, str]:
    """The labels (container, pod, namespace, service) of a container by its id; empty where no file tells."""
    if not _ID.match(container):
        return {}
    for root in roots:
        for read in (_from_containerd, _from_storage, _from_docker):
            try:
                found = read(root, container)
            except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
                continue
            if found:
                return found
    return {}


def _from_containerd(root: Path, container: str) -> dict[str, str]:
    """`NAMESPACE/ID/config.json` below containerd's run folder. Docker's containers have no name there."""
    for place in _CONTAINERD:
        tasks = root / place / "io.containerd.runtime.v2.task"
        if not tasks.is_dir():
            continue
        for namespace in sorted(os.listdir(tasks))[:16]:
            file = tasks / namespace / container / "config.json"
            if namespace != "moby" and file.exists():
                return _labels(lambda spec: "", file)
    return {}


def _from_storage(root: Path, container: str) -> dict[str, str]:
    """CRI-O's and Podman's `overlay-containers/ID/userdata/config.json`; Podman's names are in `containers.json`."""
    for place in _STORAGE:
        file = root / place / "overlay-containers" / container / "userdata/config.json"
        if file.exists():
            found = _labels(lambda spec: str(spec["annotations"].get("io.kubernetes.cri-o.Name", "")), file)
            return found if "container" in found else found | _podman_name(root, container)
    return {}


def _podman_name(root: Path, container: str) -> dict[str, str]:
    for row in _read(root / "var/lib/containers/storage/overlay-containers/containers.json"):
        if row["id"] == container:
            return labels_of_container(str(row["names"][0]), {})
    return {}


def _from_docker(root: Path, container: str) -> dict[str, str]:
    """Docker's `config.v2.json`."""
    known = _read(root / "var/lib/docker/containers" / container / "config.v2.json")
    return labels_of_container(str(known["Name"]), known["Config"]["Labels"] or {})


def _labels(name: Callable[[Any], str], file: Path) -> dict[str, str]:
    specification = _read(file)
    return labels_of_container(name(specification), specification.get("annotations") or {})


def _read(file: Path) -> Any:
    """What a file holds. Raises ValueError for what is no regular file, no JSON, or too large."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            raise ValueError(f"{file} is no description of a container")
        return json.loads(opened.read(LARGEST))
