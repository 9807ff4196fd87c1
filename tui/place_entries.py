"""Containers and pods as entries of the picker: a tree of namespace, workload, pod and container, then all others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from ..profiles.target import Target, target_of
from .chooser import Entry
from .process_reader import LiveProcess

Figures = Callable[[str, "float | None", int], str]
"""Writes the left column: a word, the share of a core, bytes."""

INDENT = "  "
WORDS = {"namespaces": "ns", "services": "service", "pods": "pod", "containers": "cont"}
"""What stands where a process has its number, by the choice of a target that an entry stands for."""


@dataclass(frozen=True, slots=True)
class PlaceKey:
    """What such an entry stands for: one of a target's choices, and the name in it."""

    choice: str
    name: str


@dataclass(slots=True)
class _Place:
    name: str
    path: tuple[PlaceKey, ...]
    cpu_percent: float | None = None
    memory: int = 0
    more: str = ""
    marks: str = ""


def place_entries(processes: Sequence[LiveProcess], figures: Figures) -> list[Entry]:
    """The places of these processes, the busiest first among their siblings; `figures` writes the left column."""
    places: dict[tuple[PlaceKey, ...], _Place] = {}
    for process in processes:
        for place in _places_of(process):
            known = places.setdefault(place.path, place)
            known.memory += process.memory
            known.marks = known.marks or place.marks
            if process.cpu_percent is not None:
                known.cpu_percent = (known.cpu_percent or 0.0) + process.cpu_percent
    order = {path: (-(place.cpu_percent or 0.0), place.name) for path, place in places.items()}

    def among_siblings(place: _Place) -> tuple[object, ...]:
        length = len(place.path)
        return (
            length == 1 and place.path[0].choice == "containers",
            *(order[place.path[: i + 1]] for i in range(length)),
        )

    return [
        Entry(
            place.path[-1],
            figures(WORDS[place.path[-1].choice], place.cpu_percent, place.memory),
            INDENT * (len(place.path) - 1) + place.name,
            "  ".join(filter(None, (place.more, place.marks))),
        )
        for place in sorted(places.values(), key=among_siblings)
    ]


def target_of_places(chosen: Sequence[Hashable]) -> Target:
    """The target that the keys of such entries stand for."""
    words: dict[str, frozenset[str]] = {}
    for key in chosen:
        if isinstance(key, PlaceKey):
            words[key.choice] = words.get(key.choice, frozenset()) | {key.name}
    return target_of(words)


def _places_of(process: LiveProcess) -> list[_Place]:
    """Where a process belongs, from the widest to the narrowest; nothing for what is in no container."""
    labels = process.place
    container, pod, namespace = (labels.get(key, "") for key in ("container", "pod", "namespace"))
    if not container:
        return []
    if not (pod and namespace):
        more = "/".join(filter(None, (labels.get("project"), labels.get("service") or pod)))
        return [_Place(container, (PlaceKey("containers", container),), more=more, marks=process.marks)]
    service = labels.get("service", pod)
    found: list[_Place] = []
    path: tuple[PlaceKey, ...] = ()
    for choice, name, full in (
        ("namespaces", namespace, namespace),
        ("services", service, f"{namespace}/{service}"),
        ("pods", pod, f"{namespace}/{pod}"),
        ("containers", container, f"{namespace}/{pod}/{container}"),
    ):
        path = (*path, PlaceKey(choice, full))
        marks = process.marks if choice in ("pods", "containers") else ""
        found.append(_Place(name, path, more="" if name == full else full.rpartition("/")[0], marks=marks))
    return found
