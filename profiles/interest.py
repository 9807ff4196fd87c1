"""Where on the time line something became different: what ran in a stretch against the ten minutes before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .profile import Profile
from .selection import IntArray, columns
from .significance import FEWEST_SAMPLES, FloatArray, chances, discoveries
from .stacks import ROOTS, StackTable
from .timeline import SECOND, Bucket

LENGTH_NS = 10 * SECOND
"""How long the stretches are that are looked at."""

PAST_NS = 600 * SECOND
"""How far back they are compared."""

FEWEST_PAST = 6
"""Stretches before one that it takes to know how much they differ anyway."""

FEWEST_IN_A_ROW = 2
"""Stretches in a row that have to differ."""

FALSE_SHARE = 0.001
"""How many of the changes found may be false: few, since there are 360 stretches in an hour."""

LEAST_CHANGE = 0.05
"""A function has to gain or lose as much of the whole."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One stretch: the leaf nodes that were sampled in it, each once, and how often."""

    start_ns: int
    end_ns: int
    nodes: IntArray
    samples: IntArray


class Interest:
    """Finds changes of a profile that grows; what it has looked at once is kept."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, int, int], _Part] = {}
        self._stacks: StackTable | None = None
        self._seen: tuple[str, int, int] = ("", 0, 0)
        self._found: list[tuple[int, int]] = []

    def changes(self, profile: Profile, kind: str) -> list[tuple[int, int]]:
        """The stretches (start, end) in unix nanoseconds whose functions differ from those of the time before.

        What lies too near to the beginning, or has too few samples, is not judged.
        """
        spans = _spans(list(profile.timeline.buckets()))[:-1]
        seen = (kind, len(spans), spans[-1][-1].end_ns if spans else 0)
        if profile.stacks is not self._stacks:
            self._stacks, self._parts = profile.stacks, {}
        elif seen == self._seen:
            return self._found
        self._seen = seen
        known, self._parts = self._parts, {}
        for span in spans:
            key = (kind, span[0].start_ns, span[-1].end_ns)
            self._parts[key] = known.get(key) or _part(span, kind)
        self._found = _changed(profile, list(self._parts.values()))
        return self._found


def _spans(buckets: list[Bucket]) -> list[list[Bucket]]:
    """Neighbouring buckets that are together about as long as the stretches to look at."""
    spans: list[list[Bucket]] = []
    for bucket in buckets:
        middle = (bucket.start_ns + bucket.end_ns) // 2
        if spans and (spans[-1][0].start_ns + spans[-1][0].end_ns) // 2 // LENGTH_NS == middle // LENGTH_NS:
            spans[-1].append(bucket)
        else:
            spans.append([bucket])
    return spans


def _part(span: list[Bucket], kind: str) -> _Part:
    nodes, _, samples, _ = columns(span, kind)
    distinct, places = np.unique(nodes, return_inverse=True)
    sums = np.bincount(places, samples, len(distinct)).astype(np.int64)
    return _Part(span[0].start_ns, span[-1].end_ns, distinct, sums)


def _changed(profile: Profile, parts: list[_Part]) -> list[tuple[int, int]]:
    """Runs of parts that differ from what was before the run. One that stands alone is left out, since a few large
    pieces of work can look like that; one that lasts ends when what was before it is too long ago.
    """
    if len(parts) <= FEWEST_PAST:
        return []
    counts = _by_function(profile, parts)
    counts = counts[counts.sum(axis=1) >= FEWEST_SAMPLES]
    whole = counts.sum(axis=0)
    starts = np.array([part.start_ns for part in parts])
    firsts = np.searchsorted(starts, starts - PAST_NS).tolist()
    runs: dict[int, int] = {}
    begin = 0
    for place, first in enumerate(firsts):
        end = begin if begin else place
        past = slice(first, end)
        if end - first >= FEWEST_PAST and _differs(counts[:, place], counts[:, past], whole[place], whole[past]):
            begin = end
            if place - begin + 1 >= FEWEST_IN_A_ROW:
                runs[parts[begin].start_ns] = parts[place].end_ns
        else:
            begin = 0
    return list(runs.items())


def _by_function(profile: Profile, parts: list[_Part]) -> FloatArray:
    """How often each function was the one that ran, a row each, in each of the parts, a column each."""
    innermost = np.array([frames[0] for frames in profile.location_frames] or [0], dtype=np.int64)
    locations = np.array(profile.stacks.locations, dtype=np.int64)
    sums = np.zeros((len(profile.frames), len(parts)))
    for place, part in enumerate(parts):
        framed = part.nodes >= ROOTS
        np.add.at(sums[:, place], innermost[locations[part.nodes[framed]]], part.samples[framed])
    return sums


def _differs(now: FloatArray, past: FloatArray, now_whole: float, past_whole: FloatArray) -> bool:
    """Whether a stretch has other shares than those before it have, as they differ among themselves."""
    before, number = float(past_whole.sum()), len(past_whole)
    if now_whole < FEWEST_SAMPLES or before < FEWEST_SAMPLES * FEWEST_PAST:
        return False
    share, pooled = past.sum(axis=1) / before, (now + past.sum(axis=1)) / (now_whole + before)
    least = pooled * (1 - pooled) * (1 / now_whole + 1 / before)
    one = ((past - share[:, None] * past_whole) ** 2).sum(axis=1) / (number - 1)
    spread = one / now_whole**2 + one * number / before**2
    change = now / now_whole - share
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(least > 0, change / np.sqrt(np.maximum(spread, least)), 0.0)
    degrees = np.where(spread > least, float(number - 1), np.inf)
    return bool((discoveries(chances(distance, degrees), FALSE_SHARE) & (np.abs(change) >= LEAST_CHANGE)).any())
