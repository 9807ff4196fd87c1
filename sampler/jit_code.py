"""Watching code that processes make while they run: its names come late, and other code takes its place.

A perf map is read some time after the code was first seen, so a location may get its name later. When an entry for an
address is written anew, samples from then on are of other code: the stacks with that address are asked for again.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..profiles.locations import Line
from ..symbols.mappings import AddressSpace
from ..symbols.namer import Namer
from ..symbols.perf_map import PerfMap

MOST_PROCESSES = 64
MOST_PLACES, MOST_STACKS = 8192, 8192
"""Bounds: processes watched, of each the addresses and the stacks with them. What is beyond keeps its first name."""

AddressKey = tuple[int, int, int]
"""Address space, start of the process (ns since boot), address."""

ProcessKey = tuple[int, int]
"""Pid and start (ns since boot)."""


@dataclass(slots=True)
class Place:
    """An address in code made at run time: its location, and what the map said of it (-1: nothing)."""

    location: int
    entry: int
    lines: tuple[Line, ...]


@dataclass(slots=True)
class Watched:
    """The code of one process that was seen; `unnamed` of its places have no name."""

    space: AddressSpace
    generation: int
    unnamed: int = 0
    places: dict[AddressKey, Place] = field(default_factory=dict)
    stacks: set[int] = field(default_factory=set)


@dataclass(slots=True)
class News:
    """What changed: lines of locations that had none, addresses that mean something else now, and stacks with them."""

    names: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    addresses: list[AddressKey] = field(default_factory=list)
    stacks: set[int] = field(default_factory=set)


class JitCode:
    """The code made at run time that was seen, by process. `counters` gets `jit_unwatched`: addresses beyond bounds."""

    def __init__(self, namer: Namer, counters: Counter[str]) -> None:
        self._namer = namer
        self._counters = counters
        self._watched: OrderedDict[ProcessKey, Watched] = OrderedDict()

    def clear(self) -> None:
        """Forget all."""
        self._watched.clear()

    def saw(self, start_ns: int, space: AddressSpace, key: AddressKey, location: int, lines: tuple[Line, ...]) -> None:
        """Note that a location was made for an address of a process; empty `lines`: it has no name yet."""
        watched = self._of(start_ns, space)
        watched.space = space
        if len(watched.places) >= MOST_PLACES:
            self._counters["jit_unwatched"] += 1
            return
        entry = self._namer.perf_map(space).place(key[2])
        known = watched.places.get(key)
        watched.unnamed += (not lines) - (known is not None and not known.lines)
        watched.places[key] = Place(location, -1 if entry is None or not lines else entry, lines)

    def saw_stack(self, start_ns: int, space: AddressSpace, stack: int, keys: list[AddressKey]) -> None:
        """Note that a stack has such addresses."""
        watched = self._watched.get((space.pid, start_ns))
        if watched is not None and len(watched.stacks) < MOST_STACKS and any(key in watched.places for key in keys):
            watched.stacks.add(stack)

    def unnamed(self) -> Iterator[tuple[ProcessKey, PerfMap]]:
        """The processes with code that has no name, and their maps."""
        for key, watched in self._watched.items():
            if watched.unnamed:
                yield key, self._namer.perf_map(watched.space)

    def news(self, at_once: bool = False) -> News:
        """What the maps say that they did not before; `at_once` looks even at those that were just looked at."""
        news = News()
        for watched in self._watched.values():
            perf_map = self._namer.perf_map(watched.space)
            perf_map.refresh(at_once)
            if perf_map.generation != watched.generation:
                watched.generation = perf_map.generation
                self._compare(watched, news)
        if self._watched:
            self._namer.bound_perf_maps()
        return news

    def _of(self, start_ns: int, space: AddressSpace) -> Watched:
        key = (space.pid, start_ns)
        watched = self._watched.get(key)
        if watched is None:
            if any(pid == space.pid for pid, _ in self._watched):
                self._namer.forget(space.pid)
            watched = self._watched[key] = Watched(space, self._namer.perf_map(space).generation)
            if len(self._watched) > MOST_PROCESSES:
                self._watched.popitem(last=False)
        self._watched.move_to_end(key)
        return watched

    def _compare(self, watched: Watched, news: News) -> None:
        perf_map, changed = self._namer.perf_map(watched.space), False
        for key, place in list(watched.places.items()):
            entry = perf_map.place(key[2])
            if entry is None or entry == place.entry:
                continue
            found = perf_map.find(key[2])
            if found is None or place.lines == (found.line,):
                place.entry = entry
            elif not place.lines:
                place.entry, place.lines = entry, (found.line,)
                watched.unnamed -= 1
                news.names[place.location] = place.lines
            else:
                del watched.places[key]
                news.addresses.append(key)
                changed = True
        if changed:
            news.stacks |= watched.stacks
            watched.stacks.clear()
