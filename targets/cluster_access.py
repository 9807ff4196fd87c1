"""Where the Kubernetes API is, with which rights it is asked, and which node of it this is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .titles import clean

if TYPE_CHECKING:
    from kubernetes.client import Configuration

ACCOUNT = Path("var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod has its service account."""

OF_THE_NODE = ("etc/kubernetes/kubelet.conf", "etc/rancher/k3s/k3s.yaml")
"""Kubeconfigs that nodes have, the kubelet's own first: it may list the pods of its node."""

NODE_VARIABLES = ("ICETOP_NODE", "NODE_NAME", "KUBE_NODE_NAME")
"""Variables that a pod's spec fills from `spec.nodeName`."""

LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """One way to the API: the service account of the pod that icetop runs in, or kubeconfigs."""

    account: Path | None = None
    kubeconfigs: tuple[Path, ...] = ()

    @property
    def address(self) -> str:
        """What complaints call it."""
        return "the Kubernetes API" if self.account else f"the Kubernetes API of {clean(str(self.kubeconfigs[0]))}"

    @property
    def own_namespace(self) -> str:
        """The namespace of icetop's own pod; empty outside of one."""
        try:
            return (self.account / "namespace").read_text()[:LONGEST_NAME].strip() if self.account else ""
        except (OSError, ValueError):
            return ""

    def configuration(self) -> Configuration:
        """The client's configuration. Raises what the client raises where the files do not say enough."""
        from kubernetes import client, config
        from kubernetes.config import incluster_config

        found, in_pod, kubeconfig = client.Configuration(), _untyped(incluster_config), _untyped(config)
        if self.account is not None:
            token, certificate = self.account / "token", self.account / "ca.crt"
            in_pod.InClusterConfigLoader(str(token), str(certificate)).load_and_set(found)
        else:
            files = os.pathsep.join(map(str, self.kubeconfigs))
            kubeconfig.load_kube_config(files, client_configuration=found, persist_config=False)
        found.retries = False  # with retries the client writes to stderr, and takes several times as long
        return found


def find_access(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> ClusterAccess | None:
    """The way to the API from here; None where there is none.

    Kubeconfigs may name programs to run for a token: only those of root or of this user are believed.
    """
    account = root / ACCOUNT
    if environment.get("KUBERNETES_SERVICE_HOST") and _is_file(account / "token"):
        return ClusterAccess(account)
    given = [Path(text) for text in environment.get("KUBECONFIG", "").split(os.pathsep) if text]
    if not given:
        given = [Path(environment.get("HOME", "/")) / ".kube/config", *(root / path for path in OF_THE_NODE)]
        given = [path for path in given if _is_file(path)][:1]
    believed = tuple(path for path in given if _is_file(path) and path.stat().st_uid in (0, os.geteuid()))
    return ClusterAccess(kubeconfigs=believed) if believed else None


def node_names(environment: Mapping[str, str] = os.environ, proc: Path = Path("/proc")) -> Iterator[str]:
    """The names that this machine's node may have, the likeliest first.

    A node goes by its host name, with the domain or without; in a pod that is process 1's, not the pod's own.
    """
    given = [environment[name] for name in NODE_VARIABLES if environment.get(name)]
    if given:
        yield given[0][:LONGEST_NAME]
        return
    seen: set[str] = set()
    for name in (_first_line(proc / "1/root/etc/hostname"), os.uname().nodename):
        for form in (name.lower(), name.lower().partition(".")[0]):
            if form and form not in seen:
                seen.add(form)
                yield form[:LONGEST_NAME]


def _untyped(module: Any) -> Any:
    """The same: parts of the client have no types."""
    return module


def _first_line(path: Path) -> str:
    try:
        with path.open(errors="replace") as file:
            return file.readline(LONGEST_NAME).strip()
    except OSError:
        return ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
