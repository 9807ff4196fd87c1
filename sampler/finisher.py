"""Finishing what the kernel could not: unwinding from a copy of the stack, and giving the kernel the rows it lacked."""

from __future__ import annotations

import struct
from array import array
from collections import Counter, OrderedDict
from dataclasses import dataclass, field, replace

from ..profiles.locations import Location
from ..profiles.vocabulary import StackEnd
from ..symbols.mappings import AddressSpace, Mapping
from ..symbols.namer import Namer
from ..unwinding.code import ProcessCode, UnwindTables
from ..unwinding.pages import PAGE_SHIFT, pages_of
from ..unwinding.stack_bytes import StackBytes
from ..unwinding.unwinder import Registers, Walk, unwind
from .kernel_side import KernelSide
from .process_table import KnownProcess, ProcessTable
from .raw_stacks import RawStack, Snapshot

READ_AHEAD = 8
"""Pages of rows given to the kernel beyond one that was missed: code nearby runs soon."""

MOST_SPACES = 2048
MOST_PAGES = 32768
MOST_NOTHINGS = 16
"""Bounds on what is remembered of what the kernel was told; the last is of an address space."""

BINARY_SHIFT = 40

NO_ROWS = b"\0" + b"\xff" * 31 + bytes(8 * 32)
"""A page of code without unwind information."""


@dataclass(slots=True)
class Told:
    """What the kernel was told of an address space: the binaries' numbers, and where nothing is mapped."""

    space: AddressSpace
    code: ProcessCode
    numbers: dict[Mapping, int]
    nothing: list[int] = field(default_factory=list)


class Finisher:
    """Finishes samples.

    `counters` gets `finished`, `finished_complete`, `doubtful`, `finish_failed`, `pages_given`, and what the tables
    count.
    """

    def __init__(self, kernel: KernelSide, namer: Namer, processes: ProcessTable, most_frames: int) -> None:
        self._kernel = kernel
        self._namer = namer
        self._processes = processes
        self._most_frames = most_frames
        self._writer = kernel.mapping_writer()
        self.counters: Counter[str] = Counter()
        self._tables = UnwindTables(self.counters)
        self._told: OrderedDict[int, Told] = OrderedDict()
        self._given: OrderedDict[int, None] = OrderedDict()

    def finish(self, snapshot: Snapshot) -> RawStack:
        """The whole stack of a sample, with how it ended."""
        self.counters["finished"] += 1
        walked = snapshot.walked
        process = self._processes.find(walked.pid, walked.start_ns)
        space = self._processes.space(process, walked.space)
        if space is None:
            return replace(walked, end=StackEnd.PROCESS_GONE, user=array("Q", [*walked.user, snapshot.pc]))
        if snapshot.doubtful:
            self.counters["doubtful"] += 1
            self._processes.reread(process)
        told = self._tell(walked.space, process, again=snapshot.unmapped)
        try:
            walk = self._unwind(snapshot, told.code)
            fresh = walk.left_code and self._processes.reread(process)
            if fresh and process.space is not told.space:
                told = self._tell(walked.space, process, again=False)
                walk = self._unwind(snapshot, told.code)
            self._give_pages(snapshot, walk, told, fresh)
        except (ValueError, IndexError, KeyError, struct.error, OverflowError):
            # Whatever a target's files make the unwinder stumble over costs this one stack.
            self.counters["finish_failed"] += 1
            return replace(walked, end=StackEnd.BAD_ROW, user=array("Q", [*walked.user, snapshot.pc]))
        self.counters["finished_complete"] += walk.end is StackEnd.COMPLETE
        end = StackEnd.PROCESS_GONE if walk.left_code and process.gone else walk.end
        return replace(walked, end=end, user=array("Q", [*walked.user, *after_calls(walk, bool(walked.user))]))

    def function_start(self, location: Location) -> int | None:
        """The offset at which the function of a location begins, for code without symbols; None when not known."""
        binary = self._namer.binaries.with_build_id(location.build_id) if location.build_id else None
        return self._tables.of(binary).function_start(location.offset) if binary is not None else None

    def refresh(self, process: KnownProcess) -> None:
        """Tell the kernel again when the process's mappings have changed since it was told."""
        if process.space_id in self._told and process.space is not None:
            self._tell(process.space_id, process, again=False)

    def _unwind(self, snapshot: Snapshot, code: ProcessCode) -> Walk:
        others = {} if snapshot.is_return_address else dict(enumerate(snapshot.registers))
        return unwind(
            Registers(snapshot.pc, snapshot.sp, snapshot.bp, others),
            StackBytes([(snapshot.sp, snapshot.stack)]),
            code,
            max(self._most_frames - len(snapshot.walked.user), 1),
            snapshot.is_return_address,
        )

    def _tell(self, space_id: int, process: KnownProcess, again: bool) -> Told:
        """Make sure that the kernel knows what is mapped in an address space."""
        space = process.space
        assert space is not None
        told = self._told.get(space_id)
        if told is None or told.space is not space:
            numbers = self._writer.write(space_id, space)
            told = self._told[space_id] = Told(space, ProcessCode(space, self._namer.binaries, self._tables), numbers)
            if len(self._told) > MOST_SPACES:
                self._told.popitem(last=False)
        elif again:
            self._writer.write(space_id, space, told.nothing)
        self._told.move_to_end(space_id)
        return told

    def _give_pages(self, snapshot: Snapshot, walk: Walk, told: Told, fresh: bool) -> None:
        """Give the kernel the rows that this walk needed, and some that the next ones may need.

        `fresh` says that the mappings were read after the sample was taken.
        """
        exact = set(walk.exact)
        for place, address in enumerate(walk.addresses):
            address -= place not in exact
            mapping = told.space.find(address)
            if mapping is None:
                if fresh:
                    self._remember_nothing(address, told, snapshot.walked.space)
                continue
            number = told.numbers.get(mapping)
            if number is not None:
                first = address - mapping.start + mapping.offset >> PAGE_SHIFT
                missed = place == 0 and not snapshot.unmapped
                self._give(number, mapping, told, range(first, first + 1 + READ_AHEAD * missed), missed)

    def _give(self, number: int, mapping: Mapping, told: Told, pages: range, missed: bool) -> None:
        table = told.code.table(mapping)
        last = mapping.offset + mapping.end - mapping.start - 1 >> PAGE_SHIFT
        for page in pages:
            key = number << BINARY_SHIFT | page
            if page > last or (key in self._given and not (missed and page == pages[0])):
                continue
            for low, content in pages_of(table, page, self.counters) if table is not None else [(page, NO_ROWS)]:
                self._kernel.put_page(number << BINARY_SHIFT | low, content)
                self.counters["pages_given"] += 1
            self._given[key] = None
            if len(self._given) > MOST_PAGES:
                self._given.popitem(last=False)

    def _remember_nothing(self, address: int, told: Told, space_id: int) -> None:
        """No code is mapped there: the kernel need not ask again until the mappings change."""
        if len(told.nothing) < MOST_NOTHINGS:
            told.nothing.append(address)
            self._writer.write(space_id, told.space, told.nothing)


def after_calls(walk: Walk, has_callees: bool) -> list[int]:
    """The addresses of a walk, those that are no return addresses as if they were, but for a stack's first."""
    found = list(walk.addresses)
    for place in walk.exact:
        if place < len(found) and (place or has_callees):
            found[place] += 1
    return found
