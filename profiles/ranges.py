"""Stretches of time as a person writes them: `120..140`, `-40..-20`, `14:03..14:05`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from .timeline import SECOND
from .view import Stretch

_SECONDS = re.compile(r"[+-]?\d{1,10}(\.\d{1,9})?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{1,2}:\d{2}(?::\d{2})?)")
DAY = 86_400 * SECOND


def parse_range(text: str, start_ns: int, end_ns: int) -> Stretch:
    """The stretch that `A..B` means on a time line from `start_ns` to `end_ns`, in unix nanoseconds.

    A and B are seconds from the start, seconds back from the end when negative (`-0` is the end), or local clock times:
    those within the time line, or else the first after its start; of several days the last, unless a date stands before
    it (`2026-11-21T14:03`). Either may be left out. Raises ValueError.
    """
    first, dots, last = text.partition("..")
    if not dots or not (first or last):
        raise ValueError(f"'{text}' is not A..B: seconds from the start, negative from the end, or clock times")
    stretch = Stretch(*(_moment(part, start_ns, end_ns) if part else None for part in (first, last)))
    if stretch.start_ns is not None and stretch.end_ns is not None and stretch.start_ns >= stretch.end_ns:
        raise ValueError(f"'{text}' ends before it begins")
    return stretch


def _moment(part: str, start_ns: int, end_ns: int) -> int:
    clock = _CLOCK.fullmatch(part)
    if clock:
        hour, minute, second = (int(number or 0) for number in clock.groups())
        if end_ns - start_ns > DAY:
            return _last_clock_time(part, hour, minute, second, end_ns)
        return _clock_time(part, hour, minute, second, start_ns)
    dated = _DATED.fullmatch(part)
    if dated:
        return _dated_time(part, dated[1], dated[2])
    if not _SECONDS.fullmatch(part):
        raise ValueError(f"'{part}' is neither seconds nor a clock time such as 14:03")
    offset = round(float(part) * SECOND)
    return end_ns + offset if part.startswith("-") else start_ns + offset


def _last_clock_time(part: str, hour: int, minute: int, second: int, end_ns: int) -> int:
    """The last such time of day that is not after the end, or is in the hour that follows it."""
    ended = datetime.fromtimestamp(end_ns // SECOND)
    try:
        moment = ended.replace(hour=hour, minute=minute, second=second)
    except ValueError:
        raise ValueError(f"'{part}' is not a time of day") from None
    if moment > ended + timedelta(hours=1):
        moment -= timedelta(days=1)
    return int(moment.timestamp()) * SECOND


def _dated_time(part: str, date: str, clock: str) -> int:
    try:
        moment = datetime.fromisoformat(f"{date}T{clock.zfill(len(clock) + (clock.index(':') == 1))}")
        return int(moment.timestamp()) * SECOND
    except (ValueError, OverflowError):
        raise ValueError(f"'{part}' is not a time") from None


def _clock_time(part: str, hour: int, minute: int, second: int, start_ns: int) -> int:
    """The first such time of day that is not before the start; seconds of the start itself do not count."""
    began = datetime.fromtimestamp(start_ns // SECOND)
    try:
        moment = began.replace(hour=hour, minute=minute, second=second)
    except ValueError:
        raise ValueError(f"'{part}' is not a time of day") from None
    if moment < began.replace(second=0) - timedelta(hours=12):
        moment += timedelta(days=1)
    return int(moment.timestamp()) * SECOND
