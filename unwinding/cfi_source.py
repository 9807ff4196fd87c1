"""Rows from the call frame information of a binary: found through a sorted index, decoded function by function."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Protocol

from ..symbols.raw_bytes import BrokenFile
from .cfa_machine import State
from .frame_records import FrameRecords, Function
from .rows import BAD
from .sorted_pairs import Found
from .stretch import LAST_ADDRESS, Stretch, gap, one_row

MOST_DECODED = 32
"""Functions whose rows are kept, so that a long one is not decoded for each of its pages."""


class FunctionIndex(Protocol):
    """Sorted starts of functions with the offset of the record of each."""

    def find(self, value: int) -> Found | int | None:
        """As `SortedPairs.find`."""


class CfiSource:
    """Rows of one section of call frame information. `offset_in_section` is taken off what the index refers to.

    `counters` gets `cfi_broken` for each function whose records could not be read.
    """

    def __init__(
        self, records: FrameRecords, index: FunctionIndex, offset_in_section: int, counters: Counter[str]
    ) -> None:
        self._records = records
        self._index = index
        self._offset = offset_in_section
        self._counters = counters
        self._decoded: OrderedDict[int, Stretch] = OrderedDict()

    def stretch_at(self, address: int) -> Stretch:
        """The rows of the function around an address, a gap where there is none, BAD where it cannot be read."""
        found = self._index.find(address)
        if not isinstance(found, Found):
            return gap(0, LAST_ADDRESS if found is None else found)
        following = LAST_ADDRESS if found.following is None else max(found.following, address + 1)
        stretch = self._decoded.get(found.start)
        if stretch is None:
            stretch = self._decode(found)
        else:
            self._decoded.move_to_end(found.start)
        if address >= stretch.end:
            return gap(stretch.end, following)
        return stretch.part(stretch.begin, following)

    def rules_at(self, address: int) -> State:
        """All rules at an address. Raises BrokenFile where there are none."""
        found = self._index.find(address)
        function = self._function(found) if isinstance(found, Found) else None
        if function is None or not function.begin <= address < function.end:
            raise BrokenFile("no function there")
        return self._records.rules_of(function, address)

    def _decode(self, found: Found) -> Stretch:
        try:
            stretch = self._records.stretch_of(self._function(found))
        except BrokenFile:
            self._counters["cfi_broken"] += 1
            end = LAST_ADDRESS if found.following is None else found.following
            stretch = one_row(found.start, max(end, found.start + 1), BAD)
        self._decoded[found.start] = stretch
        if len(self._decoded) > MOST_DECODED:
            self._decoded.popitem(last=False)
        return stretch

    def _function(self, found: Found) -> Function:
        function = self._records.function_at(found.reference - self._offset)
        if function is None or function.begin != found.start:
            raise BrokenFile("the index refers to something else")
        return function
