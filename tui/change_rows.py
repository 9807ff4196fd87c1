"""What changed, as rows of the table: from, to, by how much, which function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style

from .choices import Sort
from .comparing import baseline_words, delta_text, sign_of, style_of
from .figures import percent
from .look import Look
from .picture import Picture
from .row import Row

if TYPE_CHECKING:
    from ..profiles.change import PartChange
    from ..profiles.top_table import TopRow

SHARE, CHANGE = 6, 8
"""Cells of a column of shares, and of one of changes with their sign."""

BOTH = 66
"""Cells from which a function's own change stands beside that with all it calls."""


def paint_title(row: Row, picture: Picture, look: Look) -> None:
    """What is compared with what."""
    row.put(" What changed ", look.palette.strong).put(f"{picture.rows.changed}", look.palette.accent)
    row.put(f"  {baseline_words(picture)}", look.palette.faint)


def heads(width: int, sort: Sort) -> list[tuple[str, int, Sort]]:
    """Head, width and order of each column before the names."""
    columns: list[tuple[str, int, Sort]] = []
    for part in parts(width, sort):
        own: Sort = part
        columns += [("was %", SHARE + 1, own), (f"{part} %", SHARE + 1, own), ("change", CHANGE + 1, "delta")]
    return columns


def parts(width: int, sort: Sort) -> tuple[Sort, ...]:
    """Which figures of functions there is room for: both, or the one that they are sorted by."""
    if width >= BOTH:
        return ("flat", "cum")
    return ("flat",) if sort == "flat" else ("cum",)


def paint_figures(
    row: Row, function: TopRow, picture: Picture, look: Look, sort: Sort, cursor: Style | None
) -> Style | None:
    """The figures of one function; gives the style of its name, None for the plain one."""
    change, palette = function.change, look.palette
    if change is None:
        return None
    for name in parts(row.width, sort):
        part = change.flat if name == "flat" else change.cum
        now = function.flat if name == "flat" else function.cum
        share = function.flat_percent if name == "flat" else function.cum_percent
        row.put(f"{percent(part.was_percent):>{SHARE + 1}}", cursor or palette.faint)
        row.put(f"{percent(share):>{SHARE + 1}}", cursor or palette.ground)
        _paint_change(row, part, now, picture, look, cursor)
    return cursor or (palette.ground if change.significant else palette.faint)


def _paint_change(row: Row, part: PartChange, now: int, picture: Picture, look: Look, cursor: Style | None) -> None:
    sign = sign_of(part, now, look.glyphs)
    text = delta_text(part, picture.view.measure, picture)
    style = style_of(part.step, look.palette)
    if cursor is not None and style is not None:
        style = Style(color=style.color, bgcolor=cursor.bgcolor, bold=True, reverse=cursor.reverse)
    row.put(f" {sign:1}", style or cursor or look.palette.faint)
    row.put(f"{text:>{CHANGE - 1}}", style or cursor or look.palette.faint)
