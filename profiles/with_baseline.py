"""A source together with what comparisons compare with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .delta import Delta
from .source import KeepsNotes, ReadsMore, Source
from .time_notes import TimeNote
from .view import Stretch


class WithBaseline:
    """Yields all of `baseline`, which is to be saved data, and after it what `source` does."""

    def __init__(self, source: Source, baseline: Source) -> None:
        self.live = source.live
        self._source = source
        self._baseline = baseline

    def deltas(self) -> Iterator[Delta]:
        """The deltas, those of the baseline marked as `beside`. Raises SourceError."""
        yield from beside(self._baseline)
        yield from self._source.deltas()

    def with_more(self, stretches: Sequence[Stretch]) -> WithBaseline | None:
        """The same with more of a recording, None where there is none. Raises ValueError for too much at once."""
        more = self._source.with_more(stretches) if isinstance(self._source, ReadsMore) else None
        return WithBaseline(more, self._baseline) if more is not None else None

    def keep_note(self, note: TimeNote) -> None:
        """Keep a note where what is looked at is a recording. Raises OSError."""
        if isinstance(self._source, KeepsNotes):
            self._source.keep_note(note)

    def stop(self) -> None:
        """Ask both for the end."""
        self._baseline.stop()
        self._source.stop()


def beside(baseline: Source) -> Iterator[Delta]:
    """All that a source of saved data yields, as what comparisons compare with. Raises SourceError."""
    for delta in baseline.deltas():
        yield replace(delta, beside=True)
