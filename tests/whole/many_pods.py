"""Many pods on this machine: control groups as a kubelet makes them, a process in each, and what an API tells."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from icetop.targets.cgroups import read_layout
from icetop.tests.targets.fake_cluster import RECORDED

BURN = ["sh", "-c", "while :; do :; done"]


def pods_of(number: int, namespaces: int, node: str = "worker-1") -> list[dict[str, Any]]:
    """So many pods of as many namespaces, as the API tells of them."""
    found = []
    for place in range(number):
        pod = deepcopy(RECORDED["items"][0])
        workload, namespace = f"web{place // namespaces:03d}", f"team-{place % namespaces:02d}"
        pod["metadata"] |= {
            "name": f"{workload}-6f9bc4d5x7-x7k2p",
            "namespace": namespace,
            "uid": f"{place:08x}-5a2f-4c6d-9e7f-0a1b2c3d4e5f",
            "labels": {"pod-template-hash": "6f9bc4d5x7", "tier": "gold" if place % 5 == 0 else "iron"},
        }
        pod["metadata"]["ownerReferences"][0]["name"] = f"{workload}-6f9bc4d5x7"
        pod["spec"]["nodeName"] = node
        pod["status"]["containerStatuses"] = pod["status"]["containerStatuses"][:1]
        pod["status"]["containerStatuses"][0]["containerID"] = f"containerd://{place:08x}{0:056x}"
        found.append(pod)
    return found


@contextmanager
def running(pods: list[dict[str, Any]], top: str, busy: int = 0) -> Iterator[list[Path]]:
    """Their control groups below a folder `top`, each with a process; the first so many burn CPU."""
    layout = read_layout()
    if layout is None:
        pytest.skip("no control groups are mounted here")
    folder = layout.mount.folder / top
    groups: list[Path] = []
    children: list[subprocess.Popen[bytes]] = []
    try:
        for place, pod in enumerate(pods):
            container = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
            group = folder / "burstable" / f"pod{pod['metadata']['uid']}" / container
            try:
                group.mkdir(parents=True)
            except OSError as error:
                pytest.skip(f"no control groups can be made here: {error}")
            groups.append(group)
            children.append(subprocess.Popen(BURN if place < busy else ["sleep", "600"]))
            (group / "cgroup.procs").write_text(str(children[-1].pid))
        yield groups
    finally:
        for child in children:
            child.kill()
        for child in children:
            child.wait()
        for group in groups:
            for level in (group, group.parent):
                with suppress(OSError):
                    level.rmdir()
        for level in (folder / "burstable", folder):
            with suppress(OSError):
                level.rmdir()
