"""A time as a person types it: `14:03`, `14:03..14:05`, `last 15 min`, `-40..-20`, `120..140`."""

from __future__ import annotations

import re

from ..profiles.ranges import parse_range
from ..profiles.timeline import SECOND

_LAST = re.compile(r"(?:last\s+)?(\d{1,6}(?:\.\d{1,3})?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?)", re.IGNORECASE)
_LENGTHS = {"s": 1, "m": 60, "h": 3600}


def last_seconds(text: str) -> float | None:
    """How many seconds up to now are meant, where they are: `last 15 min`, `30s`."""
    match = _LAST.fullmatch(text.strip())
    return float(match.group(1)) * _LENGTHS[match.group(2)[0].lower()] if match else None


def parse_time(text: str, kept_ns: tuple[int, int], length_s: float) -> tuple[int, int]:
    """The stretch meant, on a time line that is kept from start to end: (start, end) in unix nanoseconds.

    One clock time, or one number of seconds, is where a stretch as long as the one shown (`length_s`) begins.
    Raises ValueError with what is wrong.
    """
    text, (first, last), back = text.strip(), kept_ns, last_seconds(text)
    if back is not None:
        return max(last - round(back * SECOND), first), last
    stretch = parse_range(text if ".." in text else f"{text}..", first, last)
    start = first if stretch.start_ns is None else stretch.start_ns
    open_end = last if ".." in text else start + round(length_s * SECOND)
    end = open_end if stretch.end_ns is None else stretch.end_ns
    if end <= first or start >= last:
        raise ValueError(f"nothing is kept of {text}")
    return start, min(end, last)
