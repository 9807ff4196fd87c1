"""Does icetop run in a container, and can it name the machine's containers from their runtimes' files?"""

from __future__ import annotations

from ...targets.container_ids import container_ids
from .check import Check, Machine, State, there

PLACES = {
    "containerd": "containerd/io.containerd.runtime.v2.task",
    "k3s": "k3s/containerd/io.containerd.runtime.v2.task",
    "CRI-O or Podman": "containers/storage/overlay-containers",
}
"""Runtimes, and where below /run they describe what runs."""

MEND = (
    "a pod: hostPID: true and capabilities.add SYS_PTRACE, DAC_READ_SEARCH; docker: --pid=host, --cap-add of these; "
    "or mount the engine's socket"
)


def check_containers(machine: Machine) -> Check:
    """Where names of containers and pods come from without asking anybody."""
    purpose = "names of containers and pods"
    runs = (machine.run, machine.proc / "1/root/run")
    found = [name for name, place in PLACES.items() if any(there(run / place) for run in runs)]
    where = _where(machine)
    if found:
        return Check("containers", State.OK, f"{where}; files of {', '.join(found)}", purpose)
    finding = f"{where}; no runtime's files are seen"
    if where == NOT_INSIDE:
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
