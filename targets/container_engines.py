"""Names of containers from Docker's API, which Podman's socket speaks too: all there are, and news as they come.

Docker's client takes 0.1 s to import: it is imported in the thread that asks, once there is a socket to ask and a
container to name.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import informant
from .container_labels import labels_of_container, marks_of
from .informant import Informant, plain_reason

LOOK_BACK_S = 300
"""How long ago a container may have gone to be named all the same, where the engine remembers."""

MOST_CONTAINERS = 4096

SOCKETS = ("run/docker.sock", "run/podman/podman.sock")


class ContainerEngine(Informant):
    """Asks one engine, by its address as DOCKER_HOST has it."""

    _events: Any = None

    def stop(self) -> None:
        """Ask no more: the connection is closed."""
        super().stop()
        with suppress(Exception):  # whatever the client makes of a connection that is gone
            if self._events is not None:
                self._events.close()

    def _follow(self) -> None:
        import docker

        before = int(time.time())
        client = docker.APIClient(base_url=self.address, version="auto", timeout=informant.SECONDS)
        try:
            for container in client.containers(all=True)[:MOST_CONTAINERS]:
                name = (container.get("Names") or [""])[0]
                labels = container.get("Labels") or {}
                self._tell(str(container["Id"]), labels_of_container(str(name), labels) | marks_of(labels))
            wanted = {"type": "container", "event": ["create", "start", "rename"]}
            self._events = client.events(since=before - LOOK_BACK_S, filters=wanted, decode=True)
            self._all_told()
            for event in self._events:
                if self._stopped.is_set():
                    return
                self._take(event)
        finally:
            client.close()

    def _take(self, event: Mapping[str, Any]) -> None:
        actor = event.get("Actor") or {}
        told = actor.get("Attributes") or {}
        if actor.get("ID"):
            labels = {key: text for key, text in told.items() if key not in ("name", "image", "oldName")}
            self._tell(str(actor["ID"]), labels_of_container(str(told.get("name", "")), told) | marks_of(labels))

    def _reason(self, error: Exception) -> str:
        if isinstance(error, ImportError):
            return "Python's docker package is missing"
        return plain_reason(error) or f"it does not speak Docker's API ({type(error).__name__})"


def engine_addresses(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> list[str]:
    """Where engines may answer: DOCKER_HOST, else the sockets there are of root's own or this user's.

    In a container that sees the host's processes, the host's sockets are those of process 1.
    """
    if environment.get("DOCKER_HOST"):
        return [environment["DOCKER_HOST"]]
    folder = environment.get("XDG_RUNTIME_DIR", "")
    paths = [root / socket for socket in SOCKETS]
    paths += [Path(folder) / name for name in ("docker.sock", "podman/podman.sock")] if folder else []
    paths += [root / "proc/1/root" / socket for socket in SOCKETS]
    found: dict[tuple[int, int], str] = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        if status.st_uid in (0, os.geteuid()):
            found.setdefault((status.st_dev, status.st_ino), f"unix://{path}")
    return list(found.values())
