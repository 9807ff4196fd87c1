"""speedscope's files (https://www.speedscope.app/file-format-schema.json) as deltas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..profiles.delta import Context, Delta
from ..profiles.series import Series
from ..profiles.vocabulary import Language
from .foreign import Foreign, whole_number
from .json_profiles import list_of, number_of, text_of
from .limits import Limits
from .sample_types import SCALES
from .source_files import language_by_ending
from .wire import Malformed

KINDS = {"nanoseconds": "time", "bytes": "bytes", "count": "samples"}
"""What its values are called here, by unit: the file does not say of what they are."""

MOST_PROFILES = 100_000


def read_speedscope(content: Any, name: str, written_ns: int, limits: Limits) -> Iterator[Delta]:
    """The deltas of a file: each of its profiles is a thread. Raises Malformed and TooLarge."""
    profiles = list_of(content, "profiles")
    if len(profiles) > MOST_PROFILES:
        raise Malformed(f"it has more than {MOST_PROFILES:,} profiles")
    timed = all(_unit(profile)[0] == "nanoseconds" for profile in profiles)
    starts = [_start(profile) for profile in profiles]
    first = min(starts, default=0)
    foreign = Foreign(limits, written_ns)
    shared = content["shared"]
    frames = [_frame(foreign, frame) for frame in list_of(shared, "frames")]
    for place, (profile, start) in enumerate(zip(profiles, starts, strict=True)):
        who = foreign.who(Series(0, 0, place + 1, text_of(profile, "name")[:200] or name), process=name)
        _Reader(foreign, frames, who, profile, start - first if timed else None).read()
    if foreign.empty:
        raise Malformed("it has no samples")
    yield from foreign.deltas(Context(target=text_of(content, "name")[:200] or name))


class _Reader:
    """One profile of a file. `start_ns` is when it starts on the file's time line, None where that has no time."""

    def __init__(self, foreign: Foreign, frames: list[int], who: int, profile: Any, start_ns: int | None) -> None:
        self._foreign = foreign
        self._frames = frames
        self._who = who
        self._profile = profile
        self._unit, self._scale = _unit(profile)
        self._kind = KINDS[self._unit]
        self._at = start_ns

    def read(self) -> None:
        """Take in the profile."""
        kind = text_of(self._profile, "type")
        if kind == "sampled":
            self._sampled()
        elif kind == "evented":
            self._evented()
        else:
            raise Malformed("one of its profiles is neither sampled nor evented")

    def _sampled(self) -> None:
        samples, weights = list_of(self._profile, "samples"), list_of(self._profile, "weights")
        if len(samples) != len(weights):
            raise Malformed("one of its profiles has not one weight a sample")
        for stack, weight in zip(samples, weights, strict=True):
            if not isinstance(stack, list):
                raise Malformed("one of its samples is no list")
            whole_number(weight)  # refuses what is none
            value = whole_number(weight * self._scale)
            self._add([self._frame(index) for index in stack], value)

    def _evented(self) -> None:
        """Time between two events belongs to the stack that is open."""
        stack: list[int] = []
        last = number_of(self._profile, "startValue")
        for event in list_of(self._profile, "events"):
            at = number_of(event, "at")
            if at < last:
                raise Malformed("its events are not in order")
            if at > last:
                self._add(stack, whole_number((at - last) * self._scale))
            last = at
            frame = self._frame(event.get("frame") if isinstance(event, dict) else None)
            if text_of(event, "type") == "O":
                stack.append(frame)
            elif stack and stack[-1] == frame:
                stack.pop()
            else:
                raise Malformed("its events do not close what they opened")

    def _add(self, stack: list[int], value: int) -> None:
        if stack:
            self._foreign.add(self._kind, self._unit, stack, self._who, 1, value, self._at)
        if self._at is not None:
            self._at += value

    def _frame(self, index: Any) -> int:
        if not isinstance(index, int) or not 0 <= index < len(self._frames):
            raise Malformed(f"it refers to frame {str(index)[:40]}, which is not there")
        return self._frames[index]


def _frame(foreign: Foreign, frame: Any) -> int:
    line, file = number_of(frame, "line"), text_of(frame, "file")
    language = language_by_ending(file) or Language.NATIVE
    return foreign.function(text_of(frame, "name"), file, int(line) if 0 < line < 1 << 31 else 0, language)


def _unit(profile: Any) -> tuple[str, int]:
    """The unit that values are shown in, and how many of it those of the file are."""
    return SCALES.get(text_of(profile, "unit"), ("count", 1))


def _start(profile: Any) -> int:
    return whole_number(number_of(profile, "startValue") * _unit(profile)[1])
