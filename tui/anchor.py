"""A remembered place in the call tree that survives the tree's being built anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..profiles.call_tree import CallTree


class Anchor:
    """A box known by the way down to it from `all`. While it is gone, the nearest box above stands for it."""

    def __init__(self, tree: CallTree | None = None, box: int = 0) -> None:
        boxes = [] if tree is None or not box else [*tree.ancestors(box)[1:], box]
        self._way = [] if tree is None else [tree.identity(place) for place in boxes]

    def find(self, tree: CallTree) -> int:
        """The box in `tree`, or the deepest one on the way to it that there is."""
        found = 0
        for identity in self._way:
            child = next((box for box in tree.children(found) if tree.identity(box) == identity), None)
            if child is None:
                break
            found = child
        return found
