"""What is looked at: one frozen value from which tree, table and diff follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .target import Target

FirstLevel = Literal["process", "thread", "command", "binary", "none"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the time line, in unix nanoseconds, end excluded; None leaves that side open."""

    start_ns: int | None = None
    end_ns: int | None = None


EVERYTHING = Stretch()
"""The whole time line."""

HOST = Target()
"""Every process."""


@dataclass(frozen=True, slots=True)
class View:
    """A way of looking at a profile.

    `hidden` are name patterns (`runtime.*`, shell style) of frames that are left out, their time going to the caller;
    `kernel` off does the same with kernel frames. `minimum_samples` and `minimum_share` (0 to 1, of the total) leave
    small functions and boxes out of what is listed and drawn, never out of totals. `inverted` puts the leaf first.
    """

    kind: str = "cpu"
    stretch: Stretch = EVERYTHING
    target: Target = HOST
    kernel: bool = True
    hidden: tuple[str, ...] = ()
    minimum_samples: int = 1
    minimum_share: float = 0.0
    first_level: FirstLevel = "process"
    inverted: bool = False
    baseline: Stretch | None = None
