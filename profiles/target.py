"""What is profiled or shown: a choice of processes by pid, name, cgroup, container, pod, namespace or service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .series import Series

CHOICES = ("pids", "comms", "cgroups", "containers", "pods", "namespaces", "services")


@dataclass(frozen=True, slots=True)
class Target:
    """A choice of processes; an empty one is the whole host. Several conditions widen the choice (any may hold).

    `command` is a command that icetop starts itself; its process tree is the target.
    """

    pids: frozenset[int] = frozenset()
    comms: frozenset[str] = frozenset()
    cgroups: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    pods: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    command: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.pids, self.comms, self.cgroups, self.containers, self.pods, self.namespaces, self.services))

    def __str__(self) -> str:
        if self.command:
            return " ".join(self.command)
        parts = [f"pid {','.join(map(str, sorted(self.pids)))}"] if self.pids else []
        for word in ("comm", "cgroup", "container", "pod", "namespace", "service"):
            chosen = getattr(self, f"{word}s")
            if chosen:
                parts.append(f"{word} {','.join(sorted(chosen))}")
        return " or ".join(parts) or "host"

    def matches(self, series: Series, labels: Mapping[str, str]) -> bool:
        """Whether a series belongs to the choice. A cgroup includes those below it; a pod may carry its namespace."""
        if not self:
            return True
        pod, namespace = labels.get("pod", ""), labels.get("namespace", "")
        return (
            series.pid in self.pids
            or series.comm in self.comms
            or labels.get("process") in self.comms
            or any(series.cgroup == path or series.cgroup.startswith(path.rstrip("/") + "/") for path in self.cgroups)
            or labels.get("container") in self.containers
            or (bool(pod) and (pod in self.pods or f"{namespace}/{pod}" in self.pods))
            or namespace in self.namespaces
            or labels.get("service") in self.services
        )


def joined(first: Target, second: Target) -> Target:
    """The processes of both; the whole host where either is that."""
    if not first or not second:
        return Target()
    return Target(*(getattr(first, name) | getattr(second, name) for name in CHOICES))
