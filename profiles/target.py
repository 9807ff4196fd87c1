"""What is profiled or shown: a choice of processes by pid, name, cgroup, container, pod, namespace or service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .series import Series

CHOICES = ("pids", "comms", "cgroups", "containers", "pods", "namespaces", "services")
PLACES = CHOICES[3:]
"""The choices that go by names of containers and what they belong to."""

_SHORTENED_ID = re.compile(r"^[0-9a-f]{12,64}$")


@dataclass(frozen=True, slots=True)
class Target:
    """A choice of processes; an empty one is the whole host. Several conditions widen the choice (any may hold).

    `command` is a command that icetop starts itself; its process tree is the target. `hosts` narrows the choice down
    to some of the machines, where a profile is of several.
    """

    pids: frozenset[int] = frozenset()
    comms: frozenset[str] = frozenset()
    cgroups: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    pods: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    command: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.hosts) or self.by_process

    @property
    def by_process(self) -> bool:
        """Whether processes are chosen, and not only machines."""
        return any((self.pids, self.comms, self.cgroups, self.containers, self.pods, self.namespaces, self.services))

    @property
    def by_place(self) -> bool:
        """Whether containers, pods, namespaces or services are chosen by their names."""
        return any(getattr(self, name) for name in PLACES)

    def names(self) -> Iterator[tuple[str, str, Target]]:
        """Each container, pod, namespace and service that was named: what it is, its name, and a target of it alone."""
        for choice in PLACES:
            for name in sorted(getattr(self, choice)):
                yield choice.removesuffix("s"), name, target_of({choice: frozenset((name,))})

    def __str__(self) -> str:
        if self.command:
            return " ".join(self.command)
        parts = [f"pid {','.join(map(str, sorted(self.pids)))}"] if self.pids else []
        for word in ("comm", "cgroup", "container", "pod", "namespace", "service"):
            chosen = getattr(self, f"{word}s")
            if chosen:
                parts.append(f"{word} {','.join(sorted(chosen))}")
        hosts = ", ".join(sorted(self.hosts))
        return " on ".join(filter(None, (" or ".join(parts), hosts))) or "host"

    def matches(self, series: Series, labels: Mapping[str, str]) -> bool:
        """Whether a series belongs to the choice. A cgroup includes those below it; a pod may carry its namespace."""
        if not self.of_host(labels):
            return False
        return (
            not self.by_process
            or series.pid in self.pids
            or series.comm in self.comms
            or labels.get("process") in self.comms
            or any(is_within(series.cgroup, path) for path in self.cgroups)
            or self.matches_place(series.cgroup, labels)
        )

    def of_host(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are of a machine that is meant."""
        return not self.hosts or labels.get("host") in self.hosts

    def matches_place(self, cgroup: str, labels: Mapping[str, str]) -> bool:
        """Whether a control group of these labels is of a chosen container, pod, namespace or service.

        A name may carry its namespace (`shop/web`; a container also its pod, `shop/web-1/app`), a service its Compose
        project; a container may be meant by the beginning of its id, a systemd unit without `.service`.
        """
        if not self.by_place:
            return False
        namespace, service = labels.get("namespace", ""), labels.get("service", "")
        return (
            _is_one_of(self.containers, labels.get("container", ""), namespace)
            or _is_one_of(self.containers, labels.get("container", ""), f"{namespace}/{labels.get('pod', '')}")
            or any(_SHORTENED_ID.match(text) and text in cgroup for text in self.containers)
            or _is_one_of(self.pods, labels.get("pod", ""), namespace)
            or (bool(namespace) and namespace in self.namespaces)
            or _is_one_of(self.services, service, namespace)
            or _is_one_of(self.services, service, labels.get("project", ""))
            or _is_one_of(self.services, service.removesuffix(".service"), "")
        )


def target_of(
    words: Mapping[str, frozenset[str]], pids: frozenset[int] = frozenset(), command: tuple[str, ...] = ()
) -> Target:
    """The target of these choices, by the names in `CHOICES`."""
    comms, cgroups, *places = (words.get(choice, frozenset()) for choice in CHOICES[1:])
    containers, pods, namespaces, services = places
    return Target(pids, comms, cgroups, containers, pods, namespaces, services, command)


def is_within(cgroup: str, folder: str) -> bool:
    """Whether a control group's path is this one, or one below it."""
    return cgroup == folder or cgroup.startswith(folder.rstrip("/") + "/")


def joined(first: Target, second: Target) -> Target:
    """The processes of both, on any machine; the whole host where either is that."""
    if not first.by_process or not second.by_process:
        return Target()
    both = {choice: getattr(first, choice) | getattr(second, choice) for choice in CHOICES[1:]}
    return target_of(both, first.pids | second.pids)


def _is_one_of(chosen: frozenset[str], name: str, within: str) -> bool:
    return bool(name) and (name in chosen or (bool(within) and f"{within}/{name}" in chosen))
