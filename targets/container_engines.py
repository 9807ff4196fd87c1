"""Names of containers from Docker's API, which Podman's socket speaks too: all there are, and news as they come.

An engine is asked by a thread of its own, for it may be slow, dead or forbidden. Docker's client takes 0.1 s to import:
it is imported there, once there is a socket to ask and a container to name.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .container_labels import labels_of_container

SECONDS = 3
"""How long an engine may take for one answer."""

LOOK_BACK_S = 300
"""How long ago a container may have gone to be named all the same, where the engine remembers."""

MOST_CONTAINERS = 4096
SHORTEST_REST, LONGEST_REST = 2.0, 60.0
"""Seconds until an engine that failed is asked again: twice as long each time."""

SOCKETS = ("run/docker.sock", "run/podman/podman.sock")

Told = Callable[[str, dict[str, str]], None]
"""Is told a container's id and its labels."""


class ContainerEngine:
    """Asks one engine from `start` on. `tell` is told of containers, `fail` of what goes wrong, both in the thread.

    `answered` is set when all containers were told, or when the engine did not answer.
    """

    def __init__(self, address: str, tell: Told, fail: Callable[[str, str], None]) -> None:
        self.address = address
        self.answered = threading.Event()
        self._tell = tell
        self._fail = fail
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="icetop-engine", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more. Does not wait."""
        self._stopped.set()

    def _run(self) -> None:
        rest = SHORTEST_REST
        while not self._stopped.is_set():
            since = time.monotonic()
            try:
                self._follow()
            except Exception as error:  # whatever the client makes of what came: the engine is not trusted
                if not self._stopped.is_set():
                    self._fail(self.address, reason_of(error))
            self.answered.set()
            rest = SHORTEST_REST if time.monotonic() - since > LONGEST_REST else min(2 * rest, LONGEST_REST)
            self._stopped.wait(rest)

    def _follow(self) -> None:
        import docker

        before = int(time.time())
        client = docker.APIClient(base_url=self.address, version="auto", timeout=SECONDS)
        try:
            for container in client.containers(all=True)[:MOST_CONTAINERS]:
                name = (container.get("Names") or [""])[0]
                self._tell(str(container["Id"]), labels_of_container(str(name), container.get("Labels") or {}))
            wanted = {"type": "container", "event": ["create", "start", "rename"]}
            events = client.events(since=before - LOOK_BACK_S, filters=wanted, decode=True)
            self.answered.set()
            for event in events:
                if self._stopped.is_set():
                    return
                self._take(event)
        finally:
            client.close()

    def _take(self, event: Mapping[str, Any]) -> None:
        actor = event.get("Actor") or {}
        told = actor.get("Attributes") or {}
        if actor.get("ID"):
            self._tell(str(actor["ID"]), labels_of_container(str(told.get("name", "")), told))


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


def reason_of(error: Exception) -> str:
    """Why an engine gave no names, in a few words: the innermost cause that says anything."""
    if isinstance(error, ImportError):
        return "Python's docker package is missing"
    seen: BaseException | None = error
    for _ in range(10):
        if isinstance(seen, PermissionError):
            return "permission denied"
        if isinstance(seen, TimeoutError):
            return f"no answer within {SECONDS} s"
        if isinstance(seen, ConnectionRefusedError):
            return "nobody answers there"
        if isinstance(seen, FileNotFoundError):
            return "there is no such socket"
        following = seen.__cause__ or seen.__context__ if seen is not None else None
        if following is None:
            break
        seen = following
    if "timed out" in str(error).lower():
        return f"no answer within {SECONDS} s"
    return f"it does not speak Docker's API ({type(error).__name__})"
