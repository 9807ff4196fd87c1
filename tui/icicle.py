"""The icicle graph: wider means more, callees below, one hue a package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from .anchor import Anchor
from .callers import Callers
from .choices import Tint
from .icicle_brush import Brush
from .look import Look
from .painted import Painted
from .picture import Picture
from .row import Row
from .search import Matches
from .steadiness import Steadiness

if TYPE_CHECKING:
    from .icicle_layout import Placed
    from .icicle_walk import Walk

CALLERS_PART = 3
"""The callers of a function in focus take one part of so many of the height."""


class Icicle(Painted):
    """Draws the tree of a picture below the box that is zoomed into; keeps zoom, cursor and scroll by path.

    `wavers` says that more data is to come, so that edges stay where they are while they move by less than a cell.
    """

    class Moved(Message):
        """The cursor went to another box."""

    class Left(Message):
        """What is zoomed into is to be left."""

    class CallerChosen(Message):
        """A caller of the function in focus was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._picture: Picture | None = None
        self._callers = Callers()
        self._matches: Matches | None = None
        self._tint: Tint = "package"
        self._zooms: list[Anchor] = []
        self._cursor = Anchor()
        self._top = 0
        self._rows: list[list[Placed]] = []
        self._level = 0
        self._hidden = 0
        self._extent = self.size
        self._levels = 1
        self._steadiness = Steadiness()
        self.wavers = True
        self._laid: tuple[int, int, int, int] | None = None
        self.root = 0
        self.box = 0

    def show(self, picture: Picture, matches: Matches | None, tint: Tint) -> None:
        """Draw this from now on; zoom and cursor stay on their boxes."""
        self._picture, self._matches, self._tint = picture, matches, tint
        self._laid = None
        self.root = self._zooms[-1].find(picture.tree) if self._zooms else 0
        self.box = self._inside(self._cursor.find(picture.tree))
        self._lay_out()

    def move(self, way: str) -> None:
        """Move the cursor one key's way."""
        walk = self._walk()
        if walk is None:
            return
        if way == "down" and walk.culled(self.box):
            self.zoom_in()
        else:
            self.go_to(walk.step(self.box, way))

    def go_to(self, box: int) -> None:
        """Put the cursor on a box, zooming out as far as it takes to have it on the screen."""
        picture = self._picture
        if picture is None:
            return
        while self._zooms and not self.root <= box < int(picture.tree.ends[self.root]):
            self._leave()
        self._cursor, self.box = Anchor(picture.tree, box), box
        self._lay_out()
        self.post_message(self.Moved())

    def zoom_in(self) -> bool:
        """Make the box under the cursor the widest; False where it is that already."""
        if self._picture is None or self.box == self.root:
            return False
        self._zooms.append(Anchor(self._picture.tree, self.box))
        self.root, self._top = self.box, 0
        self._lay_out()
        return True

    def zoom_out(self) -> bool:
        """Go back to the zoom before; False where there was none."""
        if not self._zooms:
            return False
        self._leave()
        self._lay_out()
        return True

    def unzoom(self) -> None:
        """Leave all zooms; the next picture is another tree."""
        self._zooms.clear()
        self._top = 0

    def widest(self, frame_id: int) -> int | None:
        """The widest box of a function, those in sight before others."""
        from ..profiles.call_tree import FRAME

        if self._picture is None:
            return None
        tree = self._picture.tree
        places = ((tree.what == FRAME) & (tree.refs == frame_id)).nonzero()[0]
        inside = [box for box in places.tolist() if self.root <= box < int(tree.ends[self.root])]
        return max(inside or places.tolist(), key=lambda box: int(tree.drawn[box]), default=None)

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self._lay_out()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the box that has it already, it zooms; above the graph, it zooms out."""
        if event.y < self._callers.height:
            name = self._callers.name_at(event.x, event.y)
            if name:
                self.post_message(self.CallerChosen(name))
            return
        if event.y < self._above:
            self.post_message(self.Left())
            return
        row = self._rows[event.y - self._above] if 0 <= event.y - self._above < len(self._rows) else []
        hit = next((placed for placed in row if placed.left <= event.x < placed.right), None)
        if hit is not None and hit.box == self.box:
            self.zoom_in()
        elif hit is not None:
            self.go_to(hit.box)

    def on_mouse_scroll_down(self) -> None:
        """Deeper levels."""
        self._scroll(3)

    def on_mouse_scroll_up(self) -> None:
        """Levels further up."""
        self._scroll(-3)

    def paint(self, y: int, row: Row) -> None:
        """One level of the graph; above it, when zoomed, the way down to it."""
        if self._picture is None:
            return
        if y < self._callers.height:
            self._callers.paint(y, row, self.look, self._tint)
            return
        brush = Brush(self.look, self._picture, self._matches, self._tint)
        level = y - self._above
        if level < 0:
            brush.paint_way(row, self.root)
        elif level < len(self._rows):
            brush.paint_level(row, self._rows[level], self.box if self._level == level else None)
            last = level == len(self._rows) - 1
            brush.paint_hidden(row, self._hidden if last else 0)

    @property
    def _above(self) -> int:
        """Rows above the graph: callers, and the way down to what is zoomed into."""
        return self._callers.height + (1 if self.root else 0)

    def _leave(self) -> None:
        self._zooms.pop()
        self._top = 0
        if self._picture is not None:
            self.root = self._zooms[-1].find(self._picture.tree) if self._zooms else 0

    def _inside(self, box: int) -> int:
        tree = self._picture.tree if self._picture else None
        return box if tree is not None and self.root <= box < int(tree.ends[self.root]) else self.root

    def _walk(self) -> Walk | None:
        if self._picture is None:
            return None
        from .icicle_walk import Walk

        return Walk(self._picture.tree, self.root, self._extent.width, self._row_at)

    def _row_at(self, level: int) -> list[Placed] | None:
        """The boxes placed on a level below the root, None where it is out of sight."""
        inside = self._laid is not None and 0 <= level - self._top < len(self._rows)
        return self._rows[level - self._top] if inside else None

    def _scroll(self, levels: int) -> None:
        self._top += levels
        self._lay_out(follow=False)

    def _lay_out(self, follow: bool = True) -> None:
        """Place the boxes. A graph out of sight is laid out as well: it is painted before it hears of its size."""
        self._extent = size = self.size if self.size.area else self._extent
        picture = self._picture
        if picture is None or not size.area:
            return
        from .icicle_layout import deepest, lay_out

        self._callers.lay_out(picture, size.width, size.height // CALLERS_PART)
        tree, height, shown = picture.tree, max(size.height - self._above, 1), self._level
        at = int(tree.depths[self.box]) - int(tree.depths[self.root])
        if not self._laid or self._laid[0] != self.root:
            self._levels = deepest(tree, self.root) + 1
            self._laid = None
        if follow:
            self._top = min(max(self._top, at - height + 1), at)
        self._top = max(min(self._top, self._levels - height), 0)
        self._level = at - self._top
        wanted = (self.root, size.width, self._top, height)
        if self._laid == wanted:
            self.repaint_rows(shown + self._above, self._level + self._above)
            return
        self._hidden = max(self._levels - self._top - height, 0)
        minimum = int(picture.view.minimum_share * abs(int(tree.drawn[0])))
        rows = lay_out(tree, self.root, size.width, self._top, height, minimum)
        scale = (*self._zooms[-1:], size.width, self._top)
        self._rows = self._steadiness.settle(tree, rows, scale) if self.wavers else rows
        anew = self._laid is None
        self._laid = wanted
        if anew:
            self.repaint()
        else:
            self.refresh()
