"""The line above the footer for what a person should know: failures, warnings, where a snapshot went."""

from __future__ import annotations

from ..profiles.delta import Notice
from ..profiles.printable import printable
from .look import Look
from .painted import Painted
from .row import Row

INFORMED = 20.0
"""Seconds that a message stays which asks for nothing."""


class NoticeLine(Painted):
    """One row, shown only while there is something to say."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.notice: Notice | None = None
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
        if notice.level == "info":
            self.set_timer(INFORMED, lambda: self.show(None) if self.notice is notice else None)

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
