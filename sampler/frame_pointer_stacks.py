"""Stacks of a processor on which the kernel follows frame pointers: set right before anybody sees them."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from dataclasses import replace

from ..symbols.mappings import AddressSpace
from ..symbols.namer import Namer
from ..symbols.vdso import NAME as VDSO
from ..unwinding.code import ProcessCode, UnwindTables
from ..unwinding.frame_pointers import Keeps, keeps_at, true_stack
from ..unwinding.table import UnwindTable
from .process_table import ProcessTable
from .raw_stacks import RawStack

MOST_SPACES, MOST_ADDRESSES = 1024, 1 << 15
"""Address spaces, and places in binaries, of which is remembered what was found."""


class FramePointerStacks:
    """Takes from stacks what no call has led to: see `true_stack`."""

    def __init__(self, namer: Namer, processes: ProcessTable) -> None:
        self._namer = namer
        self._processes = processes
        self._tables = UnwindTables()
        self._codes: OrderedDict[int, _Code] = OrderedDict()
        self._keeps: dict[tuple[UnwindTable, int], Keeps] = {}

    def set_right(self, raw: RawStack) -> RawStack:
        """The stack as the calls were. Where the process is gone the leaf's caller may be missing."""
        if len(raw.user) < 2:
            return raw
        space = self._processes.space(self._processes.find(raw.pid, raw.start_ns), raw.space)
        if space is None:
            return replace(raw, user=array("Q", [raw.user[0], *raw.user[2:]]))
        user, end = true_stack(raw.user, self._code(raw.space, space), raw.end)
        return replace(raw, user=array("Q", user), end=end)

    def _code(self, space_id: int, space: AddressSpace) -> _Code:
        code = self._codes.get(space_id)
        if code is None or code.space is not space:
            code = self._codes[space_id] = _Code(space, self._namer, self._tables, self._keeps)
            if len(self._codes) > MOST_SPACES:
                self._codes.popitem(last=False)
        self._codes.move_to_end(space_id)
        return code


class _Code:
    """The code of one address space, as `true_stack` asks of it."""

    def __init__(
        self, space: AddressSpace, namer: Namer, tables: UnwindTables, known: dict[tuple[UnwindTable, int], Keeps]
    ) -> None:
        self.space = space
        self._code = ProcessCode(space, namer.binaries, tables)
        self._known = known

    def keeps(self, address: int) -> Keeps:
        mapping = self.space.find(address)
        table = self._code.table(mapping) if mapping is not None else None
        if mapping is None or table is None:
            return Keeps.UNKNOWN
        if mapping.path == VDSO:  # calls nothing, and has no call frame information
            return Keeps.LINK
        key = table, address - mapping.start + mapping.offset
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_ADDRESSES:
                self._known.clear()
            found = self._known[key] = keeps_at(*key)
        return found
