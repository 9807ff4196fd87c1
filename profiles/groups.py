"""The first level of the graph: who the time belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .profile import Profile
from .selection import IntArray
from .view import FirstLevel

PLACES = ("container", "pod", "service", "host")
"""First levels that go by the labels of the same names."""

OF_ONE_HOST = ("process", "thread")
"""First levels whose numbers mean something on one machine only."""


@dataclass(frozen=True, slots=True)
class Group:
    """One box of the first level. `pid` is 0 where the group is not one process; `title` may be empty.

    `container` and `pod` tell where all of it runs, in full; empty where that is in none, or in several. `host` is the
    machine, where the profile is of more than one. `pids` are the processes of a group that stands for several.
    """

    name: str
    title: str = ""
    pid: int = 0
    tid: int = 0
    container: str = ""
    pod: str = ""
    host: str = ""
    pids: tuple[int, ...] = ()


def group_series(profile: Profile, first_level: FirstLevel) -> tuple[list[Group], IntArray]:
    """The groups, and for each series the index of its group."""
    groups: dict[tuple[object, ...], int] = {}
    found: list[Group] = []
    indexes = np.zeros(len(profile.series), dtype=np.int64)
    several = first_level in OF_ONE_HOST and len({labels.get("host") for labels in profile.labels}) > 1
    for place in range(len(profile.series)):
        key, group = _group(profile, place, first_level)
        if several:
            host = profile.labels[place].get("host", "")
            key, group = (host, *key), replace(group, host=host)
        container, pod = _places_of(profile.labels[place])
        index = groups.setdefault(key, len(found))
        if index == len(found):
            found.append(replace(group, container=container, pod=pod) if container else group)
        elif group.title and not found[index].title:
            found[index] = replace(group, container=found[index].container, pod=found[index].pod)
        if found[index].container != container:
            same_pod = pod if found[index].pod == pod else ""
            found[index] = replace(found[index], container="", pod=same_pod)
        indexes[place] = index
    return found, indexes


def _group(profile: Profile, place: int, first_level: FirstLevel) -> tuple[tuple[object, ...], Group]:
    series, labels = profile.series[place], profile.labels[place]
    name = labels.get("process") or series.comm
    title = labels.get("title", "")
    if first_level == "process":
        return (series.pid, series.start_ns, "" if series.pid else name), Group(name, title, series.pid)
    if first_level == "thread":
        return (series.pid, series.start_ns, series.tid, series.comm), Group(series.comm, name, series.pid, series.tid)
    if first_level == "command":
        return (name, title), Group(name, title)
    if first_level == "binary":
        return (labels.get("exe", name),), Group(labels.get("exe", name))
    if first_level in PLACES:
        return _group_of_place(labels, first_level)
    return (), Group("")


def _places_of(labels: dict[str, str]) -> tuple[str, str]:
    """Container and pod of a series by their full names; outside of pods the container stands for both."""
    container = labels.get("container", "")
    if not container:
        return "", ""
    pod = "/".join(filter(None, (labels.get("namespace"), labels.get("pod"))))
    return (f"{pod}/{container}", pod) if pod else (container, container)


def _group_of_place(labels: dict[str, str], place: str) -> tuple[tuple[object, ...], Group]:
    """The container, pod or service that a series belongs to; what belongs to none is one group."""
    name, namespace = labels.get(place, ""), labels.get("namespace", "")
    if not name:
        return ("",), Group(f"no {place}")
    pod = labels.get("pod", "") if place == "container" else ""
    title = f"{namespace}/{pod}" if namespace and pod else namespace or pod or labels.get("project", "")
    return (name, title), Group(name, title)
