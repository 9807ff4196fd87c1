"""The call tree of a view: what the icicle draws, as numpy columns in pre-order.

The work of building it is in `tree_builder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .change import TreeChange
from .groups import Group
from .locations import Frame
from .selection import IntArray
from .vocabulary import StackEnd

SmallArray = npt.NDArray[np.int32]
"""Places and depths: half the size of other numbers, since a tree may have a million boxes."""

ALL, GROUP, END, FRAME = 0, 1, 2, 3
"""What a box is: the whole, a group of the first level, the mark of truncated stacks, a frame."""


@dataclass(frozen=True)
class CallTree:
    """Boxes in pre-order; box 0 is `all`. A box's subtree is the half-open range [i, ends[i]).

    `what` is ALL, GROUP, END or FRAME, and `refs` the index into `groups`, `StackEnd` or `frames` accordingly.
    `flat` and `cum` are values in the kind's unit, `flat_samples` and `cum_samples` numbers of samples.
    `worth` is the value of each sample, 0 where they differ.
    `change` is there in a comparison: what the baseline says of the same boxes.
    """

    what: npt.NDArray[np.int8]
    refs: SmallArray
    parents: SmallArray
    ends: SmallArray
    depths: SmallArray
    flat: IntArray
    cum: IntArray
    flat_samples: IntArray
    cum_samples: IntArray
    groups: list[Group]
    frames: list[Frame]
    worth: int = 0
    change: TreeChange | None = None

    def __len__(self) -> int:
        return len(self.what)

    @property
    def total(self) -> int:
        """The value of the whole."""
        return int(self.cum[0])

    @property
    def drawn(self) -> IntArray:
        """How wide boxes are drawn: by what they are worth, and in a comparison as the view wants it."""
        return self.cum if self.change is None else self.change.drawn

    @property
    def samples(self) -> int:
        """The number of samples in the whole."""
        return int(self.cum_samples[0])

    @cached_property
    def levels(self) -> list[SmallArray]:
        """The boxes of each depth, in their order."""
        short = self.depths.astype(np.uint16) if self.depths.max() < 1 << 16 else self.depths  # sorted much faster
        by_depth = np.argsort(short, kind="stable").astype(np.int32)
        return np.split(by_depth, np.flatnonzero(np.diff(self.depths[by_depth])) + 1)

    @cached_property
    def paths(self) -> npt.NDArray[np.uint64]:
        """What identifies a box by the names from the root to it: equal in two trees for the same path."""
        return path_hashes(self.what, self.refs, self.parents, self.levels, self.frames, self.groups)

    @cached_property
    def causes(self) -> tuple[list[str], npt.NDArray[np.int8]]:
        """Causes of waits, the first of them empty, and which of them each box's time was mostly for."""
        from .tree_causes import box_causes

        return box_causes(self)

    def identity(self, box: int) -> tuple[object, ...]:
        """What tells a box from its siblings, in this tree and any other."""
        return _identity(int(self.what[box]), int(self.refs[box]), self.frames, self.groups)

    def name(self, box: int) -> str:
        """What to call a box: `all`, a process's name and title, `[truncated: reason]`, a function's name."""
        what, ref = self.what[box], int(self.refs[box])
        if what == FRAME:
            return self.frames[ref].name
        if what == GROUP:
            group = self.groups[ref]
            name = f"{group.name}: {group.title}" if group.title and group.title != group.name else group.name
            name = f"{name} x{len(group.pids)}" if group.pids else name
            return f"{name} on {group.host}" if group.host else name
        return f"[truncated: {StackEnd(ref).reason}]" if what == END else "all"

    def frame(self, box: int) -> Frame | None:
        """The frame of a box, None where it is not one."""
        return self.frames[int(self.refs[box])] if self.what[box] == FRAME else None

    def group(self, box: int) -> Group | None:
        """The group of a box of the first level, None for other boxes."""
        return self.groups[int(self.refs[box])] if self.what[box] == GROUP else None

    def group_above(self, box: int) -> Group | None:
        """The group that a box belongs to; None for the whole, and where there is no first level."""
        if len(self.levels) < 2 or not box:
            return None
        first = self.levels[1]
        return self.group(int(first[np.searchsorted(first, box, "right") - 1]))

    def children(self, box: int) -> list[int]:
        """The boxes right below, in their order."""
        depth = int(self.depths[box]) + 1
        level = self.levels[depth] if depth < len(self.levels) else np.zeros(0, dtype=np.int32)
        first, last = np.searchsorted(level, (box, self.ends[box])).tolist()
        found: list[int] = level[first:last].tolist()
        return found

    def ancestors(self, box: int) -> list[int]:
        """The boxes from `all` down to the one above."""
        found: list[int] = []
        while box:
            box = int(self.parents[box])
            found.append(box)
        return found[::-1]


def path_hashes(
    what: npt.NDArray[np.integer],
    refs: SmallArray,
    above: npt.NDArray[np.integer],
    levels: Sequence[SmallArray | slice],
    frames: list[Frame],
    groups: list[Group],
) -> npt.NDArray[np.uint64]:
    """For each box a number that stands for the names from the root to it."""
    distinct, places = np.unique(what.astype(np.int64) << 32 | refs, return_inverse=True)
    identities = (_identity(key >> 32, key & 0xFFFFFFFF, frames, groups) for key in distinct.tolist())
    names = np.array([hash(identity) & (1 << 64) - 1 for identity in identities], dtype=np.uint64)[places]
    paths = names.copy()
    for level in levels[1:]:
        paths[level] = (paths[above[level]] ^ names[level]) * np.uint64(0x9E3779B97F4A7C15)
    return paths


def _identity(what: int, ref: int, frames: list[Frame], groups: list[Group]) -> tuple[object, ...]:
    if what == FRAME:
        frame = frames[ref]
        return (frame.name, frame.place)
    if what == GROUP:
        group = groups[ref]
        return (what, group.name, group.pid, group.tid, group.host)
    return (what, ref)
