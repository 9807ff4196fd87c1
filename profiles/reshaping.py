"""Other shapes of a call tree: recursion as one box, and all that is done under one function, whoever called it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .call_tree import FRAME, GROUP, SmallArray
from .locations import Frame
from .merging import WHAT, Boxes
from .view import View


def reshaped(boxes: Boxes, leaves: SmallArray, frames: list[Frame], view: View) -> tuple[Boxes, SmallArray]:
    """The boxes in the shape that a view wants, and where stacks end in it.

    Collapsed, a function that calls itself is one box. With a focus, functions of that name stand right below their
    group with what they call (of an inverted tree: who calls them), and all else is flat in the group.
    """
    focused = np.fromiter((frame.name == view.focus for frame in frames), dtype=np.bool_, count=len(frames))
    shape = _Shape(boxes, focused if view.focus else None, view.collapsed)
    for level in boxes.levels[1:]:
        shape.add(level)
    order, made = shape.in_order()
    return made, order[shape.place_of[leaves]]


class _Shape:
    """New boxes in the order of their making: one is made after that above it. `place_of` says where old ones went."""

    def __init__(self, boxes: Boxes, focused: npt.NDArray[np.bool_] | None, collapsed: bool) -> None:
        self._boxes = boxes
        self._focused = focused
        self._collapsed = collapsed
        self.place_of = np.zeros(len(boxes.keys), dtype=np.int32)
        self._inside = np.zeros(len(boxes.keys), dtype=np.bool_)
        self._above, self._keys = [0], [0]
        self._known: dict[int, int] = {}

    def add(self, level: slice) -> None:
        """Find or make the new boxes of a level of old ones."""
        boxes = self._boxes
        above, keys = boxes.above[level], boxes.keys[level]
        new_above = self.place_of[above]
        what = keys >> WHAT
        stays = np.zeros(len(keys), dtype=np.bool_)
        if self._focused is not None:
            framed = what == FRAME
            hit = framed.copy()
            hit[framed] = self._focused[keys[framed] & (1 << WHAT) - 1]
            self._inside[level] = self._inside[above] | hit
            stays = ~self._inside[level] & (what != GROUP)
        if self._collapsed:
            stays |= (what == FRAME) & (keys == np.array(self._keys, dtype=np.int32)[new_above])
        codes = new_above.astype(np.int64) << 32 | keys
        distinct, places = np.unique(codes[~stays], return_inverse=True)
        made = np.array([self._made(code) for code in distinct.tolist()], dtype=np.int32)
        here = new_above.copy()
        here[~stays] = made[places] if len(made) else here[~stays]
        self.place_of[level] = here

    def _made(self, code: int) -> int:
        place = self._known.get(code)
        if place is None:
            place = self._known[code] = len(self._keys)
            self._above.append(code >> 32)
            self._keys.append(code & 0xFFFFFFFF)
        return place

    def in_order(self) -> tuple[SmallArray, Boxes]:
        """The new boxes level by level, and for each in the order of its making where it is then."""
        above, keys = np.array(self._above, dtype=np.int32), np.array(self._keys, dtype=np.int32)
        depths = np.zeros(len(keys), dtype=np.int32)
        for place in range(1, len(keys)):
            depths[place] = depths[above[place]] + 1
        order = np.zeros(len(keys), dtype=np.int32)
        sorted_boxes, starts = [np.zeros(1, dtype=np.int64)], [0, 1]
        for depth in range(1, int(depths.max()) + 1):
            level = np.flatnonzero(depths == depth)
            level = level[np.lexsort((keys[level], order[above[level]]))]
            order[level] = starts[-1] + np.arange(len(level))
            sorted_boxes.append(level)
            starts.append(starts[-1] + len(level))
        every = np.concatenate(sorted_boxes)
        return order, Boxes(order[above[every]], keys[every], starts)
