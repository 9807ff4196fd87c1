"""Which lines of a function take the time."""

from __future__ import annotations

from dataclasses import dataclass

from .locations import Frame
from .profile import Profile
from .selection import select
from .view import View


@dataclass(frozen=True, slots=True)
class HotLine:
    """A line that ran, or that called what ran, and what it is worth in the kind's unit."""

    file: str
    line: int
    value: int


def hot_lines(profile: Profile, view: View, frame: Frame) -> list[HotLine]:
    """The lines of a function under a view, the heaviest first; where it recurs the innermost call counts.

    Empty where nobody knows the lines.
    """
    places = _lines_of(profile, frame)
    rows = select(profile, view)
    sums: dict[tuple[str, int], int] = {}
    stacks = profile.stacks
    for node, value in zip(rows.nodes.tolist(), rows.values.tolist(), strict=True):
        line = next((places[location] for location in stacks.walk(node) if location in places), None)
        if line is not None:
            sums[line] = sums.get(line, 0) + value
    found = [HotLine(file, line, value) for (file, line), value in sums.items() if file and line > 0]
    return sorted(found, key=lambda hot: (-hot.value, hot.file, hot.line))


def _lines_of(profile: Profile, frame: Frame) -> dict[int, tuple[str, int]]:
    """For each location that lies in a function its file and line."""
    found = {}
    for place, location in enumerate(profile.locations):
        if location.binary == frame.binary and location.language is frame.language:
            for line in location.lines:
                if line.function == frame.name:
                    found[place] = (line.file, line.line)
                    break
    return found
