"""Reading more of a recording: what was chosen of it is read when it is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..profiles.delta import Notice
from ..profiles.profile import Profile
from ..profiles.source import ReadsMore, Source, SourceError
from ..profiles.view import View
from ..snapshots.undisturbed import undisturbed

ALL_FINE = 1 << 30
"""Seconds of saved data that are kept each on its own: as many as there is room for."""


class MoreOfIt:
    """Knows of one source what else there is, where there can be more, and reads it, one part at a time.

    `say` is called with what a person should know, and with None when that is over.
    """

    def __init__(self, source: Source, say: Callable[[Notice | None], None]) -> None:
        self._source = source if isinstance(source, ReadsMore) else None
        self._say = say
        self._reading = False

    def wanted(self, view: View) -> Source | None:
        """The source of what a view looks at where that was not read yet; None where it was, or is being read."""
        if self._source is None or self._reading:
            return None
        stretches = [view.stretch]
        if view.baseline is not None and not view.baseline.beside and view.baseline.stretch is not None:
            stretches.append(view.baseline.stretch)
        try:
            source = self._source.with_more(stretches)
        except ValueError as error:
            self._say(Notice("warning", str(error), "what was read before is shown"))
            return None
        if source is not None:
            self._reading = True
            self._say(Notice("info", "reading what was recorded then"))
        return source

    async def read(self, source: Source) -> Profile | None:
        """All that a wanted source holds; None where that cannot be read."""
        try:
            profile = await asyncio.to_thread(_whole, source)
        except (SourceError, MemoryError, ValueError) as error:
            self._say(Notice("error", "it could not be read", str(error) or "there is no memory for it"))
            return None
        finally:
            self._reading = False
        self._source = source if isinstance(source, ReadsMore) else None
        self._say(None)
        return profile


def _whole(source: Source) -> Profile:
    """All that a source of saved data yields."""
    profile = Profile(keep_fine=ALL_FINE)
    with undisturbed():
        for delta in source.deltas():
            profile.fold(delta)
    return profile
