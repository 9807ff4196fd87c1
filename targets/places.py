"""Where a control group belongs: container, pod, namespace and service, by its path and by what is known of its ids.

The path alone gives ids. Names come from the files that runtimes keep, at once; else from the engines' sockets, later:
then `news` tells whose labels have changed. What was known once stays known when the container is gone.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from .container_engines import MOST_CONTAINERS, ContainerEngine, engine_addresses
from .container_ids import container_ids
from .container_states import read_state
from .titles import unit_title

SHORT = 12
"""Digits of a container's id that stand for its name, as engines print them."""

MOST_PATHS = 20_000
MOST_ENGINES = 4


class Places:
    """Labels by path. `changed` is called, in another thread, when an engine has told of a container.

    `complaints` are what engines did not do, by their address; each is said once. No engine is asked before a container
    shows up that no file names.
    """

    def __init__(
        self,
        changed: Callable[[], object] = lambda: None,
        state: Callable[[str], dict[str, str]] = read_state,
        addresses: Callable[[], list[str]] = engine_addresses,
    ) -> None:
        self._changed = changed
        self._state = state
        self._addresses = addresses
        self._lock = threading.Lock()
        self._told: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._news: set[str] = set()
        self._paths: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._engines: list[ContainerEngine] | None = None
        self.complaints: dict[str, str] = {}

    def labels(self, path: str) -> dict[str, str]:
        """The labels of a group's path; empty for what is neither a container nor a service."""
        known = self._paths.get(path)
        if known is None:
            known = self._paths[path] = self._labels(path)
            if len(self._paths) > MOST_PATHS:
                self._paths.popitem(last=False)
        return known

    def news(self) -> dict[str, dict[str, str]]:
        """The paths whose labels have changed since the last call, and what they are now."""
        with self._lock:
            told, self._news = self._news, set()
        changed = {}
        for path, before in list(self._paths.items()) if told else ():
            if container_ids(path).container in told and (now := self._labels(path)) != before:
                changed[path] = self._paths[path] = now
        return changed

    def wait(self, seconds: float) -> None:
        """Wait until all engines have told what they know, or for so long."""
        until = time.monotonic() + seconds
        for engine in self._ask_engines():
            engine.answered.wait(max(until - time.monotonic(), 0))

    def close(self) -> None:
        """Ask no more; `changed` is not called any more when this is done."""
        with self._lock:
            self._changed = lambda: None
        for engine in self._engines or ():
            engine.stop()

    def _labels(self, path: str) -> dict[str, str]:
        container, pod = container_ids(path)
        unit = unit_title(path.rpartition(container)[2] if container else "" if pod else path)
        found = {"service": unit} if unit.endswith(".service") else {}
        if pod:
            found["pod"] = pod
        if container:
            found |= {"container": container[:SHORT], **self._names(container)}
        return found

    def _names(self, container: str) -> dict[str, str]:
        with self._lock:
            told = self._told.get(container)
        if told is None:
            told = self._state(container)
            if told:
                self._remember(container, told)
            else:
                self._ask_engines()
        return told

    def _remember(self, container: str, labels: dict[str, str]) -> bool:
        """Keep what is known of a container; whether it is new."""
        with self._lock:
            new = self._told.pop(container, None) != labels
            self._told[container] = labels
            if len(self._told) > MOST_CONTAINERS:
                self._told.popitem(last=False)
        return new

    def _ask_engines(self) -> list[ContainerEngine]:
        if self._engines is None:
            addresses = self._addresses()[:MOST_ENGINES]
            self._engines = [ContainerEngine(address, self._take, self._complain) for address in addresses]
            for engine in self._engines:
                engine.start()
        return self._engines

    def _take(self, container: str, labels: dict[str, str]) -> None:
        if self._remember(container, labels):
            with self._lock:
                self._news.add(container)
                self._changed()

    def _complain(self, address: str, why: str) -> None:
        self.complaints[address] = why
