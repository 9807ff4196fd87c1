"""Where a control group belongs: container, pod, namespace and service, by its path and by what is known of its ids.

The path alone gives ids. Names come from the files that runtimes keep, at once; else from the engines' sockets and, for
pods, from the Kubernetes API, later: then `news` tells whose labels have changed. What was known once stays known when
the container is gone.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from .cluster_names import cluster_names
from .container_engines import MOST_CONTAINERS, ContainerEngine, engine_addresses
from .container_ids import container_ids
from .container_labels import MARKS
from .container_states import read_state
from .informant import Informant
from .informant import Told as Tell
from .titles import unit_title

SHORT = 12
"""Digits of a container's id that stand for its name, as engines print them."""

CONTAINER_DIGITS = 64

MOST_PATHS = 20_000
MOST_ENGINES = 4


Told = OrderedDict[str, dict[str, str]]
"""Labels by a container's id or a pod's uid."""


class Places:
    """Labels by path. `changed` is called, in another thread, when an engine has told of a container.

    `complaints` are what engines do not do now, by their address. No engine is asked before a container shows up that
    no file names, and the Kubernetes API not before such a one of a pod does.
    """

    def __init__(
        self,
        changed: Callable[[], object] = lambda: None,
        state: Callable[[str], dict[str, str]] = read_state,
        addresses: Callable[[], list[str]] = engine_addresses,
        cluster: Callable[[Tell, Callable[[str, str], None]], Informant | None] = cluster_names,
    ) -> None:
        self._changed = changed
        self._state = state
        self._addresses = addresses
        self._lock = threading.Lock()
        self._told: Told = OrderedDict()
        self._told_by_cluster: Told = OrderedDict()
        self._news: set[str] = set()
        self._paths: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._find_cluster = cluster
        self._engines: list[Informant] | None = None
        self._cluster: list[Informant] | None = None
        self.complaints: dict[str, str] = {}

    def remember(self, before: Places) -> None:
        """Know from the begin what another one was told."""
        with before._lock:
            self._told, self._told_by_cluster = before._told.copy(), before._told_by_cluster.copy()

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
            if not told.isdisjoint(container_ids(path)) and (now := self._labels(path)) != before:
                changed[path] = self._paths[path] = now
        return changed

    def marks(self, path: str) -> str:
        """The own labels of the container or pod of a group's path, `app=web tier=front`, as far as they were told."""
        tables = (self._told_by_cluster, self._told)
        with self._lock:
            found = [table[who].get(MARKS) for who in container_ids(path) for table in tables if who in table]
        return next(filter(None, found), "")

    def ask(self, path: str) -> None:
        """Have everybody asked who may know more of the container or pod of a group's path than the files tell."""
        container, pod = container_ids(path)
        if container or pod:
            self._ask_engines()
        if pod:
            self._ask_cluster()

    def wait(self, seconds: float) -> None:
        """Wait until all engines have told what they know, or for so long."""
        until = time.monotonic() + seconds
        for engine in (*self._ask_engines(), *self._ask_cluster()):
            if not engine.answered.wait(max(until - time.monotonic(), 0)):
                self.complaints.setdefault(engine.address, "no answer yet")

    def wait_for_the_asked(self, seconds: float) -> None:
        """Wait until those who were asked already have told what they know, or for so long."""
        until = time.monotonic() + seconds
        for engine in (*(self._engines or ()), *(self._cluster or ())):
            engine.answered.wait(max(until - time.monotonic(), 0))

    def close(self) -> None:
        """Ask no more; `changed` is not called any more when this is done."""
        with self._lock:
            self._changed = lambda: None
        for engine in (*(self._engines or ()), *(self._cluster or ())):
            engine.stop()

    def _labels(self, path: str) -> dict[str, str]:
        container, pod = container_ids(path)
        unit = unit_title(path.rpartition(container)[2] if container else "" if pod else path)
        found = {"service": unit} if unit.endswith(".service") else {}
        if pod:
            found |= {"pod": pod, **self._names(pod)}
        if container:
            found |= {"container": container[:SHORT], **self._names(container, bool(pod))}
        found.pop(MARKS, None)
        return found

    def _names(self, who: str, in_pod: bool = True) -> dict[str, str]:
        """What is known of a container by its id, or of a pod by its uid. The cluster knows better than others."""
        with self._lock:
            told, of_cluster = self._told.get(who), self._told_by_cluster.get(who)
        if told is None and len(who) == CONTAINER_DIGITS:
            told = self._state(who)
            if told:
                self._remember(self._told, who, told)
            elif of_cluster is None:
                self._ask_engines()
                if in_pod:
                    self._ask_cluster()
        return {**(told or {}), **(of_cluster or {})}

    def _remember(self, table: Told, who: str, labels: dict[str, str]) -> bool:
        """Keep what is known of a container or pod; whether it is new."""
        with self._lock:
            new = table.pop(who, None) != labels
            table[who] = labels
            if len(table) > MOST_CONTAINERS:
                table.popitem(last=False)
        return new

    def _ask_engines(self) -> list[Informant]:
        if self._engines is None:
            addresses = self._addresses()[:MOST_ENGINES]
            self._engines = [ContainerEngine(address, self._take, self._complain) for address in addresses]
            for engine in self._engines:
                engine.start()
        return self._engines

    def _ask_cluster(self) -> list[Informant]:
        if self._cluster is None:
            found = self._find_cluster(self._take_of_cluster, self._complain)
            self._cluster = [found] if found is not None else []
            for informant in self._cluster:
                informant.start()
        return self._cluster

    def _take_of_cluster(self, who: str, labels: dict[str, str]) -> None:
        self._take(who, labels, self._told_by_cluster)

    def _take(self, who: str, labels: dict[str, str], table: Told | None = None) -> None:
        if self._remember(self._told if table is None else table, who, labels):
            with self._lock:
                self._news.add(who)
                self._changed()

    def _complain(self, address: str, why: str) -> None:
        if why:
            self.complaints[address] = why
        else:
            self.complaints.pop(address, None)
