"""Does icetop run in a container, and can it name the machine's containers from their runtimes' files?"""

from __future__ import annotations

from ...targets.container_engines import engine_addresses
from ...targets.container_ids import container_ids
from .check import Check, Machine, State, there

PLACES = {
    "containerd": "run/containerd/io.containerd.runtime.v2.task",
    "k3s": "run/k3s/containerd/io.containerd.runtime.v2.task",
    "CRI-O or Podman": "run/containers/storage/overlay-containers",
    "Docker": "var/lib/docker/containers",
}
"""Runtimes, and where they describe what runs."""

MEND = (
    "a pod: hostPID: true and capabilities.add SYS_PTRACE, DAC_READ_SEARCH; docker: --pid=host, --cap-add of these; "
    "or mount the engine's socket"
)


def check_containers(machine: Machine) -> Check:
    """Where names of containers and pods come from without asking anybody."""
    purpose = "names of containers and pods"
    roots = (machine.run.parent, machine.proc / "1/root")
    found = [name for name, place in PLACES.items() if any(there(root / place) for root in roots)]
    where = _where(machine)
    if found:
        return Check("containers", State.OK, f"{where}; files of {', '.join(found)}", purpose)
    finding = f"{where}; no runtime's files are seen"
    if where == NOT_INSIDE or engine_addresses(machine.environment, machine.run.parent):
        return Check("containers", State.ABSENT, finding, purpose)
    return Check("containers", State.DEGRADED, finding, purpose, "containers and pods show as ids", MEND)


NOT_INSIDE = "not in a container"


def _where(machine: Machine) -> str:
    """What icetop itself runs in. In a control group namespace of its own the path does not tell."""
    ids = container_ids(machine.text(machine.proc / "self/cgroup") or "")
    if ids.pod_uid or machine.environment.get("KUBERNETES_SERVICE_HOST"):
        return "in a pod"
    marks = (machine.proc / "1/root/.dockerenv", machine.run / ".containerenv", machine.run.parent / ".dockerenv")
    return "in a container" if ids.container or any(map(there, marks)) else NOT_INSIDE
