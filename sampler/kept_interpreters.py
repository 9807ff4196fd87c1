"""What was learnt of interpreters' files, kept from one start to the next: reading one takes some 10 ms.

A file counts as the one that was read only by its device, inode, size and time of change: anybody can have a build-id.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ..symbols.binaries import Identity
from ..symbols.cpython.interpreter_file import InterpreterFile
from ..symbols.cpython.interpreter_records import from_record, to_record
from ..symbols.cpython.linked_library import Link
from .loader.kept import Keeper

NAME = "python-interpreters-2"
"""The number is that of the form, to be raised when a file would be read differently."""

MOST_KEPT = 64


NOT_LINKED = Link(0, 0)


class KnownFile(NamedTuple):
    """An interpreter's file, or a program that is linked with an interpreter's library.

    `device` and `inode` are those that /proc/PID/maps shows for a program, 0 for a library; `slot` is where threads
    keep their state (0: not known). `link` tells how a program gets at its library, whose `interpreter` and `build_id`
    are then told.
    """

    path: str
    interpreter: InterpreterFile
    build_id: str
    device: int = 0
    inode: int = 0
    slot: int = 0
    link: Link = NOT_LINKED


class KeptInterpreters:
    """Reads what is kept when it is made, and writes it when there is news. `files` is by a file's identity."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._known: dict[Identity, KnownFile] = {}
        self._changed = False
        kept = keeper.read(NAME) or {}
        for entry in kept.get("files", [])[:MOST_KEPT] if isinstance(kept.get("files"), list) else []:
            self._read(entry)

    @property
    def files(self) -> dict[Identity, InterpreterFile]:
        """What is known of files."""
        return {identity: known.interpreter for identity, known in self._known.items() if known.link == NOT_LINKED}

    def programs(self) -> list[KnownFile]:
        """The interpreters that are programs, of which the file is still where it was."""
        return [known for identity, known in self._known.items() if known.inode and _identity(known.path) == identity]

    def learn(self, identity: Identity, known: KnownFile) -> None:
        """Keep what was read of a file."""
        before = self._known.get(identity)
        if before is not None and not known.slot:
            known = known._replace(slot=before.slot)
        if (
            before is None
            or before._replace(path=known.path, slot=known.slot) != known
            or (known.slot and not before.slot)
        ):
            self._known[identity] = known
            self._changed = True

    def save(self) -> None:
        """Write what is new."""
        if self._changed:
            newest = list(self._known.items())[-MOST_KEPT:]
            entries = [
                [identity, known.path, to_record(known.interpreter), known.build_id, *known[3:6], *known.link]
                for identity, known in newest
            ]
            self._keeper.write(NAME, {"files": entries})
            self._changed = False

    def _read(self, entry: Any) -> None:
        try:
            identity, path, record, build_id, *numbers = entry
            interpreter = from_record(record)
            sound = isinstance(path, str) and isinstance(build_id, str) and len(numbers) == 5 and len(identity) == 4
            if interpreter is not None and sound and all(type(number) is int for number in (*identity, *numbers)):
                device, inode, slot, *link = numbers
                known = KnownFile(path, interpreter, build_id, device, inode, slot, Link(*link))
                self._known[tuple(identity)] = known
        except (TypeError, ValueError):
            return


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
