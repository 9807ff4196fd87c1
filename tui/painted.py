"""The base of all widgets: a rectangle that is painted row by row."""

from __future__ import annotations

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from .look import Look
from .row import Row


class Painted(Widget):
    """A widget without Textual's own decoration: it paints all of its cells itself, through `paint`.

    `refresh` draws all of it again. Where little may have changed, `repaint` draws the rows that come out otherwise
    than they stand there, and `repaint_rows` those that are named: the fewer rows, the sooner a key shows.
    """

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        self._strips: dict[int, Strip] = {}
        self._strips_size = Size()
        super().__init__(id=id)
        self.look = look

    @property
    def size(self) -> Size:
        """All of it. Textual takes off what borders and bars need: there are none, and it takes long to see that."""
        return self.outer_size

    def dress(self, look: Look) -> None:
        """Take on another look."""
        self.look = look
        self.refresh()

    def paint(self, y: int, row: Row) -> None:
        """Put the row `y` of the widget into `row`; what is left free shows the ground."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Paint anew, and draw the rows that came out otherwise."""
        if self.size != self._strips_size:
            self.refresh()
            return
        strips = {y: self._painted(y) for y in self._strips}
        self.repaint_rows(*(y for y, strip in strips.items() if strip != self._strips[y]))
        self._strips = strips

    def repaint_rows(self, *rows: int) -> None:
        """Draw these rows again."""
        regions = [Region(0, y, self.size.width, 1) for y in rows if 0 <= y < self.size.height]
        if regions:
            self.refresh(*regions)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Painted:
        """Draw all of it again, or some regions, at the next opportunity."""
        if not regions:
            self._strips.clear()
        for region in regions:
            for y in region.line_range:
                self._strips.pop(y, None)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_line(self, y: int) -> Strip:
        """One row of the widget as Textual wants it."""
        if self.size != self._strips_size:
            self._strips.clear()
            self._strips_size = self.size
        if y not in self._strips:
            self._strips[y] = self._painted(y)
        return self._strips[y]

    def _painted(self, y: int) -> Strip:
        row = Row(self.size.width, self.look.palette.ground, self.look.glyphs.ellipsis)
        self.paint(y, row)
        return row.strip()
