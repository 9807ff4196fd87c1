"""Reading several fields of a struct in one go."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from operator import itemgetter
from typing import Any


class Fields:
    """Fields at offsets that a layout tells, each with its format of the module `struct`, such as `Q`.

    `size` is how many bytes hold them all. There have to be at least two, and they must not overlap.
    """

    def __init__(self, places: Sequence[tuple[int, str]]) -> None:
        order = sorted(range(len(places)), key=lambda index: places[index][0])
        text, end = "<", 0
        for index in order:
            offset, form = places[index]
            text += f"{offset - end}x{form}"
            end = offset + struct.calcsize(form)
        self._unpack = struct.Struct(text).unpack_from
        self._pick = itemgetter(*(order.index(index) for index in range(len(places))))
        self.size = end

    def of(self, data: bytes) -> tuple[Any, ...]:
        """The values, in the order in which the fields were given. Raises struct.error when `data` is too short."""
        found: tuple[Any, ...] = self._pick(self._unpack(data))
        return found
