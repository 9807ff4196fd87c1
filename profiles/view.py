"""What is looked at: one frozen value from which tree, table and diff follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .target import Target

FirstLevel = Literal["process", "thread", "command", "binary", "container", "pod", "service", "host", "none"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the time line, in unix nanoseconds, end excluded; None leaves that side open."""

    start_ns: int | None = None
    end_ns: int | None = None


EVERYTHING = Stretch()
"""The whole time line."""

HOST = Target()
"""Every process."""


Measure = Literal["points", "absolute", "relative"]
"""How a change is told: in points of share, per second of wall time, or in percent of what it was."""

Width = Literal["mean", "current", "baseline"]
"""What a box of a comparison is as wide as: the mean of both sides, or one of them."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a comparison compares with. What is None is as in the view itself; a target that is machines alone means the
    processes of the view there.

    `beside` says that it is the profile kept beside the one looked at (another file), and not a part of that one;
    its `stretch` is then on that profile's own time line, and None is all of it.
    """

    stretch: Stretch | None = None
    target: Target | None = None
    beside: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether it is another machine, or a file that may be of one: what is the same there has other numbers."""
        machines = self.target is not None and bool(self.target.hosts) and not self.target.by_process
        return self.beside or machines


@dataclass(frozen=True, slots=True)
class View:
    """A way of looking at a profile.

    `hidden` are name patterns (`runtime.*`, shell style) of frames that are left out, their time going to the caller;
    `kernel` off does the same with kernel frames, `interpreter` off with an interpreter's own code in profiles that
    tell what it runs. `minimum_samples` and `minimum_share` (0 to 1, of the total) leave
    small functions and boxes out of what is listed and drawn, never out of totals. `inverted` puts the leaf first.
    `causes` are those whose waits alone are counted (empty: all, and what ran).
    `idle` counts the waits of threads that wait for work as well (see `idle.py`).
    `collapsed` makes a function that calls itself one box; `focus` is the name of a function that stands at the top
    with what it calls (inverted: with who calls it).
    With a `baseline` the view is a comparison; `measure` and `width` then say how changes are told and drawn.
    """

    kind: str = "cpu"
    stretch: Stretch = EVERYTHING
    target: Target = HOST
    kernel: bool = True
    interpreter: bool = False
    hidden: tuple[str, ...] = ()
    minimum_samples: int = 1
    minimum_share: float = 0.0
    first_level: FirstLevel = "process"
    inverted: bool = False
    idle: bool = False
    causes: tuple[str, ...] = ()
    collapsed: bool = False
    focus: str = ""
    baseline: Baseline | None = None
    measure: Measure = "points"
    width: Width = "mean"

    def of_baseline(self) -> View:
        """The view of the baseline's side alone."""
        if self.baseline is None:
            return self
        base = self.baseline
        elsewhere = EVERYTHING if base.beside else self.stretch
        target = self.target if base.target is None else base.target
        if base.elsewhere and not base.beside and base.target is not None:
            target = replace(self.target, hosts=base.target.hosts)
        return replace(self, stretch=base.stretch or elsewhere, target=target, baseline=None)
