"""What is looked at, in words: the target with the names of its processes."""

from __future__ import annotations

from ..profiles.printable import printable
from ..profiles.target import Target
from .picture import Picture
from .steering import Steering

NAMED = 3
"""Processes of a target that are named; the rest are counted."""


def target_words(target: Target, picture: Picture | None) -> str:
    """The target of a view, or where that is everything, that of the samples themselves; empty where unknown."""
    if target.pids and len(target.pids) > NAMED:
        return f"{len(target.pids)} processes{_listed(_names(picture, target))}"
    words = str(target) if target else picture.context.target if picture is not None else ""
    named = _names(picture, target) if words.startswith("pid ") else []
    return printable(words, 80) + (f"  {', '.join(named)}" if 0 < len(named) <= NAMED else "")


def ordered_words(steering: Steering) -> str:
    """What was ordered of the source and does not hold yet; empty where there is nothing."""
    return f"{printable(str(steering.target), 40)} from now on" if steering.target is not None else ""


def _names(picture: Picture | None, target: Target) -> list[str]:
    """The names of the target's processes, the largest first."""
    if picture is None:
        return []
    from ..profiles.call_tree import GROUP

    tree = picture.tree
    boxes = sorted((tree.what == GROUP).nonzero()[0].tolist(), key=lambda box: -int(tree.cum[box]))
    groups = [group for group in map(tree.group, boxes) if group is not None and group.pid]
    wanted = [group for group in groups if not target.pids or group.pid in target.pids]
    names = [f"{group.name}: {group.title}" if group.title else group.name for group in wanted]
    return [printable(name, 60) for name in dict.fromkeys(names)]


def _listed(names: list[str]) -> str:
    if not names:
        return ""
    return f": {', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''}"
