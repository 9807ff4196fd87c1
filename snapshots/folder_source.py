"""A recording as a source: of a day of files only those are read that are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..profiles.delta import Context, Delta, Notice, Vitals
from ..profiles.printable import printable
from ..profiles.profile import Profile
from ..profiles.source import SourceError
from ..profiles.time_notes import TimeNote
from ..profiles.timeline import KEEP_FINE, SECOND
from ..profiles.view import EVERYTHING, Stretch
from .file_source import WHOLE_LINE_BYTES, FileSource, new_profile
from .joined import Joined
from .limits import Limits, TooLarge
from .notes_file import add_note
from .opening import refused
from .recording import SHORTEST_GAP, Part, Recording, by_time, overlap
from .seconds import Seconds
from .undisturbed import undisturbed
from .window_names import Window

if TYPE_CHECKING:
    from .window_reader import WindowReader

MOST_FINE = 360
"""Files of which each second is kept; when more are read, older time is kept in coarser steps."""

MOST_AT_ONCE = 360
"""Files that are read when another time is looked at: an hour of windows of 10 s."""

MOST_OUTLINES = 400
"""Steps in which the time that is not read is told; a screen has no more columns."""

MOST_NAMED = 5
"""Skipped files and gaps that are named; of more, the number is said."""

MOST_NOTICES = 40


class FolderSource:
    """Yields what the files of one or several folders hold, as one profile.

    `stretch` says what is read; of the rest, with `outline`, only how busy it was is told. Several machines' threads
    carry a label `host`. Files that cannot be read are left out and named.
    """

    live = False

    def __init__(
        self,
        recording: Recording,
        limits: Limits,
        stretch: Stretch = EVERYTHING,
        outline: bool = False,
        parts: list[Part] | None = None,
    ) -> None:
        self.recording = recording
        self._limits = limits
        self._outline = outline
        self._parts = recording.within(stretch) if parts is None else parts
        self._stopped = False
        self._contexts: dict[str, Context] = {}
        self._said: set[str] = set()
        self._skipped: list[str] = []
        self._readers: dict[int, WindowReader] = {}

    def deltas(self) -> Iterator[Delta]:
        """The deltas in order of time. Raises SourceError when nothing of what is asked for can be read."""
        chosen = set(self._parts)
        rest = [part for part in self.recording.parts if part not in chosen] if self._outline else []
        first = self._parts[0] if self._parts else None
        yield Delta(self.recording.start_ns, self.recording.start_ns, notes=tuple(self.recording.notes))
        yield from _outlines([part for part in rest if first is None or by_time(part) < by_time(first)])
        joined, self._readers = Joined(self._limits), {}
        read = (delta for part in self._parts for delta in self._read(part, joined))
        yield from Seconds(read).deltas() if overlap(self._parts) else read
        if self._stopped:
            return
        if self._parts and len(self._skipped) == len(self._parts):
            raise SourceError(Notice("error", self._skipped[0]))
        yield from _outlines([part for part in rest if first is not None and by_time(part) > by_time(first)])
        end = self.recording.end_ns
        yield Delta(end, end, notices=tuple(self._remarks()), last=True)

    def stop(self) -> None:
        """End before the next delta."""
        self._stopped = True

    def with_more(self, stretches: Sequence[Stretch]) -> FolderSource | None:
        """A source that reads these stretches instead, None where this one has them already, or where one has no
        beginning. Raises ValueError for more than can be read at once.
        """
        if any(stretch.start_ns is None for stretch in stretches):
            return None
        wanted = sorted({part for stretch in stretches for part in self.recording.within(stretch)}, key=by_time)
        if set(wanted) <= set(self._parts):
            return None
        if len(wanted) > MOST_AT_ONCE:
            raise ValueError(f"that is {len(wanted):,} windows: at most {MOST_AT_ONCE} are read at once")
        return FolderSource(self.recording, self._limits, outline=True, parts=wanted)

    def keep_note(self, note: TimeNote) -> None:
        """Write a note down in the first of the folders. Raises OSError."""
        add_note(self.recording.paths[0], note)

    def context(self) -> Context:
        """What holds for the first file that can be read. Raises SourceError when there is none."""
        from .window_reader import window_context

        failure = None
        for part in self._parts:
            context = window_context(part.path, self._limits)
            if context is not None:
                return context
            try:
                return FileSource(part.path, self._limits).context()
            except SourceError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return Context()

    def profile(self) -> Profile:
        """All that is read as one profile. Raises SourceError."""
        fine = len(self._parts) <= MOST_FINE
        profile = new_profile() if fine else Profile(bound=WHOLE_LINE_BYTES, keep_fine=KEEP_FINE)
        with undisturbed():
            for delta in self.deltas():
                profile.fold(delta)
        return profile

    def _read(self, part: Part, joined: Joined) -> Iterator[Delta]:
        if self._stopped:
            return
        try:
            deltas = self._as_window(part, joined) or self._as_any(part, joined)
        except SourceError as error:
            self._skipped.append(str(error.notice))
            return
        except TooLarge as error:
            whole, mend = ", ".join(self.recording.paths), "--range A..B reads less, --file-limit takes more"
            raise refused(whole, str(error), mend) from None
        for delta in deltas:
            if self._stopped:
                return
            if delta.context is not None:
                context, notices = self._joined_context(delta.context), self._unsaid(delta.notices)
                delta = replace(delta, context=context, notices=notices)
            yield replace(delta, last=False)

    def _as_window(self, part: Part, joined: Joined) -> list[Delta] | None:
        """The deltas of a file that is as a recorder writes it, which is quick to read; None for others."""
        if self._limits.symbols or self._limits.debuginfod:
            return None
        reader = self._readers.get(part.place)
        if reader is None:
            from .window_reader import WindowReader

            reader = self._readers[part.place] = WindowReader(joined, self._limits, len(self.recording.paths) > 1)
        return reader.read(part.path)

    def _as_any(self, part: Part, joined: Joined) -> list[Delta]:
        """The deltas of any file. Raises SourceError."""
        deltas = list(FileSource(part.path, self._limits).deltas())
        joined.begin()
        context = next((delta.context for delta in deltas if delta.context is not None), Context())
        extra = {"host": context.host} if len(self.recording.paths) > 1 and context.host else {}
        return [joined.delta(delta, extra) for delta in deltas]

    def _joined_context(self, context: Context) -> Context:
        """What holds for all machines: the last file's, with the others' names."""
        self._contexts[context.host] = context
        if len(self._contexts) == 1:
            return context
        return replace(
            context,
            host=", ".join(sorted(self._contexts)),
            kernel=", ".join(sorted({found.kernel for found in self._contexts.values()})),
            cpus=sum(found.cpus for found in self._contexts.values()),
        )

    def _unsaid(self, notices: Sequence[Notice]) -> tuple[Notice, ...]:
        """The notices that no earlier file had."""
        new = [notice for notice in notices if str(notice) not in self._said]
        new = new[: max(MOST_NOTICES - len(self._said), 0)]
        self._said.update(map(str, new))
        return tuple(new)

    def _remarks(self) -> Iterator[Notice]:
        """What is missing."""
        for damage in self.recording.damages:
            yield Notice("warning", "left out", damage)
        for skipped in self._skipped[:MOST_NAMED]:
            yield Notice("warning", "left out", skipped)
        if len(self._skipped) > MOST_NAMED:
            yield Notice("warning", f"left out {len(self._skipped)} files in all")
        gaps = self.recording.gaps(self._parts)
        for start, end in gaps[:MOST_NAMED]:
            yield Notice("warning", f"nothing was recorded from {_clock(start)} to {_clock(end)}")
        if len(gaps) > MOST_NAMED:
            yield Notice("warning", f"{len(gaps)} gaps in all, {sum(e - s for s, e in gaps) // SECOND} s")
        if self.recording.unfinished:
            yield Notice("info", "a window is still being written, or was left half by a recorder that was killed")


def saved_source(paths: Sequence[str], limits: Limits) -> FileSource | Recording:
    """What was saved under these paths: a file, or several files and recordings as one. Raises SourceError."""
    if len(paths) == 1 and not os.path.isdir(paths[0]):
        return FileSource(paths[0], limits)
    return Recording(paths, lambda path: _window_of(path, limits))


def _window_of(path: str, limits: Limits) -> Window:
    """The time that a file covers. Raises SourceError for one that tells no times, and those of the file."""
    line = FileSource(path, limits).profile().timeline
    if line.end_ns <= line.start_ns:
        raise refused(path, "it tells no times", "several are shown as one only when they do")
    return Window(line.start_ns, line.end_ns, os.path.basename(path))


def outline(recording: Recording, stretch: Stretch) -> Iterator[Delta]:
    """How busy a stretch of a recording was, told by the names of its files alone, and its notes."""
    notes = tuple(note for note in recording.notes if note.within(stretch.start_ns, stretch.end_ns))
    for place, delta in enumerate(_outlines(recording.within(stretch))):
        yield delta if place else replace(delta, notes=notes)


def _outlines(parts: list[Part]) -> Iterator[Delta]:
    """How busy it was, in steps of several files where there are many, none across a gap."""
    size = -(-len(parts) // MOST_OUTLINES)
    group: list[Window] = []
    for part in parts:
        if group and (len(group) == size or part.window.start_ns - group[-1].end_ns > SHORTEST_GAP):
            yield _outlined(group)
            group = []
        group.append(part.window)
    if group:
        yield _outlined(group)


def _outlined(windows: list[Window]) -> Delta:
    lengths = [window.end_ns - window.start_ns for window in windows]
    busy = sum(window.busy_cores * length for window, length in zip(windows, lengths, strict=True))
    mean = busy / sum(lengths) if sum(lengths) else 0.0
    return Delta(windows[0].start_ns, windows[-1].end_ns, vitals=Vitals(mean))


def _clock(time_ns: int) -> str:
    return printable(f"{datetime.fromtimestamp(time_ns // SECOND):%H:%M:%S}")
