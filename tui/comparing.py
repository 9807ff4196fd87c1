"""What a comparison looks like in words, signs and colours: shared by graph, table, legend and details."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.style import Style

from ..profiles.view import Measure
from ..themes.glyphs import Glyphs
from ..themes.palette import Palette
from .figures import clock, length, scale_for
from .picture import Picture, seconds

if TYPE_CHECKING:
    from ..profiles.change import PartChange

FARTHEST = 999
"""Percent beyond which a relative change is only said to be more."""


def sign_of(part: PartChange, now: int, glyphs: Glyphs, filled: bool = True) -> str:
    """The sign of a significant change: new, gone, worse or better; as many as its step where no ground shows that."""
    if not part.step:
        return ""
    sign = glyphs.worse if part.step > 0 else glyphs.better
    if not part.was and now:
        sign = "+"
    elif part.was and not now:
        sign = glyphs.minus
    return sign if filled else sign * abs(part.step)


def style_of(step: int, palette: Palette) -> Style | None:
    """The colour of a change as text on the ground; None within noise."""
    return None if not step else palette.rise if step > 0 else palette.fall


def delta_text(part: PartChange, measure: Measure, picture: Picture, in_full: bool = False) -> str:
    """A change with its sign, in the measure: points of share, value a second (`in_full` with its unit), or percent of
    what it was."""
    if measure == "points":
        return f"{part.points:+.1f}"
    if measure == "relative":
        far = math.isinf(part.delta) or abs(part.delta) > FARTHEST
        return ("new" if math.isinf(part.delta) else f">+{FARTHEST}%") if far else f"{part.delta:+.0f}%"
    return rate_text(part.delta, picture, signed=True, unit=in_full)


def rate_text(rate: float, picture: Picture, signed: bool = False, unit: bool = False) -> str:
    """A value per second of wall time; of CPU time that is cores."""
    sign = "+" if signed else ""
    if picture.unit == "nanoseconds":
        text = f"{rate / 1e9:{sign}.2f}"
        return f"{text} {'cores' if picture.view.kind == 'cpu' else 's/s'}" if unit else text
    scale = scale_for(picture.unit, int(abs(rate)))
    text = f"{rate / scale.size:{sign}.1f}{scale.symbol}"
    return f"{text}/s" if unit else text


def total_words(picture: Picture, arrow: str) -> str:
    """How the whole changed: `1.21 → 2.02 cores +67 %`; of sides without a length of time their samples."""
    change = picture.tree.change
    if change is None:
        return ""
    was, now = change.sides.was, change.sides.now
    if not was.rate or not now.rate:
        return f"{was.samples} {arrow} {now.samples} samples"
    first = rate_text(was.rate, picture)
    return f"{first} {arrow} {rate_text(now.rate, picture, unit=True)} {100 * (now.rate / was.rate - 1):+.0f} %"


def total_step(picture: Picture) -> int:
    """Whether the whole grew (1) or shrank (-1) by more than a tenth."""
    change = picture.tree.change
    if change is None or not change.sides.was.rate:
        return 0
    ratio = change.sides.now.rate / change.sides.was.rate
    return 1 if ratio > 1.1 else -1 if ratio < 0.9 else 0


def baseline_words(picture: Picture) -> str:
    """What the picture is compared with: a stretch before it, another file, another target."""
    base = picture.view.baseline
    if base is None:
        return ""
    parts = [f"{base.target}"] if base.target is not None else []
    if base.beside and base.stretch is None:
        parts.insert(0, "another file")
    elif base.stretch is not None and any(picture.baseline_ns):
        parts.insert(0, f"{clock(picture.baseline_ns[0])} + {length(seconds(picture.baseline_ns))}")
    return f"against {' '.join(parts) or 'itself'}"


def within_noise(picture: Picture) -> int:
    """How many functions did not change beyond noise."""
    return len(picture.rows) - picture.rows.changed
