"""Keeping the boxes of an icicle still while their shares only waver.

Shares of samples are noisy: from one picture to the next most edges would go a cell to and fro, which tells nothing,
troubles the eye, and makes a terminal far away paint the whole graph anew. So an edge stays where it was drawn until
what it stands for is more than a cell away.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..profiles.call_tree import CallTree
    from .icicle_layout import Placed

QUARTERS = 4
"""The unit of a right end's rest, to a cell; also how far away from the truth an edge may stay."""


class Steadiness:
    """Remembers where boxes were drawn, by the way that leads to them; forgets those that are not."""

    def __init__(self) -> None:
        self._drawn: dict[Hashable, Placed] = {}
        self._scale: Hashable = None

    def settle(self, tree: CallTree, rows: list[list[Placed]], scale: Hashable) -> list[list[Placed]]:
        """The rows with edges as they were, as far as that is true to a cell. Another `scale` begins anew."""
        before = self._drawn if scale == self._scale else {}
        self._drawn, self._scale = {}, scale
        settled: list[list[Placed]] = []
        above: dict[int, tuple[Hashable, Placed, Placed]] = {}
        for row in rows:
            found: dict[int, tuple[Hashable, Placed, Placed]] = {}
            at, parent, block = 0, -1, 0
            previous: Placed | None = None
            for placed in row:
                box = int(tree.parents[placed.box])
                if box != parent:
                    parent, block = box, 0
                way, new_above, old_above = above.get(parent, (None, None, None))
                block += bool(placed.culled)
                key = hash((way, ("+", block) if placed.culled else tree.identity(placed.box)))
                kept = _settled(placed, before.get(key), previous, at, new_above, old_above)
                if kept is not None:
                    found[placed.box] = (key, placed, kept)
                    self._drawn[key] = kept
                    at = kept.right
                previous = placed
            settled.append([kept for _, _, kept in found.values()])
            above = found
        return settled


def _settled(
    placed: Placed,
    before: Placed | None,
    previous: Placed | None,
    at: int,
    above: Placed | None,
    drawn_above: Placed | None,
) -> Placed | None:
    """One box between `at`, where the one before it on its row ends, and the end of the one above it; None if there is
    no room left.
    """
    first, last = (drawn_above.left, drawn_above.right) if drawn_above else (0, 1 << 30)
    left = before.left if before is not None and abs(before.left - placed.left) <= 1 else placed.left
    if above is not None and placed.left == above.left:
        left = first
    elif previous is not None and previous.right == placed.left:
        left = at
    left = max(left, at, first)
    right, rest = placed.right, placed.rest
    if above is not None and (right, rest) == (above.right, above.rest) and drawn_above is not None:
        right, rest = last, drawn_above.rest
    elif before is not None and abs(QUARTERS * (before.right - right) + before.rest - rest) <= QUARTERS:
        right, rest = before.right, before.rest
    right = min(max(right, left + 1), last)
    return placed.moved(left, right, rest) if right > left else None
