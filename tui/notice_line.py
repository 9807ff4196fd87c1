"""The lines above the footer for what a person should know: failures, warnings, where a snapshot went."""

from __future__ import annotations

from collections import deque
from textwrap import wrap

from textual.geometry import Size

from ..profiles.delta import Notice
from ..profiles.printable import printable
from .look import Look
from .painted import Painted
from .row import Row

INFORMED = 20.0
"""Seconds that a message stays which asks for nothing."""

MOST_ROWS, ROOMY = 3, 16
"""Rows that a message may take, on screens with so many rows; on smaller ones it has one."""

KEPT = 50
"""Messages that are remembered."""


class NoticeLine(Painted):
    """As many rows as the message needs, shown only while there is something to say. `said` has the last ones."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.notice: Notice | None = None
        self.said: deque[Notice] = deque(maxlen=KEPT)
        self.display = False

    def tell(self, notice: Notice) -> None:
        """Say what the source has to say: what only informs, if something can be done about it and nothing graver is
        said. The page of messages has the rest.
        """
        if notice.level != "info" or (notice.mend and (self.notice is None or self.notice.level == "info")):
            self.say(notice)

    def say(self, notice: Notice) -> None:
        """Say this now: what only informs, for a while."""
        self.show(notice)
        self.said.append(notice)
        if notice.level == "info":
            self.set_timer(INFORMED, lambda: self.show(None) if self.notice is notice else None)

    def show(self, notice: Notice | None) -> None:
        """Say this, or nothing more."""
        self.notice = notice
        self.display = notice is not None
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The rows that the message takes."""
        return min(len(self._lines(width)), MOST_ROWS) if viewport.height >= ROOMY else 1

    def _lines(self, width: int) -> list[str]:
        return wrap(printable(str(self.notice), 1000), max(width - 2, 8), break_on_hyphens=False) or [""]

    def paint(self, y: int, row: Row) -> None:
        """What, why and the mend."""
        if self.notice is None:
            return
        lines = self._lines(row.width)
        text = lines[y] if y < self.size.height - 1 else " ".join(lines[y:])
        palette = self.look.palette
        style = {"error": palette.error, "warning": palette.notice}.get(self.notice.level, palette.accent)
        row.put(" ").put(text, style)
