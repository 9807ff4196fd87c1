"""The strip over the graph: busy cores over the last minutes, and which part of them is shown."""

from __future__ import annotations

from ..profiles.timeline import SECOND
from .figures import clock, length
from .look import Look
from .painted import Painted
from .picture import Load, Picture
from .row import Row

WIDTHS = (8, 4, 2)
"""The columns that a second may have while a live view is young."""

LABEL = 12
"""Cells for the peak on the left and the clock on the right."""


class TimeStrip(Painted):
    """Two rows: the load as bars, and the marks under it. A column always stands for the same whole seconds."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._picture: Picture | None = None
        self._live = True

    def show(self, picture: Picture, live: bool) -> None:
        """Draw this from now on; `live` says that it ends now."""
        self._picture, self._live = picture, live
        self.repaint()

    def paint(self, y: int, row: Row) -> None:
        """Row 0 has the bars, row 1 the marks."""
        picture = self._picture
        columns = row.width - 2 * LABEL
        if picture is None or not picture.loads or columns < 10:
            return
        first, step = columns_of(picture.kept_ns, columns)
        if y == 0:
            self._paint_bars(row, picture, heights(picture.loads, first, step, columns), first, step)
        elif y == 1:
            self._paint_marks(row, picture, first, step, columns)

    def _paint_bars(self, row: Row, picture: Picture, loads: list[float], first: int, step: int) -> None:
        palette, bars = self.look.palette, self.look.glyphs.bars
        peak = max(loads)
        row.put(f"{peak:.1f} cores ".rjust(LABEL), palette.faint)
        left, right = shown_columns(picture, first, step, len(loads))
        steps = len(bars) - 1
        drawn = [bars[min(max(round(load / peak * steps), 1), steps)] if load > 0 else " " for load in loads]
        if not peak:
            drawn = [" "] * len(loads)
        row.put("".join(drawn[:left]), palette.strip).put("".join(drawn[left:right]), palette.strip_shown)
        row.put("".join(drawn[right:]), palette.strip).put(
            f" {'now' if self._live else 'end'} {clock(picture.kept_ns[1], seconds=False)}", palette.faint
        )

    def _paint_marks(self, row: Row, picture: Picture, first: int, step: int, columns: int) -> None:
        palette, glyphs = self.look.palette, self.look.glyphs
        left, right = shown_columns(picture, first, step, columns)
        ago = f"{glyphs.minus}{length((picture.kept_ns[1] - first) / SECOND)}"
        row.to(LABEL).put(ago if left > len(ago) + 20 else "", palette.faint)
        words = f" shown {clock(picture.shown_ns[0])} "
        room = right - left - 2
        if room < len(words) and left > len(words):
            row.to(LABEL + left - len(words)).put(words, palette.strip_shown)
            words = ""
        row.to(LABEL + left)
        if room >= 0:
            words = words if room >= len(words) else ""
            text = glyphs.mark_left + glyphs.mark_line * ((room - len(words)) // 2) + words
            row.put(text + glyphs.mark_line * (room + 1 - len(text)) + glyphs.mark_right, palette.strip_shown)


def columns_of(kept_ns: tuple[int, int], columns: int) -> tuple[int, int]:
    """Where the strip's first column starts and how long a column is, in nanoseconds.

    A column is a whole number of seconds and lies on a multiple of it, or there is a whole number of columns to a
    second, so that the strip moves by whole columns and seldom.
    """
    start, end = kept_ns
    kept = max(-(-(end - start) // SECOND), 1)
    for parts in WIDTHS:
        if columns // parts > kept:
            step = SECOND // parts
            return -(-end // SECOND) * SECOND - columns * step, step
    step = -(-kept // (columns - 1)) * SECOND
    return (-(-end // step) - columns) * step, step


def heights(loads: list[Load], first: int, step: int, columns: int) -> list[float]:
    """Mean busy cores in each column; 0 where nothing is known."""
    spent, known = [0.0] * columns, [0.0] * columns
    for load in loads:
        begin = max(load.start_ns, first)
        while begin < load.end_ns:
            column = (begin - first) // step
            if column >= columns:
                break
            end = min(load.end_ns, first + (column + 1) * step)
            spent[column] += load.cores * (end - begin)
            known[column] += end - begin
            begin = end
    return [value / time if time else 0.0 for value, time in zip(spent, known, strict=True)]


def shown_columns(picture: Picture, first: int, step: int, columns: int) -> tuple[int, int]:
    """The columns [left, right) that the shown stretch touches."""
    start, end = picture.shown_ns
    left = min(max(round((start - first) / step), 0), columns)
    return left, min(max(-(-(end - first) // step), left), columns)
