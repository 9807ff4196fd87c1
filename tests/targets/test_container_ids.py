"""Containers and pods by the shape of the path."""

from __future__ import annotations

import pytest
from icetop.targets.container_ids import container_ids

ID, OTHER = "0123456789abcdef" * 4, "f" * 64
UID = "8d3c1b0e-5a2f-4c6d-9e7f-0a1b2c3d4e5f"
UNDERSCORED = UID.replace("-", "_")
HASH = "3f2504e04f8911d39a0c0305e82c3301"
BURSTABLE = f"kubepods-burstable-pod{UNDERSCORED}.slice"


@pytest.mark.parametrize(
    ("path", "container", "pod"),
    [
        (f"/docker/{ID}", ID, ""),
        (f"/system.slice/docker-{ID}.scope", ID, ""),
        (f"/kubepods/pod{UID}/{ID}", ID, UID),
        (f"/kubepods/burstable/pod{UID}/{ID}", ID, UID),
        (f"/kubepods/besteffort/pod{UID}/crio-{ID}", ID, UID),
        (f"/kubepods.slice/kubepods-burstable.slice/{BURSTABLE}/docker-{ID}.scope", ID, UID),
        (f"/kubepods.slice/kubepods-burstable.slice/{BURSTABLE}/cri-containerd-{ID}.scope", ID, UID),
        (f"/kubepods.slice/kubepods-burstable.slice/{BURSTABLE}/crio-{ID}.scope/container", ID, UID),
        (f"/kubepods.slice/kubepods-pod{UNDERSCORED}.slice/crio-{ID}.scope", ID, UID),
        (f"/system.slice/containerd.service/kubepods-besteffort-pod{UNDERSCORED}.slice:cri-containerd:{ID}", ID, UID),
        (
            f"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{UNDERSCORED}.slice/cri-containerd-{ID}.scope",
            ID,
            UID,
        ),
        (f"/machine.slice/libpod-{ID}.scope/container", ID, ""),
        (f"/libpod_parent/libpod-{ID}", ID, ""),
        (f"/docker/{OTHER}/docker/{ID}", ID, ""),
        (f"/kubepods/burstable/pod{UID}/{OTHER}/docker/{ID}", ID, UID),
        (f"/../../../burstable/pod{UID}/{ID}", ID, UID),
        (f"/../cri-containerd-{ID}.scope", ID, ""),
        (f"/kubepods/burstable/pod{HASH}/{ID}", ID, HASH),
        (f"/kubepods.slice/kubepods-pod{HASH}.slice/cri-containerd-{ID}.scope", ID, HASH),
        (f"/kubepods/burstable/pod{UID}", "", UID),
        (f"/process_api/{HASH}", "", ""),
        (f"/docker/{ID}0", "", ""),
        (f"/docker/{ID[:-1]}", "", ""),
        ("/system.slice/podman.service", "", ""),
        ("/user.slice/user-1000.slice/session-3.scope", "", ""),
        ("/podcast", "", ""),
        ("/", "", ""),
        ("", "", ""),
        ("\x1b[31m" * 1000, "", ""),
    ],
)
def test_every_shape(path: str, container: str, pod: str) -> None:
    assert container_ids(path) == (container, pod)
