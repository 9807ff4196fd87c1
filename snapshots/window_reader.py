"""The windows of a recording, read one after the other: what is equal in them is looked at but once.

A recorder keeps its numbers from one window to the next (`pprof_tables.Numbers`), so that a place, a function, or a
sample but for its time has equal bytes in all of them. What is said for the first time is protobuf's to read, as in any
other file; what goes against what the files before said begins anew. Any file that is not as a recorder writes it is
left to the reader of all pprof files, which also says what is wrong with it.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

from ..profiles.delta import Context, Delta
from . import profile_pb2 as pprof
from .context_note import Note, read_note
from .file_time import FileTime
from .joined import Joined
from .labels import COMMENT
from .limits import Limits
from .pprof_reader import bucket_deltas, own_context
from .pprof_writer import GZIP
from .sample_types import columns_of
from .window_parts import FileParts, knows_all
from .window_tables import FAILURES, Unusual, WindowTables

MOST_BYTES = 16 << 20
"""Larger windows, unpacked, are read as other files are."""


class WindowReader:
    """Reads windows of one folder into tables that others share. With `named`, threads get the label `host`."""

    def __init__(self, joined: Joined, limits: Limits, named: bool) -> None:
        self._joined = joined
        self._limits = limits
        self._named = named
        self._known: WindowTables | None = None

    def read(self, path: str) -> list[Delta] | None:
        """The deltas of a window, with ids of the common tables; None where it is not as a recorder writes it.

        Raises TooLarge when the tables grow beyond their limits.
        """
        try:
            file, strings, note = _opened(path, self._limits)
            known, time = self._take(file, strings, note)
        except (*FAILURES, OSError, zlib.error):
            return None
        start, context = time.start_ns, own_context(note, known.columns)
        tables = Delta(start, start, context=context, notices=tuple(note.notices), notes=tuple(note.notes))
        return [self._joined.news(tables), *bucket_deltas(time, note)]

    def _take(self, file: Any, strings: list[str], note: Note) -> tuple[WindowTables, FileTime]:
        host = note.context.host if self._named else ""
        known, self._known = self._known, None  # one that failed knows things by half
        if known is not None:
            try:
                time = known.take(file, strings, note, host)
            except FAILURES:
                known = None
        if known is None:
            known = WindowTables(self._joined, self._limits)
            time = known.take(file, strings, note, host)
        self._known = known
        return known, time


def window_context(path: str, limits: Limits) -> Context | None:
    """What holds for a window, of which nothing else is looked at; None where it is not as a recorder writes it."""
    try:
        file, strings, note = _opened(path, limits)
        types = map(pprof.ValueType.FromString, file.sample_type)
        named = [(strings[kind.type], strings[kind.unit]) for kind in types]
        return own_context(note, columns_of(named, strings[file.default_sample_type]))
    except (*FAILURES, OSError, zlib.error, IndexError):
        return None


def _opened(path: str, limits: Limits) -> tuple[Any, list[str], Note]:
    """A file in parts, its strings but for icetop's comment, and what that says. Raises one of FAILURES, OSError, and
    what zlib raises."""
    file = FileParts.FromString(_unpacked(path, min(MOST_BYTES, limits.size)))
    if not knows_all(file) or len(file.comment) != 1 or not file.sample_type:
        raise Unusual
    strings = list(file.string_table)
    return file, strings, _own_note(strings, file.comment[0])


def _unpacked(path: str, most: int) -> bytes:
    """What is in a file that gzip packed, up to `most` bytes. Raises Unusual."""
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > most:
            raise Unusual
        packed = file.read(most)
    unpacking = zlib.decompressobj(GZIP)
    content = unpacking.decompress(packed, most)
    if not unpacking.eof or unpacking.unused_data:
        raise Unusual
    return content


def _own_note(strings: list[str], place: int) -> Note:
    """What icetop's comment says, which is taken out of the strings. Raises Unusual."""
    if not 0 <= place < len(strings) or not strings[place].startswith(COMMENT):
        raise Unusual
    comment, strings[place] = strings[place], ""
    try:
        return read_note(comment)
    except ValueError:
        raise Unusual from None
