"""A profile as a speedscope file (https://www.speedscope.app/file-format-schema.json), for the viewer of that name.

One profile for each process, the heaviest first, its samples in order of time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from .. import __version__
from ..profiles.delta import Counts
from ..profiles.groups import Group, group_series
from ..profiles.profile import Profile
from ..profiles.target import Target
from ..profiles.tree_builder import hidden_frames
from ..profiles.view import EVERYTHING, HOST, Stretch, View
from ..profiles.vocabulary import StackEnd

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
UNITS = {"nanoseconds": "nanoseconds", "bytes": "bytes"}
"""Units that speedscope knows; others are `none`."""


def encode_speedscope(
    profile: Profile,
    kind: str,
    stretch: Stretch = EVERYTHING,
    target: Target = HOST,
    name: str = "icetop",
    interpreter: bool = False,
) -> bytes:
    """A profile's stacks of one kind; `interpreter` says whether the frames of Python's interpreter are wanted."""
    writer = _Writer(profile, target, interpreter)
    for bucket in profile.timeline.buckets(stretch.start_ns, stretch.end_ns):
        writer.take(bucket.counts.get(kind, Counts()))
    profiles = list(writer.profiles(UNITS.get(profile.unit(kind), "none")))
    content = {
        "$schema": SCHEMA,
        "exporter": f"icetop {__version__}",
        "name": f"{name}: {kind} of {profile.context.target or 'all'}",
        "activeProfileIndex": 0,
        "shared": {"frames": writer.frames},
        "profiles": profiles,
    }
    return json.dumps(content, separators=(",", ":")).encode()


class _Writer:
    def __init__(self, profile: Profile, target: Target, interpreter: bool) -> None:
        self.frames: list[dict[str, object]] = []
        self._profile = profile
        self._wanted = [target.matches(*who) for who in zip(profile.series, profile.labels, strict=True)]
        self._groups, self._group_of_series = group_series(profile, "process")
        self._rows: list[tuple[list[list[int]], list[int]]] = [([], []) for _ in self._groups]
        self._stacks: dict[int, list[int]] = {}
        self._indexes: dict[tuple[int, int], int] = {}
        self._hidden = hidden_frames(profile.frames, View(interpreter=interpreter))

    def take(self, counts: Counts) -> None:
        """The counts of one bucket."""
        sums: dict[tuple[int, int], int] = {}
        for node, series, value in zip(counts.nodes, counts.series, counts.values, strict=True):
            if self._wanted[series] and value > 0:
                key = (int(self._group_of_series[series]), node)
                sums[key] = sums.get(key, 0) + value
        for (group, node), value in sorted(sums.items()):
            samples, weights = self._rows[group]
            samples.append(self._stack(node))
            weights.append(value)

    def profiles(self, unit: str) -> Iterator[dict[str, object]]:
        """The processes that have something, the heaviest first; one without samples where none has."""
        order = sorted(range(len(self._rows)), key=lambda group: -sum(self._rows[group][1]))
        found = [group for group in order if self._rows[group][1]]
        for group in found:
            samples, weights = self._rows[group]
            yield _sampled(_title(self._groups[group]), unit, samples, weights)
        if not found:
            yield _sampled("nothing", unit, [], [])

    def _stack(self, node: int) -> list[int]:
        known = self._stacks.get(node)
        if known is None:
            profile = self._profile
            names = [i for place in profile.stacks.walk(node) for i in profile.location_frames[place]]
            stack = [self._frame(i) for i in reversed(names) if not self._hidden[i]]
            end = profile.stacks.end(node)
            known = stack if end is StackEnd.COMPLETE else [self._mark(end), *stack]
            self._stacks[node] = known
        return known

    def _frame(self, index: int) -> int:
        key = (0, index)
        if key not in self._indexes:
            frame = self._profile.frames[index]
            found: dict[str, object] = {"name": frame.name}
            if frame.file or frame.binary:
                found["file"] = frame.file or frame.binary
            if frame.file and frame.line:
                found["line"] = frame.line
            self._indexes[key] = len(self.frames)
            self.frames.append(found)
        return self._indexes[key]

    def _mark(self, end: StackEnd) -> int:
        key = (1, int(end))
        if key not in self._indexes:
            self._indexes[key] = len(self.frames)
            self.frames.append({"name": f"[truncated: {end.reason}]"})
        return self._indexes[key]


def _sampled(name: str, unit: str, samples: list[list[int]], weights: list[int]) -> dict[str, object]:
    return {
        "type": "sampled",
        "name": name,
        "unit": unit,
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }


def _title(group: Group) -> str:
    title = f"{group.name}: {group.title}" if group.title and group.title != group.name else group.name
    return f"{title} ({group.pid})" if group.pid else title
