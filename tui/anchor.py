"""A remembered place in the call tree that survives the tree's being built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..profiles.call_tree import CallTree


class Anchor:
    """A box known by the paths from `all` down to it. While it is gone, the nearest box above stands for it."""

    def __init__(self, tree: CallTree | None = None, box: int = 0) -> None:
        boxes = [] if tree is None else [*tree.ancestors(box), box]
        self._paths = [] if tree is None else [tree.paths[place] for place in boxes]

    def find(self, tree: CallTree) -> int:
        """The box in `tree`, or the deepest one on the way to it that there is."""
        for path in reversed(self._paths):
            places = (tree.paths == path).nonzero()[0]
            if len(places):
                return int(places[0])
        return 0
