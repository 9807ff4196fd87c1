"""What a container's own labels and its pod's name say about where it belongs: container, pod, namespace, service.

The keys are those that Kubernetes' runtimes write (cri-dockerd, CRI-O, containerd's CRI plug-in), and those of Docker
Compose, Docker Swarm and nerdctl.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .titles import clean

PROJECT = "project"
"""The label of a Compose project: it stands beside `service`."""

MARKS = "labels"
"""What engines tell beside the names: a container's or pod's own labels as text, to be searched."""

LONGEST_MARKS, MOST_MARKS = 1000, 64

_NAME = ("io.kubernetes.container.name", "io.kubernetes.cri.container-name")
_POD = ("io.kubernetes.pod.name", "io.kubernetes.cri.sandbox-name")
_NAMESPACE = ("io.kubernetes.pod.namespace", "io.kubernetes.cri.sandbox-namespace")
_SERVICE = ("com.docker.compose.service", "com.docker.swarm.service.name")
_PROJECT = ("com.docker.compose.project", "com.docker.stack.namespace")
_MARKS_OF_PAUSE = {"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri-o.ContainerType": "sandbox"}

_OTHERS_OWN = frozenset(
    (*_NAME, *_POD, *_NAMESPACE, *_SERVICE, *_PROJECT, "pod-template-hash", "controller-revision-hash")
)

_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
"""The letters of Kubernetes' made-up suffixes (k8s.io/apimachinery/pkg/util/rand)."""

_MADE_UP = re.compile(rf"^(?P<name>.+?)(-{_RANDOM}{{5,10}}-{_RANDOM}{{5}}|-{_RANDOM}{{5}}|-\d{{1,5}})$")
_SCHEDULED = re.compile(r"^(?P<name>.+)-\d{8}$")


def labels_of_container(name: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of a series that runs in a container of this name with these labels or annotations."""
    pod = _first(labels, _POD)
    if pod:
        paused = any(labels.get(key) == mark for key, mark in _MARKS_OF_PAUSE.items())
        found = {
            "container": _first(labels, _NAME) or ("pause" if paused else name),
            "pod": pod,
            "namespace": _first(labels, _NAMESPACE),
            "service": workload_of_pod(pod),
        }
    else:
        found = {
            "container": (name or labels.get("nerdctl/name", "")).lstrip("/"),
            "service": _first(labels, _SERVICE),
            PROJECT: _first(labels, _PROJECT),
        }
    return {key: clean(text) for key, text in found.items() if text}


def marks_of(labels: object) -> dict[str, str]:
    """A container's or pod's own labels as one text, `app=web tier=front`, under `MARKS`; nothing where there are none.

    Those that runtimes and Kubernetes' controllers write for themselves are left out.
    """
    if not isinstance(labels, Mapping):
        return {}
    own = [(key, text) for key, text in labels.items() if isinstance(key, str) and isinstance(text, str)]
    words = [f"{clean(key)}={clean(text)}" for key, text in own[:MOST_MARKS] if key not in _OTHERS_OWN]
    return {MARKS: " ".join(words)[:LONGEST_MARKS]} if words else {}


def workload_of_pod(pod: str) -> str:
    """The Deployment, StatefulSet, DaemonSet, Job or CronJob that a pod's name was made from; else the pod's name.

    From the name alone: a Deployment's pods end in the hash of their template and a random part, a StatefulSet's in a
    number, a CronJob's jobs in the minute of their schedule.
    """
    made = _MADE_UP.match(pod)
    name = made["name"] if made else pod
    scheduled = _SCHEDULED.match(name)
    return scheduled["name"] if scheduled and made else name


def _first(labels: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if isinstance(text := labels.get(key), str) and text), "")
