"""The strip over the graph: busy cores over the last minutes, where their peak was, which part of them is shown, and
where things changed. Of a part of the machine or of another kind it shows what is looked at."""

from __future__ import annotations

from dataclasses import replace

from rich.style import Style
from textual import events
from textual.message import Message

from ..profiles.printable import printable
from ..profiles.time_notes import TimeNote
from ..profiles.timeline import SECOND
from .figures import clock, length, rate
from .labels import cut
from .loads import Load
from .look import Look
from .painted import Painted
from .picture import Picture
from .row import Row

WIDTHS = (8, 4, 2)
"""The columns that a second may have while a live view is young."""

LABEL = 12
"""Cells for the peak on the left and the clock on the right."""

FEWEST = 10
"""Columns under which the strip would tell nothing."""

CHANGE_SIGN = "!"
"""Marks where what runs became something else."""

NOTE_SIGN = "#"
LONGEST_NOTE = 24
"""Marks a note; how much of it stands beside the mark, where there is room."""

RIGHT = 3
"""The mouse's button that chooses what to compare with."""


class TimeStrip(Painted):
    """Two rows: the load as bars, and the marks under it. A column always stands for the same whole seconds."""

    class Chosen(Message):
        """A stretch was chosen by the mouse, in unix nanoseconds; a mere click has no length. `baseline`: to compare
        with, and not to look at."""

        def __init__(self, start_ns: int, end_ns: int, baseline: bool) -> None:
            super().__init__()
            self.start_ns, self.end_ns, self.baseline = start_ns, end_ns, baseline

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._picture: Picture | None = None
        self._live = True
        self._held: int | None = None

    def show(self, picture: Picture, live: bool) -> None:
        """Draw this from now on; `live` says that it ends now."""
        self._picture, self._live = picture, live
        self.repaint()

    def mark(self, shown_ns: tuple[int, int], baseline_ns: tuple[int, int]) -> None:
        """Mark other stretches at once, while the picture of them is still being worked out."""
        if self._picture is not None:
            self._picture = replace(self._picture, shown_ns=shown_ns, baseline_ns=baseline_ns)
            self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to choose a stretch."""
        self._held = self._moment(event.x)
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Mark what would be chosen."""
        moment, picture = self._moment(event.x), self._picture
        if self._held is None or moment is None or picture is None:
            return
        chosen = (min(self._held, moment), max(self._held, moment))
        other = event.button == RIGHT or event.shift
        self.mark(picture.shown_ns if other else chosen, chosen if other else picture.baseline_ns)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Choose it."""
        begin, end, self._held = self._held, self._moment(event.x), None
        self.release_mouse()
        if begin is not None and end is not None:
            self.post_message(self.Chosen(min(begin, end), max(begin, end), event.button == RIGHT or event.shift))

    def _moment(self, x: int) -> int | None:
        """The time at a cell, to the column's beginning."""
        picture, columns = self._picture, self.size.width - 2 * LABEL
        if picture is None or columns < FEWEST:
            return None
        first, step = columns_of(picture.kept_ns, columns)
        moment = first + min(max(x - LABEL, 0), columns) * step
        return min(max(moment, picture.kept_ns[0]), picture.kept_ns[1])

    def paint(self, y: int, row: Row) -> None:
        """Row 0 has the bars, row 1 the marks."""
        picture = self._picture
        columns = row.width - 2 * LABEL
        if picture is None or not picture.profiled or columns < FEWEST or y > 1:
            return
        first, step = columns_of(picture.kept_ns, columns)
        loads = heights(picture.profiled, first, step, columns)
        if y == 0:
            self._paint_bars(row, picture, loads, first, step)
        else:
            self._paint_marks(row, picture, loads, first, step)

    def _paint_bars(self, row: Row, picture: Picture, loads: list[float], first: int, step: int) -> None:
        palette, bars = self.look.palette, self.look.glyphs.bars
        peak = max(loads)
        row.put(f"{rate(picture.view.kind, picture.unit, peak)} ".rjust(LABEL)[:LABEL], palette.faint)
        steps = len(bars) - 1
        drawn = [bars[min(max(round(load / peak * steps), 1), steps)] if load > 0 else " " for load in loads]
        if not peak:
            drawn = [" "] * len(loads)
        styles = [palette.strip] * len(loads)
        for extent, style in ((picture.baseline_ns, palette.strip_baseline), (picture.shown_ns, palette.strip_shown)):
            left, right = columns_in(extent, first, step, len(loads))
            styles[left:right] = [style] * (right - left)
        put_runs(row, drawn, styles)
        row.put(f" {'now' if self._live else 'end'} {clock(picture.kept_ns[1], seconds=False)}", palette.faint)

    def _paint_marks(self, row: Row, picture: Picture, loads: list[float], first: int, step: int) -> None:
        palette, glyphs, columns, peak = self.look.palette, self.look.glyphs, len(loads), peak_of(loads)
        if peak is not None:
            row.put(f"{glyphs.up} {clock(first + peak * step)} ".rjust(LABEL), palette.faint)
        signs, styles = [" "] * columns, [palette.ground] * columns
        ago = f"{glyphs.minus}{length((picture.kept_ns[1] - first) / SECOND)}"
        write(signs, styles, 0, ago, palette.faint)
        changes = [columns_in(change, first, step, columns)[0] for change in picture.changes]
        changes = [place for place in changes if place < columns]
        notes = [columns_in((note.start_ns, note.start_ns + step), first, step, columns)[0] for note in picture.notes]
        taken = {place for place in (*changes, *notes, *([] if peak is None else [peak])) if place < columns}
        for place in taken:
            write(signs, styles, place, CHANGE_SIGN, palette.strip_change)
        marks = [(picture.shown_ns, "shown", palette.strip_shown)]
        if any(picture.baseline_ns):
            marks.insert(0, (picture.baseline_ns, "baseline", palette.strip_baseline))
        spans = [columns_in(extent, first, step, columns) for extent, _, _ in marks]
        for (extent, word, style), span in zip(marks, spans, strict=True):
            others = {place for other in spans if other != span for place in range(*other)}
            self._bracket(signs, styles, span, (f" {word} {clock(extent[0])} ", f" {word} "), style, taken, others)
        free = (" ", CHANGE_SIGN, glyphs.mark_left, glyphs.mark_line, glyphs.mark_right)
        if peak is not None and signs[peak] in free:
            write(signs, styles, peak, glyphs.up, palette.strong)
        for place in changes:  # again: a bracket may have been drawn over it
            if signs[place] in (*free, glyphs.up):
                write(signs, styles, place, CHANGE_SIGN, palette.strip_change)
        for place, note in zip(notes, picture.notes, strict=True):
            self._note(signs, styles, place, note)
        put_runs(row.to(LABEL), signs, styles)

    def _note(self, signs: list[str], styles: list[Style], at: int, note: TimeNote) -> None:
        """A sign where a note stands, and as much of it as there is room for."""
        if not 0 <= at < len(signs):
            return
        text = f" {cut(printable(note.text, LONGEST_NOTE), LONGEST_NOTE, self.look.glyphs.ellipsis)} "
        if text.isascii() and is_free(signs, at + 1, len(text)):
            write(signs, styles, at + 1, text, self.look.palette.strip_change)
        write(signs, styles, at, NOTE_SIGN, self.look.palette.strip_change)

    def _bracket(
        self,
        signs: list[str],
        styles: list[Style],
        span: tuple[int, int],
        forms: tuple[str, ...],
        style: Style,
        taken: set[int],
        others: set[int],
    ) -> None:
        """A bracket under a stretch, with the longest words in it that fit, else beside it where that is free, also of
        the `others` to come; words leave columns free that are `taken` if they can."""
        (left, right), glyphs = span, self.look.glyphs
        room = right - left - 2
        if room < 0:
            return
        words = forms[0] if len(forms[0]) <= room else ""
        if not words:
            width = len(forms[0])
            free = (at for at in (left - width, right) if is_free(signs, at, width))
            at = next((at for at in free if others.isdisjoint(range(at, at + width))), None)
            if at is not None:
                write(signs, styles, at, forms[0], style)
            elif len(forms[1]) <= room:
                words = forms[1]
        line = glyphs.mark_line * _before(room, len(words), {place - left - 1 for place in taken}) + words
        text = glyphs.mark_left + line + glyphs.mark_line * (room - len(line)) + glyphs.mark_right
        write(signs, styles, left, text, style)


def _before(room: int, width: int, taken: set[int]) -> int:
    """Cells before words of this width, so that they stand as near to the middle as what is taken allows."""
    middle = (room - width) // 2
    free = (at for at in range(room - width + 1) if taken.isdisjoint(range(at, at + width)))
    return min(free, key=lambda at: abs(at - middle), default=middle)


def peak_of(loads: list[float]) -> int | None:
    """The column of the highest load, the first one of several; None where there is no load."""
    rounded = [round(load, 2) for load in loads]
    return rounded.index(max(rounded)) if any(rounded) else None


def is_free(signs: list[str], at: int, width: int) -> bool:
    """Whether nothing stands in some cells."""
    return at >= 0 and at + width <= len(signs) and not "".join(signs[at : at + width]).strip()


def write(signs: list[str], styles: list[Style], at: int, text: str, style: Style) -> None:
    """Put text over cells."""
    text = text[: len(signs) - at]
    signs[at : at + len(text)] = text
    styles[at : at + len(text)] = [style] * len(text)


def put_runs(row: Row, signs: list[str], styles: list[Style]) -> None:
    """Append cells, those of one style together."""
    begin = 0
    for end in range(1, len(signs) + 1):
        if end == len(signs) or styles[end] is not styles[begin]:
            row.put("".join(signs[begin:end]), styles[begin])
            begin = end


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


def columns_in(extent: tuple[int, int], first: int, step: int, columns: int) -> tuple[int, int]:
    """The columns [left, right) that a stretch touches."""
    start, end = extent
    left = min(max(round((start - first) / step), 0), columns)
    return left, min(max(-(-(end - first) // step), left), columns)
