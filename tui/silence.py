"""Whether a live source still speaks: a broken line is often not told by anything but silence."""

from __future__ import annotations

import math
import time

from ..profiles.delta import Notice
from ..profiles.source import Source, Speaks

WORTH_A_WORD = 6
"""How many times as long as usual a source is silent when that is said."""


class Silence:
    """Since when nothing came of a source; one that does not speak regularly is never silent.

    `warning` is what was said of it and holds still.
    """

    def __init__(self, source: Source) -> None:
        self._longest = WORTH_A_WORD * source.heard_every_s if isinstance(source, Speaks) else math.inf
        self._heard = time.monotonic()
        self.warning: Notice | None = None

    def heard(self) -> None:
        """Something came."""
        self._heard, self.warning = time.monotonic(), None

    @property
    def seconds(self) -> float | None:
        """How long it has been silent; None while that is nothing to speak of."""
        length = time.monotonic() - self._heard
        return length if length > self._longest else None

    def warn(self) -> Notice:
        """What to say of it."""
        what = f"nothing has come from the collector for {self._longest:.0f} s"
        why = "it is stopped, or the line to it is dead"
        self.warning = Notice("warning", what, why, "what was seen stays; it goes on when it is heard again")
        return self.warning
