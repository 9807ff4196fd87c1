"""From addresses as the kernel sent them to a node of the stack table, and names for what is found there."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from ..profiles.locations import Line, Location, is_generated, placeholder
from ..profiles.vocabulary import Language, StackEnd
from ..symbols.mappings import AddressSpace
from ..symbols.namer import Namer
from .jit_code import AddressKey, JitCode, ProcessKey
from .process_table import KnownProcess, ProcessTable
from .python_stacks import PythonStacks
from .raw_stacks import RawStack
from .tables import Tables

MOST_ADDRESSES = 60_000
MOST_NOTED = 64
"""Bounds: addresses that are remembered, processes of which is noted that their stacks are cut short."""

ENTRIES = frozenset(
    (
        *("_start", "_dl_start_user", "__libc_start_main", "__libc_start_call_main"),
        *("clone", "clone3", "__clone", "__clone3", "start_thread", "thread_start"),
        *("runtime.goexit", "runtime.rt0_go", "runtime.mstart", "runtime.mcall", "runtime.systemstack"),
        *("runtime.goexit.abi0", "runtime.rt0_go.abi0", "runtime.mstart.abi0", "runtime.systemstack.abi0"),
    )
)
"""Functions that no other called: a stack whose outermost frame is one of these is complete."""

MAY_BE_COMPLETE = frozenset((StackEnd.NO_UNWIND_INFO, StackEnd.UNREADABLE_STACK, StackEnd.NO_FRAME_POINTER))
"""Ends at which the walker may have been at a thread's entry without knowing it."""

UNKNOWN = "[unknown]"
"""The binary of an address that lies in no mapping that could be read."""


class StackReader:
    """Locates addresses once each, remembers them, and names locations as time allows.

    `generated_code` is what was seen of code made at run time, `without_frame_pointers` has the Java processes whose
    stacks end in such code. `function_start` gives the offset at which the function of a location begins.
    """

    def __init__(
        self,
        tables: Tables,
        namer: Namer,
        processes: ProcessTable,
        python: PythonStacks | None = None,
        function_start: Callable[[Location], int | None] = lambda location: None,
    ) -> None:
        self._tables = tables
        self._function_start = function_start
        self._namer = namer
        self._processes = processes
        self._python = python
        self._by_address: OrderedDict[AddressKey, int] = OrderedDict()
        self.generated_code = JitCode(namer, namer.counters)
        self.without_frame_pointers: dict[ProcessKey, None] = {}
        self._pending: deque[tuple[int, AddressSpace | None, Location]] = deque()

    def start_anew(self, tables: Tables) -> None:
        """Go on with empty tables."""
        self._tables = tables
        self._by_address.clear()
        self._pending.clear()
        self.generated_code.clear()
        if self._python is not None:
            self._python.start_anew(tables)

    def node(self, raw: RawStack) -> int:
        """The node of a stack; its locations may get their names later."""
        kernel = [self._kernel(address - bool(place)) for place, address in enumerate(raw.kernel)]
        user, end = self._located(raw)
        return self._tables.node(end, reversed(kernel + user))

    def user_locations(self, raw: RawStack) -> list[int]:
        """The location ids of a stack's user part, leaf first, Python's frames among them."""
        return self._located(raw)[0]

    def _located(self, raw: RawStack) -> tuple[list[int], StackEnd]:
        process = self._processes.find(raw.pid, raw.start_ns)
        space = self._processes.space(process, raw.space) if raw.user else None
        if process.unmapped:
            self._forget_unmapped(raw, process)
        user, cut = self._user(raw, process, space)
        if space is not None and raw.stack:
            keys = [(raw.space, raw.start_ns, address) for _, address in user]
            self.generated_code.saw_stack(raw.start_ns, space, raw.stack, keys)
        end = self._end(raw, user, space, cut)
        if end is StackEnd.JIT_NO_FRAME_POINTER and space is not None and self._runs_java(space):
            self._note_without_frame_pointers((raw.pid, raw.start_ns))
        frames = [index for index, _ in user]
        if space is not None and self._python is not None:
            frames, end = self._python.merged(raw, space, user, end)
        return frames, end

    def _forget_unmapped(self, raw: RawStack, process: KnownProcess) -> None:
        """Other files may be mapped where some were: locate what is there anew."""
        gone, process.unmapped = AddressSpace(raw.pid, tuple(sorted(process.unmapped))), []
        for key in [key for key in self._by_address if key[:2] == (raw.space, raw.start_ns) and gone.find(key[2])]:
            del self._by_address[key]

    def _runs_java(self, space: AddressSpace) -> bool:
        return self._namer.perf_map(space).language is Language.JAVA

    def _note_without_frame_pointers(self, process: ProcessKey) -> None:
        if len(self.without_frame_pointers) < MOST_NOTED:
            self.without_frame_pointers[process] = None

    def follow_generated_code(self, last: bool = False) -> set[int]:
        """Name code made at run time that had no name yet; gives the stacks that have to be sent again, because other
        code has taken the place of some of theirs."""
        news = self.generated_code.news(at_once=last)
        for index, lines in news.names.items():
            self._tables.name(index, lines)
        for key in news.addresses:
            self._by_address.pop(key, None)
        return news.stacks

    def name_python(self, raw: RawStack) -> None:
        """Name the Python code of a stack that will be asked for later."""
        space = self._processes.space(self._processes.find(raw.pid, raw.start_ns), raw.space)
        if space is not None and self._python is not None:
            self._python.name(raw, space)

    def name_pending(self, seconds: float) -> None:
        """Name locations that wait, oldest first, until the time is used up."""
        until = time.perf_counter() + seconds
        while self._pending and time.perf_counter() < until:
            self._name(*self._pending.popleft())

    def name_first(self, indexes: list[int]) -> None:
        """Name these locations now, where they wait for it."""
        first = [waiting for waiting in self._pending if waiting[0] in indexes] if indexes else []
        for waiting in first:
            self._pending.remove(waiting)
            self._name(*waiting)

    def _name(self, index: int, space: AddressSpace | None, location: Location) -> None:
        lines = self._namer.name(space, location) or self._by_start(location)
        if lines:
            self._tables.name(index, lines)

    def _by_start(self, location: Location) -> tuple[Line, ...]:
        """What stands for the name of a function without a symbol, the same for all its places; empty when its start
        is not known."""
        start = self._function_start(location)
        return (Line(placeholder(location.binary, start)),) if start is not None else ()

    def _kernel(self, address: int) -> int:
        key = (0, 0, address)
        index = self._by_address.get(key)
        if index is None:
            index = self._remember(key, self._namer.locate_kernel(address), None)
        return index

    def _user(
        self, raw: RawStack, process: KnownProcess, space: AddressSpace | None
    ) -> tuple[list[tuple[int, int]], bool]:
        """(location id, address) leaf first, and whether the rest was cut off because it is no code."""
        found: list[tuple[int, int]] = []
        for place, address in enumerate(raw.user):
            # A return address belongs to the call before it, which may be the last instruction of its function.
            address -= bool(place)
            key = (raw.space, raw.start_ns, address)
            index = self._by_address.get(key)
            if index is None:
                if space is not None and space.find(address) is None and self._processes.reread(process):
                    space = process.space or space
                if space is None or space.find(address) is None:
                    if place:
                        return found, True
                    index = self._tables.location(Location(Language.NATIVE, UNKNOWN, "", address))[0]
                else:
                    index = self._remember(key, self._namer.locate_user(space, address), space)
            found.append((index, address))
        return found, False

    def _remember(self, key: AddressKey, location: Location, space: AddressSpace | None) -> int:
        generated = is_generated(location.binary)
        index, new = self._tables.location(location, key[0] if generated else 0)
        if generated and space is not None:
            self.generated_code.saw(key[1], space, key, index, location.lines)
        elif new and not location.lines:
            self._pending.append((index, space, location))
        self._by_address[key] = index
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        return index

    def _end(self, raw: RawStack, user: list[tuple[int, int]], space: AddressSpace | None, cut: bool) -> StackEnd:
        if raw.user and space is None:
            return StackEnd.PROCESS_GONE
        if cut:
            return StackEnd.BAD_ROW if raw.end is StackEnd.COMPLETE else raw.end
        if user and space is not None and raw.end in MAY_BE_COMPLETE and self._is_entry(space, user[-1][1]):
            return StackEnd.COMPLETE
        return raw.end

    def _is_entry(self, space: AddressSpace, address: int) -> bool:
        location = self._namer.locate_user(space, address)
        lines = location.lines or self._namer.name(space, location)
        return bool(lines) and lines[-1].function in ENTRIES
