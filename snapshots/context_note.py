"""The comment of an icetop file: losses, rate, target, cost and the like as one JSON object, written and read back.

Nothing in it refers to ids of the file, so that it stays true when other tools renumber or filter what it belongs to.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..profiles.delta import Context, Notice, Vitals
from ..profiles.locations import Location
from ..profiles.profile import Profile
from ..profiles.target import Target
from ..profiles.time_notes import LONGEST_TEXT, MOST_NOTES, TimeNote
from ..profiles.timeline import Bucket
from ..profiles.vocabulary import Language
from .labels import COMMENT

LATEST_NS = (1 << 63) - 1
LARGEST = 1 << 53
"""Larger numbers are taken for damage."""

Place = tuple[str, str, int]
"""A location's binary, build-id and offset."""


@dataclass(slots=True)
class Note:
    """What a comment says. `buckets` have no counts; `binaries` and `places` give the language of locations."""

    context: Context = field(default_factory=Context)
    buckets: list[Bucket] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    notes: list[TimeNote] = field(default_factory=list)
    vitals: Vitals | None = None
    binaries: dict[tuple[str, str], Language] = field(default_factory=dict)
    places: dict[Place, Language] = field(default_factory=dict)

    def language(self, binary: str, build_id: str, offset: int) -> Language:
        """The language of a location."""
        return self.places.get((binary, build_id, offset)) or self.binaries.get(
            (binary, build_id), usual_language(binary)
        )


def usual_language(binary: str) -> Language:
    """The language of a binary of which nothing else is known."""
    return Language.KERNEL if binary.startswith("[kernel") else Language.NATIVE


def write_note(
    profile: Profile, buckets: Iterable[Bucket], locations: Iterable[Location], kinds: tuple[str, ...], target: Target
) -> str:
    """The comment for a profile of which these buckets, locations, kinds and processes are kept."""
    context, vitals = profile.context, profile.vitals
    note = {
        "version": context.version,
        "host": context.host,
        "kernel": context.kernel,
        "cpus": context.cpus,
        "start_ns": context.start_ns,
        "frequency_hz": context.frequency_hz,
        "target": str(target) if target else context.target,
        "kinds": kinds,
        "options": dict(context.options),
        "profiler": {"cpu_s": profile.profiler_cpu_s, "peak_rss_bytes": profile.profiler_peak_rss},
        "vitals": None if vitals is None else [dict(vitals.pressure), vitals.throttled],
        "notices": [[notice.level, notice.what, notice.why, notice.mend] for notice in profile.notices],
        "notes": [[found.start_ns, found.end_ns, found.text] for found in profile.notes],
        "buckets": _columns(list(buckets)),
        "languages": _languages(locations),
    }
    return COMMENT + json.dumps(note, separators=(",", ":"))


def _columns(buckets: list[Bucket]) -> dict[str, object]:
    """The buckets as columns, to be short: other tools print the comment. `gap` is the time since the one before.

    `lost` has, by reason, the places of buckets that lost some, and how many, `waits_lost` the same of waits. Times are
    in nanoseconds, vital signs in core microseconds.
    """
    ends = [0, *(bucket.end_ns for bucket in buckets)]
    return {
        "gap": [bucket.start_ns - end for bucket, end in zip(buckets, ends, strict=False)],
        "length": [bucket.duration_ns for bucket in buckets],
        "expected": [bucket.expected for bucket in buckets],
        "lost": _by_reason([bucket.lost for bucket in buckets]),
        "waits_lost": _by_reason([bucket.waits_lost for bucket in buckets]),
        "busy": [round(bucket.busy_core_ns / 1000) for bucket in buckets],
        "queue": [round(bucket.run_queue_ns / 1000) for bucket in buckets],
    }


def _by_reason(each: list[dict[str, int]]) -> dict[str, dict[int, int]]:
    lost: dict[str, dict[int, int]] = {}
    for place, numbers in enumerate(each):
        for reason, number in numbers.items():
            lost.setdefault(reason, {})[place] = number
    return lost


def _languages(locations: Iterable[Location]) -> list[list[object]]:
    """[language, binary, build-id] for binaries that are not of the usual language, [..., offsets] for exceptions."""
    found: dict[tuple[str, str], dict[Language, list[int]]] = {}
    for place in locations:
        found.setdefault((place.binary, place.build_id), {}).setdefault(place.language, []).append(place.offset)
    entries: list[list[object]] = []
    for (binary, build_id), languages in found.items():
        main = max(languages, key=lambda language: len(languages[language]))
        if main is not usual_language(binary):
            entries.append([main.value, binary, build_id])
        entries.extend(
            [other.value, binary, build_id, offsets] for other, offsets in languages.items() if other is not main
        )
    return entries


def read_note(comment: str) -> Note:
    """What a comment says. Raises ValueError when it is damaged."""
    try:
        note = json.loads(comment.removeprefix(COMMENT), parse_constant=_refuse)
        return _note(note)
    except (AttributeError, TypeError, KeyError, IndexError, RecursionError, OverflowError) as error:
        raise ValueError(f"not as icetop writes it ({error})") from None


def _note(note: Mapping[str, Any]) -> Note:
    read = Note(_context(note))
    if note["vitals"] is not None:
        pressure, throttled = note["vitals"]
        read.vitals = Vitals(
            pressure={_text(k): _number(v) for k, v in pressure.items()},
            throttled=None if throttled is None else _number(throttled),
            profiler_cpu_s=_number(note["profiler"]["cpu_s"]),
            profiler_rss=_whole(note["profiler"]["peak_rss_bytes"]),
        )
    read.notices = [Notice(*map(_text, (level, what, why, mend))) for level, what, why, mend in note["notices"]]
    read.notes = [_time_note(*found) for found in note.get("notes", [])[:MOST_NOTES]]
    read.buckets = _buckets(note["buckets"])
    for language, binary, build_id, *offsets in note["languages"]:
        key = (_text(binary), _text(build_id))
        if offsets:
            read.places.update(((*key, _whole(offset, 1 << 64)), Language(language)) for offset in offsets[0])
        else:
            read.binaries[key] = Language(language)
    return read


def _context(note: Mapping[str, Any]) -> Context:
    return Context(
        host=_text(note["host"]),
        kernel=_text(note["kernel"]),
        cpus=_whole(note["cpus"]),
        start_ns=_whole(note["start_ns"], LATEST_NS),
        frequency_hz=_whole(note["frequency_hz"]),
        target=_text(note["target"]),
        kinds=tuple(map(_text, note["kinds"])),
        version=_text(note["version"]),
        options={_text(k): _text(v) for k, v in note["options"].items()},
    )


def _time_note(start_ns: object, end_ns: object, text: object) -> TimeNote:
    start, end = _whole(start_ns, LATEST_NS), _whole(end_ns, LATEST_NS)
    return TimeNote(start, max(start, end), _text(text)[:LONGEST_TEXT])


def _buckets(columns: Mapping[str, Any]) -> list[Bucket]:
    buckets: list[Bucket] = []
    end = 0
    names = ("gap", "length", "expected", "busy", "queue")
    for gap, length, expected, busy, queue in zip(*(columns[name] for name in names), strict=True):
        start = _whole(end + gap, LATEST_NS)
        end = _whole(start + _whole(length, LATEST_NS), LATEST_NS)
        bucket = Bucket(start, end, expected=_whole(expected))
        bucket.busy_core_ns, bucket.run_queue_ns = _number(busy) * 1000, _number(queue) * 1000
        buckets.append(bucket)
    _put_by_reason(columns["lost"], [bucket.lost for bucket in buckets])
    _put_by_reason(columns.get("waits_lost", {}), [bucket.waits_lost for bucket in buckets])
    return buckets


def _put_by_reason(columns: Mapping[str, Any], each: Sequence[dict[str, int]]) -> None:
    for reason, numbers in columns.items():
        for place, number in numbers.items():
            each[_whole(int(place))][_text(reason)] = _whole(number)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


def _whole(value: object, largest: int = LARGEST) -> int:
    if not isinstance(value, int) or not 0 <= value <= largest:
        raise ValueError("a number is missing or out of range")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= LATEST_NS:
        raise ValueError("a number is missing or out of range")
    return float(value)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")
