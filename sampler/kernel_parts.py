"""What the kernel's part of a stack tells of a wait. Equal parts come in many stacks: each is looked at once."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from typing import NamedTuple

from ..symbols.namer import Namer
from .wait_causes import cause_of, is_by_interrupt, is_waking, scheduler_frames

MOST_PARTS = 8192
"""Parts that are remembered; the longest unseen goes."""


class KernelPart(NamedTuple):
    """Whether somebody is woken there, if so by whom an interrupt hit; why a thread waits there; and how many frames
    from the leaf are the switch itself."""

    wakes: bool
    by_interrupt: bool
    cause: str
    switch: int


class KernelParts:
    """Remembers what kernel stacks tell, by their addresses."""

    def __init__(self, namer: Namer) -> None:
        self._namer = namer
        self._known: OrderedDict[bytes, KernelPart] = OrderedDict()

    def of(self, addresses: array[int]) -> KernelPart:
        """By return addresses, leaf first; the leaf is where it is."""
        key = addresses.tobytes()
        if key not in self._known:
            self._known[key] = self._read(
                [self._name(address - bool(place)) for place, address in enumerate(addresses)]
            )
            if len(self._known) > MOST_PARTS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _name(self, address: int) -> str:
        lines = self._namer.locate_kernel(address).lines
        return lines[-1].function if lines else ""

    def _read(self, names: list[str]) -> KernelPart:
        return KernelPart(is_waking(names), is_by_interrupt(names), cause_of(names), scheduler_frames(names))
