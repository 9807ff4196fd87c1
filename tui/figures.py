"""Figures as people read them: values in a kind's unit, shares, lengths of time, clock times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Scale:
    """The unit that a table's values are shown in: one for all rows, so that they compare at a glance."""

    symbol: str
    size: float
    decimals: int

    def text(self, value: int) -> str:
        """A value without its unit."""
        return f"{value / self.size:.{self.decimals}f}"

    def full(self, value: int) -> str:
        """A value with its unit."""
        return f"{self.text(value)} {self.symbol}".rstrip()


_TIME = (Scale("h", 3600e9, 2), Scale("s", 1e9, 2), Scale("ms", 1e6, 1), Scale("µs", 1e3, 1))
_BYTES = (Scale("TB", 1e12, 2), Scale("GB", 1e9, 2), Scale("MB", 1e6, 2), Scale("kB", 1e3, 1), Scale("B", 1, 0))
_COUNT = (Scale("M", 1e6, 2), Scale("k", 1e3, 1), Scale("", 1, 0))


def scale_for(unit: str, total: int) -> Scale:
    """The scale for values of `unit` (nanoseconds, bytes, count) of which the largest is `total`."""
    scales = {"nanoseconds": _TIME, "bytes": _BYTES}.get(unit, _COUNT)
    small = 0.1 if unit == "nanoseconds" else 1
    return next((scale for scale in scales if abs(total) >= scale.size * small * _room(scale)), scales[-1])


def _room(scale: Scale) -> float:
    """Hours only begin where seconds would take more than five digits."""
    return 277.0 if scale.symbol == "h" else 1.0


def rate(kind: str, unit: str, value: float) -> str:
    """What a kind has per nanosecond, a second of it: `1.9 cores`, `12 threads` that wait, `3.10 MB/s`."""
    if unit != "nanoseconds":
        return f"{scale_for(unit, round(value * SECOND)).full(round(value * SECOND))}/s"
    return f"{value:.1f} cores" if kind == "cpu" else f"{value:.{1 if value < 10 else 0}f} threads"


def percent(share: float) -> str:
    """A share of 100 with one decimal, `100` without."""
    return "100" if share >= 99.95 else f"{share:.1f}"


def length(seconds: float) -> str:
    """A length of time in words that never grow long: `12 s`, `5 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 5940:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def stopwatch(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: `00:42`, `1:02:03`."""
    whole = max(int(seconds), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def clock(time_ns: int, seconds: bool = True) -> str:
    """The local clock time of a unix time in nanoseconds; empty where it is beyond what a clock can show."""
    try:
        moment = datetime.fromtimestamp(time_ns / SECOND)
    except (OverflowError, OSError, ValueError):
        return ""
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")
