"""The call tree of a view: what the icicle draws, as numpy columns in pre-order.

The work of building it is in `tree_builder`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .groups import Group
from .locations import Frame
from .selection import IntArray
from .vocabulary import StackEnd

ALL, GROUP, END, FRAME = 0, 1, 2, 3
"""What a box is: the whole, a group of the first level, the mark of truncated stacks, a frame."""


@dataclass(frozen=True, slots=True)
class CallTree:
    """Boxes in pre-order; box 0 is `all`. A box's subtree is the half-open range [i, ends[i]).

    `what` is ALL, GROUP, END or FRAME, and `refs` the index into `groups`, `StackEnd` or `frames` accordingly.
    `flat` and `cum` are values in the kind's unit, `flat_samples` and `cum_samples` numbers of samples.
    `paths` identifies a box by the names from the root to it: equal in two trees for the same path.
    """

    what: npt.NDArray[np.int8]
    refs: IntArray
    parents: IntArray
    ends: IntArray
    depths: IntArray
    flat: IntArray
    cum: IntArray
    flat_samples: IntArray
    cum_samples: IntArray
    paths: npt.NDArray[np.uint64]
    groups: list[Group]
    frames: list[Frame]

    def __len__(self) -> int:
        return len(self.what)

    @property
    def total(self) -> int:
        """The value of the whole."""
        return int(self.cum[0])

    @property
    def samples(self) -> int:
        """The number of samples in the whole."""
        return int(self.cum_samples[0])

    def name(self, box: int) -> str:
        """What to call a box: `all`, a process's name and title, `[truncated: reason]`, a function's name."""
        what, ref = self.what[box], int(self.refs[box])
        if what == FRAME:
            return self.frames[ref].name
        if what == GROUP:
            group = self.groups[ref]
            return f"{group.name}: {group.title}" if group.title and group.title != group.name else group.name
        return f"[truncated: {StackEnd(ref).reason}]" if what == END else "all"

    def frame(self, box: int) -> Frame | None:
        """The frame of a box, None where it is not one."""
        return self.frames[int(self.refs[box])] if self.what[box] == FRAME else None

    def group(self, box: int) -> Group | None:
        """The group of a box of the first level, None for other boxes."""
        return self.groups[int(self.refs[box])] if self.what[box] == GROUP else None

    def children(self, box: int) -> list[int]:
        """The boxes right below, in their order."""
        found, child = [], box + 1
        while child < self.ends[box]:
            found.append(child)
            child = int(self.ends[child])
        return found

    def ancestors(self, box: int) -> list[int]:
        """The boxes from `all` down to the one above."""
        found: list[int] = []
        while box:
            box = int(self.parents[box])
            found.append(box)
        return found[::-1]
