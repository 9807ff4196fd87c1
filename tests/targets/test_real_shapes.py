"""Every shape of a container's control group on a real process, started by runc: on this machine's hierarchy, and on
cgroup v2 in a mount namespace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copy, which
from typing import Any

import pytest

pytestmark = pytest.mark.soak

ID, OTHER = "0123456789abcdef" * 4, "f" * 64
UID = "8d3c1b0e-5a2f-4c6d-9e7f-0a1b2c3d4e5f"
SLICE = f"pod{UID.replace('-', '_')}.slice"
HASH = "3f2504e04f8911d39a0c0305e82c3301"
TOP = "/icetop-shapes"
SHAPES: dict[str, tuple[str, str]] = {
    f"{TOP}/docker/{ID}": (ID, ""),
    f"{TOP}/system.slice/docker-{ID}.scope": (ID, ""),
    f"{TOP}/kubepods/pod{UID}/{ID}": (ID, UID),
    f"{TOP}/kubepods/burstable/pod{UID}/{ID}": (ID, UID),
    f"{TOP}/kubepods/besteffort/pod{UID}/crio-{ID}": (ID, UID),
    f"{TOP}/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{SLICE}/docker-{ID}.scope": (ID, UID),
    f"{TOP}/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{SLICE}/cri-containerd-{ID}.scope": (ID, UID),
    f"{TOP}/kubepods.slice/kubepods-{SLICE}/crio-{ID}.scope/container": (ID, UID),
    f"{TOP}/system.slice/containerd.service/kubepods-besteffort-{SLICE}:cri-containerd:{ID}": (ID, UID),
    f"{TOP}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-{SLICE}/cri-containerd-{ID}.scope": (ID, UID),
    f"{TOP}/machine.slice/libpod-{ID}.scope/container": (ID, ""),
    f"{TOP}/libpod_parent/libpod-{ID}": (ID, ""),
    f"{TOP}/docker/{OTHER}/docker/{ID}": (ID, ""),
    f"{TOP}/kubepods/burstable/pod{HASH}/{ID}": (ID, HASH),
    f"{TOP}/process_api/{HASH}": ("", ""),
}
V2 = "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec"


@pytest.fixture
def bundle(tmp_path: Path) -> tuple[str, Path]:
    """runc, and a bundle with a busybox that sleeps."""
    folder = os.environ.get("ICETOP_TEST_DOCKER", "")
    path = os.pathsep.join([*(f"{folder}/{part}" for part in ("usr/sbin", "usr/bin", "bin")), os.environ["PATH"]])
    runc, busybox = which("runc", path=path), which("busybox", path=path)
    if runc is None or busybox is None or os.geteuid():
        pytest.skip("no runc or no busybox here, or not root")
    (tmp_path / "rootfs/bin").mkdir(parents=True)
    copy(busybox, tmp_path / "rootfs/bin/busybox")
    subprocess.run([runc, "spec", "-b", str(tmp_path)], check=True)
    specification = json.loads((tmp_path / "config.json").read_text())
    specification["process"] |= {"terminal": False, "args": ["/bin/busybox", "sleep", "60"]}
    specification["linux"]["resources"] = {}
    (tmp_path / "config.json").write_text(json.dumps(specification))
    return runc, tmp_path


@pytest.mark.parametrize("hierarchy", ["as mounted here", "v2"])
def test_every_shape(bundle: tuple[str, Path], hierarchy: str) -> None:
    runc, folder = bundle
    script = Path(__file__).parent / "read_shapes.py"
    words = [sys.executable, str(script), runc, str(folder), *SHAPES]
    if hierarchy == "v2":
        words = ["unshare", "-m", "sh", "-c", f'{V2} "$@"', "sh", *words]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 32:
        pytest.skip(f"no cgroup v2 can be mounted here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    assert [row.get("error") for row in found] == [None] * len(SHAPES)
    if hierarchy == "v2":
        assert {row["version"] for row in found} == {2}
    assert {row["cgroup"]: (row["container"], row["pod"]) for row in found} == SHAPES
    for row in found:  # the filter finds each by its container's id and by its pod's
        if row["container"]:
            assert len(row["found"]) == 1 and row["cgroup"].startswith(row["found"][0])
        if row["pod"]:
            assert any(row["cgroup"].startswith(path) for path in row["by_pod"])
