"""A recording as a list of its files: what there is, when, and where it has gaps, told by names alone."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from ..profiles.timeline import SECOND
from ..profiles.view import Stretch
from .notes_file import read_notes
from .opening import refused
from .window_names import Window, is_unfinished, parse_name

MOST_FILES = 1_000_000
"""A folder with more is refused: at 10 s a window it would hold four months."""

SHORTEST_GAP = 2 * SECOND


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One file of a recording: its window, and where it is. `place` numbers the folder that it was found in."""

    window: Window
    place: int
    path: str


class Recording:
    """The windows of one or several folders, in order of time, and the notes. Raises SourceError where there are none.

    A path may also be a file, of which `file_window` tells the time (and what else `SourceError` is raised for).
    `damages` says what of the notes could not be read, `unfinished` how many windows are half written.
    """

    def __init__(self, paths: Sequence[str], file_window: Callable[[str], Window] | None = None) -> None:
        self.paths = list(paths)
        self._file_window = file_window
        self.unfinished = 0
        parts = [part for place, path in enumerate(paths) for part in self._parts(place, path)]
        self.parts = sorted(parts, key=by_time)
        self.start_ns = self.parts[0].window.start_ns
        self.end_ns = max(part.window.end_ns for part in self.parts)
        read = [read_notes(path) for path in paths if os.path.isdir(path)]
        self.notes = sorted({note for notes, _ in read for note in notes})
        self.damages = [damage for _, damage in read if damage]

    def within(self, stretch: Stretch) -> list[Part]:
        """The files that a stretch needs."""
        first, last = stretch.start_ns, stretch.end_ns
        end = bisect_left(self.parts, last, key=_start) if last is not None else len(self.parts)
        return [part for part in self.parts[:end] if first is None or part.window.end_ns > first]

    def gaps(self, parts: Iterable[Part]) -> list[tuple[int, int]]:
        """Where nothing was recorded between the first and the last of these files."""
        found, end = [], 0
        for part in parts:
            if end and part.window.start_ns - end > SHORTEST_GAP:
                found.append((end, part.window.start_ns))
            end = max(end, part.window.end_ns)
        return found

    @property
    def of_files(self) -> bool:
        """Whether it is several files, each of which is wanted whole."""
        return all(map(os.path.isfile, self.paths))

    def _parts(self, place: int, path: str) -> list[Part]:
        if self._file_window is not None and os.path.isfile(path):
            return [Part(self._file_window(path), place, path)]
        try:
            with os.scandir(path) as entries:
                names = [entry.name for entry in islice(entries, MOST_FILES + 1)]
        except OSError as error:
            raise refused(path, error.strerror or str(error)) from None
        if len(names) > MOST_FILES:
            raise refused(path, f"the folder holds more than {MOST_FILES:,} files")
        windows = list(filter(None, map(parse_name, names)))
        if not windows:
            raise refused(path, "the folder holds no recording", "icetop record -o FOLDER makes one")
        self.unfinished += sum(map(is_unfinished, names))
        return [Part(window, place, os.path.join(path, window.name)) for window in windows]


def by_time(part: Part) -> tuple[int, str, int]:
    """What files are in order by: quicker than comparing all of them."""
    return part.window.start_ns, part.window.name, part.place


def overlap(parts: Iterable[Part]) -> bool:
    """Whether any two of these files, in order of time, cover the same time."""
    end = 0
    for part in parts:
        if part.window.start_ns < end - SECOND // 10:
            return True
        end = max(end, part.window.end_ns)
    return False


def _start(part: Part) -> int:
    return part.window.start_ns
