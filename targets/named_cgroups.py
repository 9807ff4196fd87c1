"""The control groups of the containers, pods, namespaces and services that a person named."""

from __future__ import annotations

from difflib import get_close_matches

from ..profiles.target import Target
from .cgroup_search import FOLDERS, walk
from .cgroups import CgroupLayout, own_layout
from .places import Places
from .titles import clean

PATIENCE_S = 15.0
"""How long engines may take to tell names, when nothing that is known already is meant."""

SHOWN = 8
"""How many names are offered instead of one that nothing has."""


class NothingNamed(ValueError):
    """No container, pod, namespace or service by that name; `why` is what there is instead."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what)
        self.why = why


class NamedCgroups:
    """Finds the groups of names, again and again: containers end, and others of the same name begin."""

    def __init__(self, places: Places, layout: CgroupLayout | None = None) -> None:
        self._places = places
        self._layout = layout or own_layout()

    def find(self, target: Target) -> dict[int, str]:
        """The groups that are meant now: their paths by the id that the kernel side knows. Of nested ones the outer."""
        found: dict[int, str] = {}
        if self._layout is None or not target.by_place:
            return found
        chosen: set[str] = set()
        for path, folder_id in walk(self._layout, FOLDERS):
            if path.rpartition("/")[0] in chosen:
                chosen.add(path)
            elif target.matches_place(path, self._places.labels(path)):
                chosen.add(path)
                found[folder_id] = path
        return found

    def require(self, target: Target) -> dict[int, str]:
        """The same, with patience. Raises NothingNamed where there is nothing by one of the names."""
        found = self.find(target)
        if not target.by_place or (found and not self._missing(target)):
            return found
        self._places.wait(PATIENCE_S)
        self._places.news()
        missing = self._missing(target)
        if missing is not None:
            kind, name = missing
            raise NothingNamed(f"no {kind} {clean(name)}", self._what_there_is(kind, name))
        return self.find(target)

    def _missing(self, target: Target) -> tuple[str, str] | None:
        """The first name that nothing has, with its kind."""
        return next(((kind, name) for kind, name, one in target.names() if not self.find(one)), None)

    def _what_there_is(self, kind: str, wanted: str) -> str:
        names = sorted(self._names(kind))
        close = get_close_matches(wanted[:200], names, SHOWN, 0.5)
        shown = list(dict.fromkeys([*close, *names]))[:SHOWN]
        there = f"there are {', '.join(shown)}{' ...' if len(names) > SHOWN else ''}"
        complaints = [f"{address}: {why}" for address, why in self._places.complaints.items()]
        return "; ".join([there if names else f"no {kind}s run here", *complaints])

    def _names(self, kind: str) -> set[str]:
        if self._layout is None:
            return set()
        found = set()
        for path, _ in walk(self._layout, FOLDERS):
            labels = self._places.labels(path)
            if name := labels.get(kind):
                namespace = labels.get("namespace") if kind == "pod" else ""
                found.add(f"{namespace}/{name}" if namespace else name)
        return found
