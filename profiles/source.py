"""The two protocols that join the rooms: where deltas come from, and where windows go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from .delta import Delta, Notice
from .profile import Profile
from .target import Target
from .time_notes import TimeNote
from .view import Stretch


class Source(Protocol):
    """Yields deltas: a collector, a saved file, a replay, the far end of a pipe."""

    live: bool
    """Whether more may come as time goes by (a saved file ends)."""

    def deltas(self) -> Iterator[Delta]:
        """The deltas in order, blocking between them; ends after the last one or after `stop`.

        Raises `SourceError` when it cannot go on.
        """
        ...

    def stop(self) -> None:
        """Ask for the end, from any thread; `deltas` then yields what is left and returns."""
        ...


@runtime_checkable
class Steerable(Protocol):
    """A source that can be told, while it runs, what to sample and how often. Orders never block."""

    def retarget(self, target: Target) -> None:
        """Sample something else from now on; a delta with a new context says when that has happened."""
        ...

    def set_rate(self, frequency_hz: int) -> None:
        """Sample at another rate from now on, likewise."""
        ...


@runtime_checkable
class AsksJava(Protocol):
    """A source that can ask the JVMs it sees for the names of their code."""

    def ask_java_for_names(self) -> None:
        """Ask them, from now on. Never blocks."""
        ...


@runtime_checkable
class FollowsWaits(Protocol):
    """A source that can begin to follow what threads wait for."""

    def follow_waits(self) -> None:
        """Sample the kind offcpu as well, from now on; a delta with a new context says when. Never blocks."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """A live source that is heard of about so often, counts or not: when it is not, something is wrong."""

    heard_every_s: float


@runtime_checkable
class ReadsMore(Protocol):
    """A source of which only a part was read."""

    def with_more(self, stretches: Sequence[Stretch]) -> Source | None:
        """The source to read for these stretches, None where what was read has all that there is of them.

        Raises ValueError for more than can be read at once.
        """
        ...


@runtime_checkable
class KeepsNotes(Protocol):
    """A source that can keep what is written on its time line."""

    def keep_note(self, note: TimeNote) -> None:
        """Keep a note for those who look later. Raises OSError."""
        ...


class Sink(Protocol):
    """Takes windows: a file, a folder."""

    def write(self, window: Profile) -> None:
        """Keep one window, whole or not at all. Raises OSError when it cannot be kept."""
        ...

    def close(self) -> None:
        """Release what is held; nothing is written after it."""
        ...


class SourceError(Exception):
    """A source that cannot go on, with what a person needs to know."""

    def __init__(self, notice: Notice) -> None:
        super().__init__(str(notice))
        self.notice = notice
