"""Why threads waited: the cause of each wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .profile import Profile
from .stacks import ROOTS
from .vocabulary import PEER, WAITING

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CauseRow:
    """All waits for one cause: how often, how long, and their share of the view's total."""

    cause: str
    samples: int
    value: int
    percent: float


def cause_of_leaf(name: str) -> str:
    """The cause that a leaf's name stands for: `[disk I/O]` for `disk I/O`."""
    return name.removeprefix("[").removesuffix("]")


def causes_of_nodes(profile: Profile, nodes: IntArray) -> tuple[list[str], IntArray]:
    """The causes there are, the first of them empty, and for each node the place of its own: 0 where it is no wait."""
    names: dict[str, int] = {"": 0}
    of_locations = np.zeros(len(profile.locations) + 1, dtype=np.int64)
    peers = np.zeros(len(profile.locations) + 1, dtype=np.bool_)
    for place, location in enumerate(profile.locations):
        if location.binary == WAITING and location.lines:
            of_locations[place] = names.setdefault(cause_of_leaf(location.lines[0].function), len(names))
        peers[place] = location.binary == PEER
    # Copies: an array that a buffer is taken of cannot grow.
    parents = np.array(profile.stacks.parents, dtype=np.int64)
    locations = np.minimum(np.array(profile.stacks.locations, dtype=np.int64), len(profile.locations))
    at = nodes.copy()
    while (above := (at >= ROOTS) & peers[locations[at]]).any():
        at = np.where(above, parents[at], at)
    return list(names), of_locations[locations[at]]
