"""The widgets of the main screen, and which of them are in sight."""

from __future__ import annotations

from textual.containers import Horizontal
from textual.widget import Widget

from .choices import Choices
from .details import Details
from .facts import box_facts, function_facts
from .footer import Footer
from .header import Header
from .icicle import Icicle
from .legend import Legend
from .look import Look
from .notice_line import NoticeLine
from .painted import Painted
from .picture import Picture
from .placard import Placard
from .prompt import Prompt, Purpose
from .search import Matches
from .table import Table
from .time_strip import TimeStrip

WIDE = 100
"""Columns from which graph and table stand side by side."""


class Board:
    """Makes the widgets and keeps them telling the same. `pane` is the one that keys go to."""

    def __init__(self, look: Look, choices: Choices) -> None:
        self.header = Header(look, choices)
        self.strip = TimeStrip(look)
        self.placard = Placard(look)
        self.icicle = Icicle(look)
        self.table = Table(look, choices)
        self.legend = Legend(look)
        self.details = Details(look)
        self.notice = NoticeLine(look)
        self.prompt = Prompt(look)
        self.footer = Footer(look)
        self.pane: Icicle | Table = self.icicle
        self._body = Horizontal(self.icicle, self.table)
        self._width = 0

    def widgets(self) -> tuple[Widget, ...]:
        """The widgets from the top down."""
        lower = (self.legend, self.details, self.notice, self.prompt, self.footer)
        return (self.header, self.strip, self.placard, self._body, *lower)

    def arrange(self, width: int) -> None:
        """Show both panes where there is room, else the one that keys go to; neither while the placard is up."""
        self._width = width
        wide = width >= WIDE
        self._body.display = not self.placard.display
        self.icicle.display = wide or self.pane is self.icicle
        self.table.display = wide or self.pane is self.table
        self.table.stand(active=self.pane is self.table, ruled=wide)

    def switch_pane(self) -> None:
        """Send keys to the other pane."""
        self.pane = self.table if self.pane is self.icicle else self.icicle
        self.arrange(self._width)

    def explain(self, lines: list[str]) -> None:
        """Put up the placard with these lines, or with none of them the panes."""
        self.placard.show(lines)
        self.placard.display = bool(lines)
        self.arrange(self._width)

    def show(self, picture: Picture, matches: Matches | None, choices: Choices, live: bool) -> None:
        """Draw a picture in all widgets but the header; `live` says that it ends now."""
        self.icicle.show(picture, matches, choices.tint)
        self.table.show(picture, matches, choices)
        self.strip.show(picture, live)
        self.legend.show(picture)
        self.footer.show(picture.tree.change is not None)
        self.show_details(picture)

    def show_details(self, picture: Picture) -> None:
        """Tell of what is under the cursor."""
        row = self.table.row if self.pane is self.table else None
        if not picture.tree.total:
            self.details.show(None)
            return
        self.details.show(function_facts(picture, row) if row else box_facts(picture, self.icicle.box))

    def follow_icicle(self, picture: Picture) -> None:
        """The table's cursor goes to the function of the box under the graph's, and the details tell of it."""
        if self.pane is self.icicle:
            box = self.icicle.box
            self.table.follow(int(picture.tree.refs[box]) if picture.tree.frame(box) is not None else None)
        self.show_details(picture)

    def follow_table(self, picture: Picture) -> None:
        """The graph's cursor goes to the widest box of the function under the table's, and the details tell of it."""
        frame = self.table.frame_id
        box = self.icicle.widest(frame) if frame is not None else None
        if box is not None:
            self.icicle.go_to(box)
        self.show_details(picture)

    def open_prompt(self, text: str, purpose: Purpose = "search") -> None:
        """Let a search, or a time, be typed, in the footer's place."""
        self.footer.display = False
        self.prompt.open(text, purpose)

    def dress(self, look: Look) -> None:
        """Take on another look."""
        for widget in (*self.widgets(), self.icicle, self.table):
            if isinstance(widget, Painted):
                widget.dress(look)
