"""What the person at the keyboard chose to look at; from it and the profile's time follows the view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from glob import escape
from typing import Literal, get_args

from ..profiles.printable import printable
from ..profiles.profile import Profile
from ..profiles.target import Target
from ..profiles.timeline import SECOND, TimeLine
from ..profiles.view import Baseline, FirstLevel, Measure, Stretch, View, Width
from .figures import clock

WINDOWS: tuple[int | None, ...] = (5, 30, 300, None)
"""The lengths that `w` goes through, in seconds; None is everything since the start."""

SHARES = (0.0, 0.001, 0.005, 0.01, 0.05)
"""The shares of the whole under which boxes and functions are left out, as `%` goes through them."""

FEWEST_BEFORE = 4
"""What is compared with the time before it is at most so many times as long as that."""

LIVE_WINDOW = 30
MEASURES: dict[Measure, str] = {"points": "points of share", "absolute": "per second", "relative": "% of what it was"}
WIDTHS: dict[Width, str] = {"mean": "mean of both", "current": "now", "baseline": "before"}
Sort = Literal["flat", "cum", "delta", "name"]
Tint = Literal["package", "binary", "language", "container", "pod", "cause"]


@dataclass(frozen=True, slots=True)
class Choices:
    """One state of all choices; every method gives the next state.

    `window` is the length of what is shown in seconds (None: all). `paused_at` is where it ends, in unix nanoseconds,
    when the picture was paused or another time was chosen (None: where the data ends); `paused_since` the moment of a
    pause on the app's own clock, in seconds, None for a time that was chosen.
    `compares` says that the view is compared with `baseline`, or with the stretch before where that says none. `live`:
    of what was recorded before its first sample there is no more than how busy the machine was.
    """

    view: View
    window: float | None = LIVE_WINDOW
    paused_at: int | None = None
    paused_since: float | None = None
    compares: bool = False
    baseline: Baseline | None = None
    sort: Sort = "flat"
    backwards: bool = False
    tint: Tint = "package"
    live: bool = False

    def view_of(self, profile: Profile) -> View:
        """The view to show now: the window ends where the data ends, or where it was paused.

        A stretch that the view came with stands until `w` or a pause chooses another.
        """
        stretch = self._stretch(profile.timeline)
        view = self.view if stretch is None else replace(self.view, stretch=stretch)
        return self._compared(view, profile) if self.compares else view

    def _stretch(self, timeline: TimeLine) -> Stretch | None:
        """The stretch chosen; None for that of the view."""
        end = timeline.end_ns if self.paused_at is None else self.paused_at
        start = None if self.window is None else end - round(self.window * SECOND)
        if start is None and self.paused_at is None:
            return None
        return Stretch(start, None if self.paused_at is None else end)

    def span(self, timeline: TimeLine) -> tuple[int, int]:
        """Where what is shown begins and ends, in unix nanoseconds."""
        stretch = self._stretch(timeline) or self.view.stretch
        start = timeline.start_ns if stretch.start_ns is None else stretch.start_ns
        return start, timeline.end_ns if stretch.end_ns is None else stretch.end_ns

    def _compared(self, view: View, profile: Profile) -> View:
        """The view with its baseline: the one marked, else what was before the last note in what is shown, else as much
        time right before; where there is next to none, its later half with the earlier."""
        timeline = profile.timeline
        base = self.baseline or Baseline()
        if base.beside or base.stretch is not None or base.target is not None:
            return replace(view, baseline=base)
        start, end = self.span(timeline)
        first = self._comparable(timeline)
        start = max(start, first) if end > first else start
        divides = [note.start_ns for note in profile.notes if start + SECOND <= note.start_ns <= end - SECOND]
        if divides:
            after = replace(view.stretch, start_ns=divides[-1])
            return replace(view, stretch=after, baseline=replace(base, stretch=Stretch(start, divides[-1])))
        if (start - first) * FEWEST_BEFORE < end - start:
            start = (start + end) // 2
        before = Stretch(2 * start - end, start)
        return replace(view, stretch=replace(view.stretch, start_ns=start), baseline=replace(base, stretch=before))

    def _comparable(self, timeline: TimeLine) -> int:
        """Where the time begins that can be compared."""
        if not self.live:
            return timeline.start_ns
        sampled = (bucket.start_ns for bucket in timeline.buckets() if bucket.expected or bucket.counts)
        return next(sampled, timeline.start_ns)

    def toggle_comparison(self) -> Choices:
        """Compared, or not; the list of functions comes in the order that goes with it."""
        on = not self.compares
        return replace(self, compares=on, sort="delta" if on else "flat", backwards=False)

    def mark(self, timeline: TimeLine) -> Choices:
        """With what is shown as the baseline of comparisons to come; while one is on, without any mark."""
        if self.compares and self.baseline is not None and not self.baseline.beside:
            return replace(self, baseline=None)
        return replace(self, baseline=Baseline(Stretch(*self.span(timeline))))

    def mark_target(self) -> Choices:
        """With the processes shown as the baseline: others are then compared with them, over the same time."""
        if self.baseline is not None and self.baseline.target is not None:
            return replace(self, baseline=None)
        return replace(self, baseline=Baseline(target=self.view.target))

    def next_measure(self) -> Choices:
        """The next way to tell a change: points of share, absolute, relative."""
        measures: tuple[Measure, ...] = get_args(Measure)
        following = measures[(measures.index(self.view.measure) + 1) % len(measures)]
        return replace(self, view=replace(self.view, measure=following))

    def next_width(self) -> Choices:
        """The next thing that the width of boxes stands for in a comparison."""
        widths: tuple[Width, ...] = get_args(Width)
        following = widths[(widths.index(self.view.width) + 1) % len(widths)]
        return replace(self, view=replace(self.view, width=following))

    def at(self, start_ns: int, end_ns: int) -> Choices:
        """A stretch of the time line, in unix nanoseconds."""
        length = max(end_ns - start_ns, SECOND)
        return replace(self, window=length / SECOND, paused_at=start_ns + length, paused_since=None)

    def stepped(self, part: float, timeline: TimeLine, live: bool) -> Choices:
        """Back (negative) or on by a part of the length shown; on beyond the end of live data is live again.

        From all of it, the way begins with a part at its end.
        """
        start, end = self.span(timeline)
        if self.window is None and self.paused_at is None:
            start = max(start, end - max((end - start) // 5, min(LIVE_WINDOW * SECOND, (end - start) // 2)))
        step = round(part * (end - start))
        step = max(step, SECOND) if part > 0 else min(step, -SECOND)
        if live and self.paused_at is not None and end + step > timeline.end_ns:
            return replace(self, paused_at=None, paused_since=None)
        step = max(min(step, timeline.end_ns - end), timeline.start_ns - start)
        return self.at(start + step, end + step)

    def stretched(self, factor: float, timeline: TimeLine) -> Choices:
        """Longer or shorter, the end staying."""
        start, end = self.span(timeline)
        length = min(max((end - start) * factor, SECOND), timeline.end_ns - timeline.start_ns)
        return replace(self, window=max(round(length / SECOND), 1))

    def to_the_end(self, live: bool) -> Choices:
        """Back to live data; of a file, to all of it."""
        window = self.window if self.window in WINDOWS else LIVE_WINDOW
        return replace(self, paused_at=None, paused_since=None, window=window if live else None)

    def next_window(self) -> Choices:
        """The next length of the window."""
        place = WINDOWS.index(self.window) if self.window in WINDOWS else -1
        return replace(self, window=WINDOWS[(place + 1) % len(WINDOWS)])

    def toggle_pause(self, end_ns: int, now: float) -> Choices:
        """Paused at the data's end `end_ns`, or going on."""
        if self.paused_at is not None:
            return replace(self, paused_at=None, paused_since=None)
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

    def toggle_idle(self) -> Choices:
        """With the waits of threads that wait for work, or without."""
        return replace(self, view=replace(self.view, idle=not self.view.idle))

    def toggle_cause(self, cause: str) -> Choices:
        """Only the waits for one cause; of that one, all again."""
        return replace(self, view=replace(self.view, causes=() if not cause or self.view.causes else (cause,)))

    def toggle_collapsed(self) -> Choices:
        """Recursion as one box, or as it was."""
        return replace(self, view=replace(self.view, collapsed=not self.view.collapsed))

    def toggle_focus(self, name: str) -> Choices:
        """Only what one function does, whoever called it; of the one in focus, everything again."""
        return replace(self, view=replace(self.view, focus="" if self.view.focus == name else name))

    def next_first_level(self) -> Choices:
        """The next way of grouping."""
        levels: tuple[FirstLevel, ...] = get_args(FirstLevel)
        following = levels[(levels.index(self.view.first_level) + 1) % len(levels)]
        return replace(self, view=replace(self.view, first_level=following))

    def next_sort(self) -> Choices:
        """The next column to sort by."""
        sorts: tuple[Sort, ...] = tuple(sort for sort in get_args(Sort) if self.compares or sort != "delta")
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
        """Of other processes; also of what is saved elsewhere."""
        base = self.baseline
        if base is not None and base.beside:
            base = replace(base, target=None)
        return replace(self, view=replace(self.view, target=target), baseline=base)

    def next_tint(self) -> Choices:
        """The next thing that colours stand for."""
        tints: tuple[Tint, ...] = get_args(Tint)
        return replace(self, tint=tints[(tints.index(self.tint) + 1) % len(tints)])

    def of_kind(self, kind: str) -> Choices:
        """Another kind of profile."""
        return replace(self, view=replace(self.view, kind=kind))

    def remarks(self) -> list[str]:
        """What differs from the plain view, in words; what is counted at all first."""
        view = self.view
        found = [f"{'callers' if view.inverted else 'callees'} of {printable(view.focus, 40)}"] if view.focus else []
        found += [] if view.kernel else ["no kernel"]
        found += ["with interpreter"] if view.interpreter else []
        found += ["idle threads too"] if view.idle else []
        found += [f"waits for {printable(', '.join(view.causes), 60)} alone"] if view.causes else []
        found += ["leaf first"] if view.inverted else []
        found += ["recursion collapsed"] if view.collapsed else []
        found += [f"by {view.first_level}"] if view.first_level != "process" else []
        found += [f"colour by {self.tint}"] if self.tint != "package" else []
        found += [f"from {100 * view.minimum_share:g} %"] if view.minimum_share else []
        found += [f"change {MEASURES[view.measure]}"] if self.compares and view.measure != "points" else []
        found += [f"width: {WIDTHS[view.width]}"] if self.compares and view.width != "mean" else []
        found += [f"marked: {_marked(self.baseline)}"] if self.baseline is not None and not self.compares else []
        return found + ([f"without {_listed(view.hidden)}"] if view.hidden else [])


def first_choices(view: View, window: float | None) -> Choices:
    """What is looked at before any key: the view that was asked for, compared where it came with a baseline."""
    compares = view.baseline is not None
    plain = replace(view, baseline=None)
    sort: Sort = "delta" if compares else "flat"
    return Choices(plain, window, compares=compares, baseline=view.baseline, sort=sort, live=window is not None)


def _marked(baseline: Baseline) -> str:
    if baseline.beside:
        return "what is saved elsewhere"
    if baseline.stretch is None or baseline.stretch.start_ns is None:
        return printable(str(baseline.target), 40)
    return clock(baseline.stretch.start_ns)


def _listed(patterns: tuple[str, ...]) -> str:
    return f"{len(patterns)} functions" if len(patterns) > 2 else printable(" ".join(patterns), 60)
