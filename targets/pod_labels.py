"""What a pod, as the Kubernetes API describes it, says of its containers: container, pod, namespace, service.

The workload is read off the pod's owner references alone: a ReplicaSet's name is its Deployment's and the hash of the
template, a CronJob's jobs end in the minute of their schedule (k8s.io/api/core/v1, apps/v1, batch/v1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .container_labels import MARKS, marks_of
from .titles import clean

MOST_STATUSES = 200
"""Containers of one pod."""

_CONTAINER_ID = re.compile(r"^[a-z0-9+.-]+://([0-9a-f]{64})$")
_UID = re.compile(r"^[0-9a-f-]{32,36}$", re.IGNORECASE)
_SCHEDULED = re.compile(r"-\d{8,10}$")
_HASHES = ("pod-template-hash", "rollouts-pod-template-hash")
_CONFIG_HASH = "kubernetes.io/config.hash"
"""A static pod's uid in the names of control groups; the API gives its mirror another."""

_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


def told_of_pod(pod: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """The labels of a pod by its uid, and those of its containers by their ids. Nothing for what is no pod."""
    metadata = _table(pod, "metadata")
    name, namespace = _text(metadata, "name"), _text(metadata, "namespace")
    if not name or not namespace:
        return
    kind, workload = workload_of(pod)
    marks = marks_of(metadata.get("labels"))
    marks = {MARKS: " ".join(filter(None, (f"{kind.lower()}={workload}" if kind else "", marks.get(MARKS))))}
    labels = {"pod": name, "namespace": namespace, "service": workload or name, **marks}
    for uid in (_text(metadata, "uid"), _text(_table(metadata, "annotations"), _CONFIG_HASH)):
        if _UID.match(uid):
            yield uid.lower(), labels
    for container, its_name in _containers(_table(pod, "status")):
        yield container, {"container": its_name, **labels}


def workload_of(pod: Any) -> tuple[str, str]:
    """Kind and name of what made a pod: `("Deployment", "web")`; both empty for a pod that nothing made."""
    metadata = _table(pod, "metadata")
    owners = [owner for owner in _list(metadata, "ownerReferences") if isinstance(owner, dict)]
    owner = next((owner for owner in owners if owner.get("controller") is True), owners[0] if owners else {})
    kind, name = _text(owner, "kind"), _text(owner, "name")
    if kind == "ReplicaSet":
        hashes = [_text(_table(metadata, "labels"), key) for key in _HASHES]
        ending = next((f"-{text}" for text in hashes if text and name.endswith(f"-{text}")), "")
        return ("Deployment", name.removesuffix(ending)) if ending else (kind, name)
    if kind == "Job" and _SCHEDULED.search(name):
        return "CronJob", _SCHEDULED.sub("", name)
    if kind == "Node":
        return "", _text(metadata, "name").removesuffix(f"-{name}")
    return kind, name


def _containers(status: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The ids and names of containers, those that ran before included."""
    for key in _STATUSES:
        for found in _list(status, key)[:MOST_STATUSES]:
            states = (found, *(_table(_table(found, when), "terminated") for when in ("state", "lastState")))
            for state in states:
                given = _CONTAINER_ID.match(_text(state, "containerID"))
                if given and _text(found, "name"):
                    yield given[1], _text(found, "name")


def _text(table: Any, key: str) -> str:
    found = table.get(key) if isinstance(table, dict) else None
    return clean(found) if isinstance(found, str) else ""


def _table(table: Any, key: str) -> dict[str, Any]:
    found = table.get(key) if isinstance(table, dict) else None
    return found if isinstance(found, dict) else {}


def _list(table: dict[str, Any], key: str) -> list[Any]:
    found = table.get(key)
    return found if isinstance(found, list) else []
