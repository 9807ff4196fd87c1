"""The line above the footer for what a person should know: failures, warnings, where a snapshot went."""

from __future__ import annotations

from ..profiles.delta import Notice
from ..profiles.printable import printable
from .look import Look
from .painted import Painted
from .row import Row


class NoticeLine(Painted):
    """One row, shown only while there is something to say."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.notice: Notice | None = None
        self.display = False

    def show(self, notice: Notice | None) -> None:
        """Say this, or nothing more."""
        self.notice = notice
        self.display = notice is not None
        self.refresh()

    def paint(self, y: int, row: Row) -> None:
        """What, why and the mend."""
        if self.notice is None:
            return
        palette = self.look.palette
        style = {"error": palette.error, "warning": palette.notice}.get(self.notice.level, palette.accent)
        row.put(" ").put(printable(str(self.notice), 1000), style)
