"""What the person at the keyboard chose to look at; from it and the profile's time follows the view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from glob import escape
from typing import Literal, get_args

from ..profiles.printable import printable
from ..profiles.profile import Profile
from ..profiles.target import Target
from ..profiles.timeline import SECOND
from ..profiles.view import FirstLevel, Stretch, View

WINDOWS: tuple[int | None, ...] = (5, 30, 300, None)
"""The lengths that `w` goes through, in seconds; None is everything since the start."""

SHARES = (0.0, 0.001, 0.005, 0.01, 0.05)
"""The shares of the whole under which boxes and functions are left out, as `%` goes through them."""

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
    backwards: bool = False
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

    def toggle_interpreter(self) -> Choices:
        """With the interpreter's own frames, or without."""
        return replace(self, view=replace(self.view, interpreter=not self.view.interpreter))

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
        return self.sorted_by(sorts[(sorts.index(self.sort) + 1) % len(sorts)])

    def sorted_by(self, sort: Sort) -> Choices:
        """Sorted by a column; by the one that it is sorted by already, the other way round."""
        return replace(self, sort=sort, backwards=sort == self.sort and not self.backwards)

    def turn_sort(self) -> Choices:
        """Sorted the other way round."""
        return self.sorted_by(self.sort)

    def next_share(self) -> Choices:
        """The next share under which boxes and functions are left out."""
        following = next((share for share in SHARES if share > self.view.minimum_share), SHARES[0])
        return replace(self, view=replace(self.view, minimum_share=following))

    def leave_out(self, name: str) -> Choices:
        """Without the functions of this very name."""
        return replace(self, view=replace(self.view, hidden=tuple(dict.fromkeys((*self.view.hidden, escape(name))))))

    def leave_nothing_out(self) -> Choices:
        """With all functions."""
        return replace(self, view=replace(self.view, hidden=()))

    def of_target(self, target: Target) -> Choices:
        """Of other processes."""
        return replace(self, view=replace(self.view, target=target))

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
        found += ["with interpreter"] if view.interpreter else []
        found += ["leaf first"] if view.inverted else []
        found += [f"by {view.first_level}"] if view.first_level != "process" else []
        found += [f"colour by {self.tint}"] if self.tint != "package" else []
        found += [f"from {100 * view.minimum_share:g} %"] if view.minimum_share else []
        return found + ([f"without {_listed(view.hidden)}"] if view.hidden else [])


def _listed(patterns: tuple[str, ...]) -> str:
    return f"{len(patterns)} functions" if len(patterns) > 2 else printable(" ".join(patterns), 60)
