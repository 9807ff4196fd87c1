"""Do Docker and Kubernetes answer, from which names of containers and pods come? Not there is no failure.

Both are asked with bare sockets: their client libraries take long to import.
"""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

from ...targets.container_engines import engine_addresses
from .check import Check, Machine, State, there

SECONDS = 1.0
TOKEN = (
    "where files do not name pods: automountServiceAccountToken: true, get, list and watch on pods, and the "
    "variable NODE_NAME from spec.nodeName, as in deploy/daemonset.yaml"
)
SERVICE_ACCOUNT = Path("run/secrets/kubernetes.io/serviceaccount/token")


def check_docker(machine: Machine) -> Check:
    """Docker's socket, or Podman's, which speaks the same."""
    purpose = "names and labels of containers"
    places = engine_addresses(machine.environment, machine.run.parent)
    if not places:
        return Check("docker", State.ABSENT, "no socket", purpose)
    place = places[0]
    problem = _ping(place)
    if not problem:
        return Check("docker", State.OK, f"answers at {place}", purpose)
    mend = "run as root with sudo, or see whether dockerd works: docker info"
    return Check("docker", State.DEGRADED, f"{place}: {problem}", purpose, "containers show as ids", mend)


def check_kubernetes(machine: Machine) -> Check:
    """The API server of the cluster that icetop runs in, or of the kubeconfig."""
    purpose = "names of pods and workloads"
    try:
        server = _in_cluster(machine) or _from_kubeconfig(machine)
    except ValueError as error:
        effect = "pods show as uids"
        return Check("kubernetes", State.DEGRADED, f"{error}", purpose, effect, "mend or unset KUBECONFIG")
    in_pod = bool(machine.environment.get("KUBERNETES_SERVICE_HOST"))
    if not server and in_pod:
        return Check("kubernetes", State.ABSENT, "no service account's token in this pod", purpose, "", TOKEN)
    if not server:
        return Check("kubernetes", State.ABSENT, "neither in a cluster nor a kubeconfig", purpose)
    problem = _connect(server)
    if not problem:
        who = ", asked as the pod's service account" if _in_cluster(machine) else ""
        return Check("kubernetes", State.OK, f"answers at {server}{who}", purpose)
    mend = "see whether the API server answers: kubectl version"
    return Check("kubernetes", State.DEGRADED, f"{server}: {problem}", purpose, "pods show as uids", mend)


def _ping(place: str) -> str:
    """What is wrong with a Docker API, empty when it answers within the time."""
    try:
        parts = urlsplit(place)
        if parts.scheme != "unix":
            return _connect(place)
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(SECONDS)
            line.connect(parts.path)
            line.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            return "" if b" 200 " in line.recv(64) else "does not speak Docker's API"
    except (OSError, ValueError) as error:
        return _reason(error)


def _connect(server: str) -> str:
    """What is wrong with a TCP server, empty when it takes a connection within the time."""
    try:
        parts = urlsplit(server)
        if not parts.hostname:
            return "not an address"
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname, port), timeout=SECONDS).close()
    except (OSError, ValueError) as error:
        return _reason(error)
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {SECONDS:.0f} s"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _in_cluster(machine: Machine) -> str:
    host = machine.environment.get("KUBERNETES_SERVICE_HOST", "")
    token = machine.run.parent / "var" / SERVICE_ACCOUNT
    if not host or not there(token):
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"https://{host}:{machine.environment.get('KUBERNETES_SERVICE_PORT', '443')}"


def _from_kubeconfig(machine: Machine) -> str:
    """The server of the current context; empty without a file. Raises ValueError when the file is none."""
    home = Path(machine.environment.get("HOME", "/"))
    named = [Path(path) for path in machine.environment.get("KUBECONFIG", "").split(":") if path]
    path = next((path for path in named or [home / ".kube/config"] if there(path)), None)
    if path is None:
        return ""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(errors="replace"))
        contexts = {context["name"]: context["context"] for context in content["contexts"]}
        clusters = {cluster["name"]: cluster["cluster"] for cluster in content["clusters"]}
        return str(clusters[contexts[content["current-context"]]["cluster"]]["server"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"{path} names no current server") from error
