"""The table of top functions: only the rows in sight are ever made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style
from textual import events
from textual.message import Message

from ..profiles.printable import printable
from ..profiles.vocabulary import Language, parts_of
from . import change_rows
from .choices import Choices, Sort
from .figures import Scale, percent, scale_for
from .icicle_brush import tinted
from .labels import fit
from .look import Look
from .painted import Painted
from .picture import Picture
from .row import Row
from .search import Matches

if TYPE_CHECKING:
    from ..profiles.top_table import TopRow

WIDE = 56
"""Cells from which there is room for cumulated values beside their share."""

FIGURE, SHARE, CAUSE = 8, 6, 11
"""Cells of a column of values, of one of shares, and of one of causes."""

ROOMY = 14
"""Rows from which the title is set apart by a blank one."""

WORDS = {"cpu": "CPU", "offcpu": "waiting", "wall": "wall time", "lock": "waiting for locks", "io": "block I/O"}


class Table(Painted):
    """Title, heads and rows; the cursor stays on its function while rows move."""

    class Moved(Message):
        """The cursor went to another function."""

    class Sorted(Message):
        """The head of a column was clicked."""

        def __init__(self, sort: Sort) -> None:
            super().__init__()
            self.sort = sort

    def __init__(self, look: Look, choices: Choices) -> None:
        super().__init__(look)
        self._choices = choices
        self._picture: Picture | None = None
        self._matches: Matches | None = None
        self._frame: int | None = None
        self._at = 0
        self._top = 0
        self._marked = 0
        self._active = False
        self._ruled = True
        self._following = True

    @property
    def row(self) -> TopRow | None:
        """The row under the cursor."""
        rows = self._rows
        return rows[self._at] if self._at < len(rows) else None

    @property
    def frame_id(self) -> int | None:
        """The function under the cursor."""
        return self.row.frame_id if self.row is not None else None

    def show(self, picture: Picture, matches: Matches | None, choices: Choices) -> None:
        """Draw this from now on."""
        before = self._picture
        self._picture, self._matches, self._choices = picture, matches, choices
        if before is not None and _list_of(before) != _list_of(picture):
            self._begin()
        if self._frame is not None:
            self._find(self._frame)
        self._settle()

    def stand(self, active: bool, ruled: bool) -> None:
        """Whether keys go to this pane, and whether it has another one on its left."""
        if (active, ruled) != (self._active, self._ruled):
            self._active, self._ruled = active, ruled
            self._following = self._following and not active
            self._settle()

    def follow(self, frame_id: int | None) -> None:
        """Put the cursor on a function, if it is listed, without one on the first. The rows stay: the top ones matter
        wherever the graph's cursor is."""
        if frame_id != self._frame:
            self._frame, self._following = frame_id, True
            self._find(frame_id)
            self._settle(moved=True)

    def move(self, way: str) -> None:
        """Move the cursor one key's way."""
        page = max(self._room - 1, 1)
        steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -(10**9), "last": 10**9}
        if way in steps and self._rows:
            self._to(self._at + steps[way])

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the head of a column, it sorts."""
        if event.y == self._heads - 1:
            self.post_message(self.Sorted(self._sort_at(event.x)))
        place = self._top + event.y - self._heads
        if event.y >= self._heads and place < len(self._rows):
            self._to(place)

    def on_mouse_scroll_down(self) -> None:
        """Rows further down."""
        self.move("down")

    def on_mouse_scroll_up(self) -> None:
        """Rows further up."""
        self.move("up")

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._settle()

    def paint(self, y: int, row: Row) -> None:
        """Title, heads, or a function."""
        if self._ruled:
            row.put(" ").put(self.look.glyphs.rule, self.look.palette.rule)
        if self._picture is None:
            return
        scale = scale_for(self._picture.unit, self._picture.tree.total)
        if y == 0 and self._compared:
            change_rows.paint_title(row, self._picture, self.look)
        elif y == 0:
            self._paint_title(row, scale)
        elif y == self._heads - 1:
            self._paint_heads(row, scale)
        elif y >= self._heads and self._top + y - self._heads < len(self._rows):
            self._paint_function(row, self._top + y - self._heads, scale)

    @property
    def _compared(self) -> bool:
        return self._picture is not None and self._picture.tree.change is not None

    @property
    def _waits(self) -> bool:
        """Whether there is something to tell of causes."""
        return self._picture is not None and "offcpu" in parts_of(self._picture.view.kind)

    @property
    def _rows(self) -> Sequence[TopRow]:
        return self._picture.rows if self._picture is not None else []

    @property
    def _heads(self) -> int:
        return 3 if self.size.height >= ROOMY else 2

    @property
    def _room(self) -> int:
        return max(self.size.height - self._heads, 1)

    def _to(self, place: int) -> None:
        self._at = min(max(place, 0), len(self._rows) - 1)
        self._frame, self._following = self.frame_id, False
        self._settle(moved=True)
        self.post_message(self.Moved())

    def _begin(self) -> None:
        self._frame, self._following = None, True
        self._at = self._top = 0

    def _find(self, frame_id: int | None) -> None:
        picture = self._picture
        place = picture.rows.place_of(frame_id) if picture is not None and frame_id is not None else None
        if place is not None:
            self._at = place
        elif self._following:
            self._at = 0

    def _settle(self, moved: bool = False) -> None:
        """Keep the cursor on a row that there is, and where a key put it there, in sight. `moved`: only that did."""
        top, marked = self._top, self._marked
        self._at = max(min(self._at, len(self._rows) - 1), 0)
        if not self._following:
            self._top = min(max(self._top, self._at - self._room + 1), self._at)
        self._top = max(min(self._top, len(self._rows) - self._room), 0)
        self._marked = self._at
        if moved and top == self._top:
            self.repaint_rows(*(self._heads + place - top for place in {marked, self._at} if place >= top))
        else:
            self.repaint()

    def _paint_title(self, row: Row, scale: Scale) -> None:
        assert self._picture is not None
        total, kind = self._picture.tree.total, self._picture.view.kind
        row.put(" Total ").put(scale.full(total), self.look.palette.strong).put(f" of {WORDS.get(kind, kind)}")

    def _columns(self, width: int, symbol: str) -> list[tuple[str, int, Sort]]:
        """Head, width and order of the columns that there is room for, without the names."""
        if self._compared:
            return change_rows.heads(width, self._choices.sort)
        columns: list[tuple[str, int, Sort]] = [(f"Flat {symbol}".rstrip(), FIGURE, "flat")]
        columns += [] if self._waits and width < WIDE else [("Flat%", SHARE, "flat")]
        columns += [] if self._waits else [("Sum%", SHARE, "flat")]
        columns += [(f"Cum {symbol}".rstrip(), FIGURE, "cum")] if width >= WIDE else []
        columns += [("Cum%", SHARE, "cum")]
        columns += [("Times", FIGURE, "cum")] if self._waits and width >= WIDE else []
        return columns + ([("Cause", CAUSE, "cum")] if self._waits else [])

    def _sort_at(self, x: int) -> Sort:
        """The order that the column at a cell stands for."""
        right = 2 if self._ruled else 0
        for _, width, sort in self._columns(self.size.width, ""):
            right += width
            if x < right:
                return sort
        return "name"

    def _paint_heads(self, row: Row, scale: Scale) -> None:
        choices = self._choices
        mark = self.look.glyphs.up if choices.backwards else self.look.glyphs.down
        marked = False
        for text, width, sort in self._columns(row.width, scale.symbol):
            chosen = sort == choices.sort
            row.put(f"{mark + text if chosen and not marked else text:>{width}}", self._head(chosen))
            marked = marked or chosen
        by_name = choices.sort == "name"
        row.put("   ").put(f"{mark}Name" if by_name else "Name", self._head(by_name))

    def _head(self, chosen: bool) -> Style:
        """The style of a column's head: those that the order goes by stand out."""
        return self.look.palette.strong if chosen else self.look.palette.faint

    def _paint_function(self, row: Row, place: int, scale: Scale) -> None:
        function, palette = self._rows[place], self.look.palette
        here = place == self._at
        cursor = (palette.selected if self._active else palette.selected_away) if here else None
        plain = cursor or palette.ground
        if self._compared and self._picture is not None:
            sort = self._choices.sort
            plain = change_rows.paint_figures(row, function, self._picture, self.look, sort, cursor) or plain
            row.put(" ", plain)
        else:
            self._paint_figures(row, function, scale, cursor)
        self._paint_swatch(row, function, cursor)
        lit = self._matches is not None and function.frame_id in self._matches.frames
        name = fit(function.frame.name, function.frame.language, row.room - 1, self.look.glyphs.ellipsis)
        row.put(" ", plain).put(name, palette.lit.label if lit and not here else plain)
        if here:
            row.to(row.width, plain)

    def _paint_figures(self, row: Row, function: TopRow, scale: Scale, cursor: Style | None) -> None:
        plain, faint = cursor or self.look.palette.ground, cursor or self.look.palette.faint
        row.put(f"{scale.text(function.flat):>{FIGURE}}", plain)
        if not self._waits or row.width >= WIDE:
            row.put(f"{percent(function.flat_percent):>{SHARE}}", plain)
        if not self._waits:
            row.put(f"{percent(function.sum_percent):>{SHARE}}", faint)
        if row.width >= WIDE:
            row.put(f"{scale.text(function.cum):>{FIGURE}}", plain)
        row.put(f"{percent(function.cum_percent):>{SHARE}}", plain)
        if self._waits and row.width >= WIDE:
            row.put(f"{function.cum_samples:>{FIGURE}}", faint)
        row.put(f"{printable(function.cause, CAUSE):>{CAUSE}}" if self._waits else "", plain).put(" ", plain)

    def _paint_swatch(self, row: Row, function: TopRow, cursor: Style | None) -> None:
        palette, frame = self.look.palette, function.frame
        by_cause = self._choices.tint == "cause"
        kernel = not function.cause if by_cause else frame.language is Language.KERNEL
        pair = (
            palette.kernel
            if kernel
            else palette.boxes[palette.hue(function.cause if by_cause else tinted(frame, self._choices.tint))]
        )
        swatch = pair[0].swatch
        row.put(self.look.glyphs.swatch, Style(color=swatch.color, bgcolor=cursor.bgcolor) if cursor else swatch)


def _list_of(picture: Picture) -> tuple[str, bool]:
    """What a list of functions is of: another one is read from its top."""
    return picture.view.kind, picture.tree.change is not None
