"""Recording in windows: deltas are folded, and each time a window is over it goes to a sink and out of the memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..profiles.delta import Delta, Notice
from ..profiles.profile import Profile
from ..profiles.source import Sink
from ..profiles.timeline import SECOND

NEARLY = SECOND // 2
"""A window that lacks less than this is over: deltas come once a second, and not to the millisecond."""


@dataclass(slots=True)
class Tally:
    """What came of a recording: windows kept and dropped, samples expected and lost in all of them."""

    kept: int = 0
    dropped: int = 0
    expected: int = 0
    lost: int = 0


class PatientSink(Sink, Protocol):
    """A sink that may take a window before it can say whether it is kept."""

    def late_failures(self) -> list[OSError]:
        """Why windows that it took could not be kept, one each; each is told once."""
        ...

    def settle(self) -> None:
        """Wait until it can say of each window whether it is kept."""
        ...


class Windows:
    """Folds deltas into windows of `length_ns`. A window that cannot be kept is dropped, said once, and told in the
    next one that is kept; recording goes on.

    Tables stay from one window to the next, since deltas count on; they are bounded because the collector's are.
    """

    def __init__(self, sink: PatientSink, length_ns: int, tell: Callable[[Notice], None]) -> None:
        self.tally = Tally()
        self._sink = sink
        self._length_ns = length_ns
        self._tell = tell
        self._profile = Profile()
        self._dropped_in_a_row = 0
        self._why = ""

    def fold(self, delta: Delta) -> None:
        """Take in a delta. A clock that was set begins a new window, so that each one's time has no break."""
        timeline = self._profile.timeline
        if len(timeline) and delta.start_ns != timeline.end_ns:
            self.flush()
        self._profile.fold(delta)
        self.tally.expected += delta.expected
        self.tally.lost += sum(delta.lost.values())
        timeline = self._profile.timeline
        if len(timeline) and timeline.end_ns - timeline.start_ns >= self._length_ns - NEARLY:
            self.flush()

    def flush(self) -> bool:
        """Hand over the window under way, if there is one; whether nothing had to be dropped."""
        self._take_late_failures()
        if not len(self._profile.timeline):
            return True
        if self._dropped_in_a_row:
            self._profile.notices.append(self._missing())
        try:
            self._sink.write(self._profile)
        except OSError as error:
            self._drop(error.strerror or str(error))
            return False
        finally:
            self._profile.begin_window()
        if self._dropped_in_a_row:
            self._tell(self._missing())
        self.tally.kept += 1
        self._dropped_in_a_row = 0
        return True

    def finish(self) -> bool:
        """Hand over the last window and wait for the sink; whether what was not known before is kept."""
        kept = self.flush()
        self._sink.settle()
        return not self._take_late_failures() and kept

    def _take_late_failures(self) -> int:
        late = self._sink.late_failures()
        for error in late:
            self.tally.kept -= 1
            self._drop(error.strerror or str(error))
        return len(late)

    def _drop(self, why: str) -> None:
        if not self._dropped_in_a_row or why != self._why:
            self._tell(Notice("warning", "a window was dropped", why, "recording goes on"))
        self.tally.dropped += 1
        self._dropped_in_a_row += 1
        self._why = why

    def _missing(self) -> Notice:
        number = self._dropped_in_a_row
        which = (
            "the window before this one was dropped" if number == 1 else f"{number} windows before this were dropped"
        )
        return Notice("warning", which, self._why)
