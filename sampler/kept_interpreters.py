"""What was learnt of interpreters' files, kept from one start to the next: reading one takes some 10 ms.

A file counts as the one that was read only by its device, inode, size and time of change: anybody can have a build-id.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ..symbols.binaries import Binary, Identity
from ..symbols.cpython.interpreter_file import InterpreterFile
from ..symbols.cpython.interpreter_records import from_record, to_record
from ..symbols.mappings import Mapping
from .loader.kept import Keeper

NAME = "python-interpreters-1"
"""The number is that of the form, to be raised when a file would be read differently."""

MOST_KEPT = 64


class KnownFile(NamedTuple):
    """An interpreter's file. `device` and `inode` are those that /proc/PID/maps shows for it when it is a program by
    itself, 0 for a library; `slot` is where its threads keep their state (0: not known)."""

    path: str
    interpreter: InterpreterFile
    build_id: str
    device: int
    inode: int
    slot: int


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
        return {identity: known.interpreter for identity, known in self._known.items()}

    def programs(self) -> list[KnownFile]:
        """The interpreters that are programs, of which the file is still where it was."""
        return [known for identity, known in self._known.items() if known.inode and _identity(known.path) == identity]

    def learn(self, binary: Binary, interpreter: InterpreterFile, program: Mapping | None, slot: int) -> None:
        """Keep what was read of a file."""
        device, inode = (program.device, program.inode) if program is not None else (0, 0)
        known = KnownFile(binary.path, interpreter, binary.build_id, device, inode, slot)
        before = self._known.get(binary.identity)
        if (
            before is None
            or before._replace(path="", slot=slot) != known._replace(path="")
            or (slot and not before.slot)
        ):
            self._known[binary.identity] = known
            self._changed = True

    def save(self) -> None:
        """Write what is new."""
        if self._changed:
            newest = list(self._known.items())[-MOST_KEPT:]
            entries = [
                [identity, known.path, to_record(known.interpreter), known.build_id, *known[3:]]
                for identity, known in newest
            ]
            self._keeper.write(NAME, {"files": entries})
            self._changed = False

    def _read(self, entry: Any) -> None:
        try:
            identity, path, record, build_id, *numbers = entry
            interpreter = from_record(record)
            sound = isinstance(path, str) and isinstance(build_id, str) and len(numbers) == 3 and len(identity) == 4
            if interpreter is not None and sound and all(type(number) is int for number in (*identity, *numbers)):
                self._known[tuple(identity)] = KnownFile(path, interpreter, build_id, *numbers)
        except (TypeError, ValueError):
            return


def _identity(path: str) -> Identity | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
