"""What the person at the keyboard chose to look at; from it and the profile's time follows the view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from ..profiles.profile import Profile
from ..profiles.timeline import SECOND
from ..profiles.view import FirstLevel, Stretch, View

WINDOWS: tuple[int | None, ...] = (5, 30, 300, None)
"""The lengths that `w` goes through, in seconds; None is everything since the start."""

LIVE_WINDOW = 30
Sort = Literal["flat", "cum", "name"]
Tint = Literal["package", "binary", "language"]


@dataclass(frozen=True, slots=True)
class Choices:
    """One state of all choices; every method gives the next state.

    `paused_at` is the end of the data when the picture was paused, in unix nanoseconds (None: not paused);
    `paused_since` the moment of it on the app's own clock, in seconds.
    """

    view: View
    window: int | None = LIVE_WINDOW
    paused_at: int | None = None
    paused_since: float = 0.0
    sort: Sort = "flat"
    tint: Tint = "package"

    def view_of(self, profile: Profile) -> View:
        """The view to show now: the window ends where the data ends, or where it was paused.

        A stretch that the view came with stands until `w` or a pause chooses another.
        """
        timeline = profile.timeline
        end = timeline.end_ns if self.paused_at is None else self.paused_at
        start = None if self.window is None else end - self.window * SECOND
        if start is None and self.paused_at is None:
            return self.view
        return replace(self.view, stretch=Stretch(start, None if self.paused_at is None else end))

    def next_window(self) -> Choices:
        """The next length of the window."""
        place = WINDOWS.index(self.window) if self.window in WINDOWS else -1
        return replace(self, window=WINDOWS[(place + 1) % len(WINDOWS)])

    def toggle_pause(self, end_ns: int, now: float) -> Choices:
        """Paused at the data's end `end_ns`, or going on."""
        if self.paused_at is not None:
            return replace(self, paused_at=None)
        return replace(self, paused_at=end_ns, paused_since=now)

    def toggle_kernel(self) -> Choices:
        """With kernel frames, or without."""
        return replace(self, view=replace(self.view, kernel=not self.view.kernel))

    def toggle_inverted(self) -> Choices:
        """Root first, or leaf first."""
        return replace(self, view=replace(self.view, inverted=not self.view.inverted))

    def next_first_level(self) -> Choices:
        """The next way of grouping."""
        levels: tuple[FirstLevel, ...] = get_args(FirstLevel)
        following = levels[(levels.index(self.view.first_level) + 1) % len(levels)]
        return replace(self, view=replace(self.view, first_level=following))

    def next_sort(self) -> Choices:
        """The next column to sort by."""
        sorts: tuple[Sort, ...] = get_args(Sort)
        return replace(self, sort=sorts[(sorts.index(self.sort) + 1) % len(sorts)])

    def next_tint(self) -> Choices:
        """The next thing that colours stand for."""
        tints: tuple[Tint, ...] = get_args(Tint)
        return replace(self, tint=tints[(tints.index(self.tint) + 1) % len(tints)])

    def of_kind(self, kind: str) -> Choices:
        """Another kind of profile."""
        return replace(self, view=replace(self.view, kind=kind))

    def remarks(self) -> list[str]:
        """What differs from the plain view, in words."""
        view = self.view
        found = [] if view.kernel else ["no kernel"]
        found += ["leaf first"] if view.inverted else []
        found += [f"by {view.first_level}"] if view.first_level != "process" else []
        found += [f"colour by {self.tint}"] if self.tint != "package" else []
        return found + ([f"without {' '.join(view.hidden)}"] if view.hidden else [])
