"""What is the same on both sides of a comparison, although ids differ: restarted processes, moved binaries."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from .groups import Group
from .locations import Frame
from .profile import Profile
from .selection import IntArray
from .significance import BoolArray
from .target import Target
from .timeline import TimeLine

_OF_THIS_MOMENT = re.compile(r"(\[local\]|(?<=\s)[\w.:-]+(?=\(\d+\)))(?:\(\d+\))? .*$")
_VERSION = re.compile(r"(?:-[\d.]+)?\.so(?:\.\d+)*$|[-.]?\d+(?:\.\d+)+$")


def same_programs(profile: Profile, here: Target, target: Target, there: TimeLine) -> Target:
    """What a target means on another machine's time line, or on that of another file: instead of processes by number,
    those of the same name and title there as these numbers have `here`. None of them is the number -1, which no process
    has."""
    if not target.pids:
        return target
    who = list(zip(profile.series, profile.labels, strict=True))
    names = [labels.get("process") or series.comm for series, labels in who]
    keys = [(name, program_title(name, who[at][1].get("title", ""))) for at, name in enumerate(names)]
    meant = zip(keys, who, strict=True)
    wanted = {key for key, (series, labels) in meant if series.pid in target.pids and here.of_host(labels)}
    counted = (counts.series for bucket in there.buckets() for counts in bucket.counts.values())
    seen = {place for series in counted for place in series if target.of_host(who[place][1])}
    pids = frozenset(who[place][0].pid for place in seen if keys[place] in wanted)
    return replace(target, pids=pids or frozenset((-1,)))


def matched_groups(
    groups: list[Group], now: BoolArray, was: BoolArray, programs: bool = False
) -> tuple[list[Group], IntArray]:
    """The groups, and for each the one that stands for it.

    Groups that only one side has are one with those of the same name and title that only the other has: a process that
    was started again is the same program, and of processes that come and go all are one. With `programs` all of the
    same name and title are one, whoever has them: of twenty workers each would be within its own noise.
    """
    keys = [(group.name, program_title(group.name, group.title)) for group in groups]
    seen = now | was
    same = _matched(keys, seen, ~seen) if programs else _matched(keys, now, was)
    members: dict[int, list[int]] = {}
    for place in np.flatnonzero(seen).tolist():
        members.setdefault(int(same[place]), []).append(place)
    found = list(groups)
    for first, places in members.items():
        if len(places) > 1:
            title = program_title(groups[first].name, groups[first].title)
            sides = (_pids(groups, places, now), _pids(groups, places, was))
            at_a_time = max(sides, key=lambda pids: len(pids))
            pids = at_a_time if programs and len(at_a_time) > 1 else ()
            found[first] = replace(groups[first], title=title, pid=0, tid=0, host="", pids=pids)
    return found, same


def _pids(groups: list[Group], places: list[int], side: BoolArray) -> tuple[int, ...]:
    return tuple(groups[place].pid for place in places if side[place] and groups[place].pid)


def program_title(name: str, title: str) -> str:
    """A title without what it tells of this moment: a backend of PostgreSQL says its client's port, and its work."""
    return _OF_THIS_MOMENT.sub(r"\1", title) if name == "postgres" else title


def matched_frames(frames: list[Frame], now: BoolArray, was: BoolArray) -> IntArray:
    """For each frame the one that stands for it: of frames that only one side has, those with the same name in a
    binary of the same file name, whatever its version and folder, are one function. Places without a name are not.
    """
    keys = [(frame.name, frame.language, _program(frame.place)) if frame.named else None for frame in frames]
    return _matched(keys, now, was)


def _matched(keys: Sequence[Hashable], now: BoolArray, was: BoolArray) -> IntArray:
    """For each place the first one of the same key among those that one side lacks; its own where both have it."""
    same = np.arange(len(keys), dtype=np.int64)
    first: dict[Hashable, int] = {}
    for place in np.flatnonzero(now != was).tolist():
        key = keys[place]
        if key is not None:
            same[place] = first.setdefault(key, place)
    return same


def _program(binary: str) -> str:
    return _VERSION.sub("", binary.rsplit("/", 1)[-1])
