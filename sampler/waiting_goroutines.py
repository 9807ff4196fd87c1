"""What the goroutines of a Go program wait for while its scheduler waits for events: looked at from outside."""

from __future__ import annotations

from collections import OrderedDict

from ..profiles.printable import printable
from ..profiles.vocabulary import Language
from ..symbols.cpython.memory import ProcessMemory
from ..symbols.goroutines import Goroutines, variables_of
from ..symbols.mappings import AddressSpace, read_address_space
from ..symbols.namer import Namer
from .waiting_tasks import in_one_line

MOST_LOOKS, MOST_PROCESSES = 16, 256
"""Processes whose goroutines are looked at in one reading, and that are remembered: a look takes up to some 10 ms."""

MOST_ADDRESSES = 16384
"""Addresses of a process whose functions are remembered."""

NEAREST_FRAMES = 12
"""Of each goroutine so many functions are told, from the innermost on."""

POLL = "runtime.netpoll"
"""Go's function in which its scheduler waits for events."""

PARKED = frozenset(("runtime.stopm", "runtime.sysmon", "runtime.templateThread"))
"""Those in which threads of the scheduler wait, by a futex, until there is work."""

RUNTIME, INNER = "runtime.", ("runtime.", "internal/")
"""What names of functions begin with that are left out, but for the runtime's outermost: it tells the reason."""


class WaitingGoroutines:
    """Tells the goroutines of processes, each process once a reading."""

    def __init__(self, namer: Namer) -> None:
        self._namer = namer
        self._readers: OrderedDict[tuple[int, int], Goroutines | None] = OrderedDict()
        self._told: dict[tuple[int, int], list[tuple[str, ...]]] = {}

    def begin(self) -> None:
        """A new reading: look anew."""
        self._told.clear()

    def has(self, pid: int, start_ns: int) -> bool:
        """Whether it is a Go program of which that can be had."""
        return self._reader((pid, start_ns)) is not None

    def of(self, pid: int, start_ns: int) -> list[tuple[str, ...]]:
        """What to show below the wait of a process's scheduler, for each goroutine that waits: the function that it was
        begun with, and those it is in. Empty where that cannot be had."""
        key = (pid, start_ns)
        if key not in self._told:
            if len(self._told) >= MOST_LOOKS:
                return []
            reader = self._reader(key)
            self._told[key] = [told(functions) for functions in reader.look()] if reader is not None else []
        return self._told[key]

    def _reader(self, key: tuple[int, int]) -> Goroutines | None:
        if key not in self._readers:
            try:
                self._readers[key] = self._find(read_address_space(key[0]))
            except OSError:
                self._readers[key] = None
            if len(self._readers) > MOST_PROCESSES:
                self._readers.popitem(last=False)
        self._readers.move_to_end(key)
        return self._readers[key]

    def _find(self, space: AddressSpace) -> Goroutines | None:
        """What reads the goroutines of a process whose own program, not a library of it, is Go's."""
        mapping = next((mapping for mapping in space.mappings if mapping.has_file), None)
        binary = self._namer.binaries.behind(space, mapping) if mapping is not None else None
        if mapping is None or binary is None or binary.language is not Language.GO:
            return None
        variables, address = variables_of(binary.elf), binary.elf.address_of(mapping.offset)
        if variables is None or address is None:
            return None
        place = variables[0] + mapping.start - address
        return Goroutines(ProcessMemory(space.pid), (place, variables[1]), _Names(self._namer, space).of)


class _Names:
    """The functions at addresses of a process."""

    def __init__(self, namer: Namer, space: AddressSpace) -> None:
        self._namer = namer
        self._space = space
        self._known: dict[int, tuple[str, ...]] = {}

    def of(self, address: int) -> tuple[str, ...]:
        """Those inlined first."""
        if address not in self._known:
            if len(self._known) >= MOST_ADDRESSES:
                self._known.clear()
            lines = self._namer.locate_user(self._space, address).lines
            self._known[address] = tuple(line.function for line in lines)
        return self._known[address]


def told(functions: tuple[str, ...]) -> tuple[str, str]:
    """A goroutine as a person reads it, by its functions, leaf first: `[goroutine of main.serve]`, and
    `[in runtime.chanrecv1 < main.take < main.serve]`."""
    outside = next((place for place, name in enumerate(functions) if not name.startswith(RUNTIME)), 0)
    own = [name for name in functions if not name.startswith(INNER)] or list(functions[-1:])
    nearest = [*functions[max(outside - 1, 0) : outside], *own][:NEAREST_FRAMES]
    return f"[goroutine of {printable(own[-1])}]", in_one_line(map(printable, nearest))
