"""What people wrote on the time line: `deployed v2.31`."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_TEXT = 1000
MOST_NOTES = 10_000


@dataclass(frozen=True, slots=True, order=True)
class TimeNote:
    """A text at a moment, or on a stretch, in unix nanoseconds; of a moment both times are the same."""

    start_ns: int
    end_ns: int
    text: str

    def within(self, start_ns: int | None, end_ns: int | None) -> bool:
        """Whether any of it lies in [start_ns, end_ns]; None leaves that side open."""
        return (start_ns is None or self.end_ns >= start_ns) and (end_ns is None or self.start_ns <= end_ns)
