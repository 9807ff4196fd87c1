"""Which container and which pod a control group belongs to, by the shape of its path alone.

Docker, containerd, CRI-O and Podman, with the cgroupfs and the systemd driver, on v1 and v2, in private cgroup
namespaces (`/../../burstable/pod.../ID`), and nested (the innermost container counts).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CONTAINER = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_POD = re.compile(
    r"(?:^|[/-])pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=$|[/.:])", re.IGNORECASE
)


class ContainerIds(NamedTuple):
    """The id of a container (64 hexadecimal digits) and the uid of its pod; each empty where there is none."""

    container: str = ""
    pod_uid: str = ""


def container_ids(cgroup: str) -> ContainerIds:
    """The container and pod of a control group's path. A static pod's uid is its configuration's hash."""
    containers, pods = _CONTAINER.findall(cgroup), _POD.findall(cgroup)
    return ContainerIds(containers[-1] if containers else "", pods[-1].replace("_", "-").lower() if pods else "")
