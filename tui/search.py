"""Searching names: which boxes and functions match, and what share of all samples they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..profiles.call_tree import CallTree
    from ..profiles.locations import Frame

LONGEST = 1024
"""Characters of a name that are searched."""

REPEATED_GROUP = re.compile(r"\)[*+{]")


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search found: a mark for each box of the tree, the frames' ids, and the share of the total in percent."""

    boxes: npt.NDArray[np.bool_]
    frames: frozenset[int]
    share: float

    def beside(self, box: int, direction: int) -> int | None:
        """The next matching box after `box` (direction 1) or before it (-1), going round at the ends."""
        places = self.boxes.nonzero()[0].tolist()
        if not places:
            return None
        ahead = [place for place in places if (place - box) * direction > 0]
        return ahead[0 if direction > 0 else -1] if ahead else places[0 if direction > 0 else -1]


@dataclass(frozen=True, slots=True)
class Names:
    """What a search says of the names of frames, in their order: they are added to, and keep their names."""

    text: str
    frames: list[Frame]
    hits: list[bool]

    def all(self) -> list[bool]:
        """For each frame whether it matches."""
        pattern = compile_search(self.text)
        self.hits.extend(is_hit(pattern, frame.name) for frame in self.frames[len(self.hits) :])
        return self.hits


class Search:
    """The search that stands, and what it found in the picture on the screen."""

    def __init__(self) -> None:
        self.text = ""
        self.matches: Matches | None = None
        self._known = Names("", [], [])

    @property
    def share(self) -> float | None:
        """The share of all samples that match, in percent; None without a search."""
        return self.matches.share if self.matches is not None else None

    def look(self, tree: CallTree) -> None:
        """Search another tree."""
        if not self.text:
            self.matches = None
            return
        if self._known.text != self.text or self._known.frames is not tree.frames:
            self._known = Names(self.text, tree.frames, [])
        self.matches = find_matches(tree, self._known)

    def misses(self, box: int) -> bool:
        """Whether there is a search that a box does not match."""
        return self.matches is not None and not self.matches.boxes[box]


def exactly(name: str) -> str:
    """A search that finds this very name."""
    return f"^{re.escape(name)}$"


def compile_search(text: str) -> re.Pattern[str]:
    """The pattern for what was typed: a regular expression, or where it is not one, the very text. Case is ignored.

    A repeated group is text as well: `(\\w+)+!` takes hours with some names, and the screen with it.
    """
    try:
        if not REPEATED_GROUP.search(text):
            return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError):
        pass
    return re.compile(re.escape(text), re.IGNORECASE)


def is_hit(pattern: re.Pattern[str], name: str) -> bool:
    """Whether a name matches."""
    return pattern.search(name[:LONGEST]) is not None


def find_matches(tree: CallTree, names: Names) -> Matches:
    """All matches in a tree; a box inside a matching one counts only once in the share."""
    import numpy as np

    from ..profiles.call_tree import FRAME, GROUP

    pattern = compile_search(names.text)
    frames = np.array(names.all(), dtype=np.bool_)
    groups = np.array([is_hit(pattern, f"{group.name}: {group.title}") for group in tree.groups], dtype=np.bool_)
    boxes = np.zeros(len(tree), dtype=np.bool_)
    for what, matching in ((FRAME, frames), (GROUP, groups)):
        places = np.flatnonzero(tree.what == what)
        boxes[places] = matching[tree.refs[places]]
    return Matches(boxes, frozenset(np.flatnonzero(frames).tolist()), _share(tree, np.flatnonzero(boxes)))


def _share(tree: CallTree, places: npt.NDArray[np.intp]) -> float:
    import numpy as np

    if not len(places) or not tree.total:
        return 0.0
    reach = np.maximum.accumulate(tree.ends[places])
    outermost = np.concatenate(([True], places[1:] >= reach[:-1]))
    return 100 * float(tree.cum[places[outermost]].sum()) / tree.total
