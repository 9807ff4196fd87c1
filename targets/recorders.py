"""Which recorders run on this machine, and into which folders: each holds a lock there, and says so in a known place.

The lock is the kernel's (flock): it goes with the recorder, however that ends, so that nothing has to be cleaned up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOCK = ".icetop-recorder"
"""The file in a recording's folder that its recorder keeps locked; the recorder's pid is in it."""

MOST_NOTES = 1000
"""More names in such a place are not looked at."""


class AlreadyRecording(Exception):
    """Another recorder writes into the folder; `pid` is what it says it has (0: it does not say)."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"pid {pid} records into it" if pid else "another recorder writes into it")
        self.pid = pid


@dataclass(frozen=True, slots=True)
class Recorder:
    """A recorder that runs."""

    pid: int
    folder: str


class FolderLock:
    """The right to record into a folder, until it is closed. Raises AlreadyRecording and OSError."""

    def __init__(self, folder: str) -> None:
        path = os.path.join(folder, LOCK)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _number(os.read(self._descriptor, 20))
            os.close(self._descriptor)
            raise AlreadyRecording(pid) from None
        os.ftruncate(self._descriptor, 0)
        with contextlib.suppress(OSError):  # a full disk: only the number is missing then
            os.write(self._descriptor, str(os.getpid()).encode())
        self._note = _announce(folder)

    def close(self) -> None:
        """Let another recorder have the folder."""
        if self._note is not None:
            with contextlib.suppress(OSError):
                self._note.unlink()
        os.close(self._descriptor)


def running_recorders(places: tuple[Path, ...] | None = None) -> list[Recorder]:
    """The recorders that run, as far as this user may see. What is said in a place is believed only of its owner."""
    found: dict[str, Recorder] = {}
    for note in _notes(places if places is not None else note_places()):
        try:
            folder = os.readlink(note)
        except OSError:
            continue
        pid = locked_by(folder)
        if pid is not None:
            found[folder] = Recorder(pid, folder)
    return list(found.values())


def locked_by(folder: str) -> int | None:
    """The pid of the recorder that holds a folder's lock (0: it does not say), None where nobody does."""
    try:
        descriptor = os.open(os.path.join(folder, LOCK), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _number(os.read(descriptor, 20))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None


def note_places() -> tuple[Path, ...]:
    """Folders in which recorders leave a note: root's, and this user's own."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    return (Path("/run/icetop"), *((Path(own) / "icetop",) if own.startswith("/") and os.geteuid() else ()))


def _announce(folder: str) -> Path | None:
    """Leave a link to the folder where `running_recorders` looks; None where that may not be written."""
    place = note_places()[-1]
    note = place / f"recorder-{os.getpid()}"
    try:
        place.mkdir(mode=0o755, exist_ok=True)
        _sweep(place, os.path.realpath(folder))
        note.unlink(missing_ok=True)
        note.symlink_to(os.path.realpath(folder))
    except OSError:
        return None
    return note


def _sweep(place: Path, folder: str) -> None:
    """Take away the notes of recorders that were killed, those on the folder that is now this one's included."""
    for note in list(_notes((place,))):
        with contextlib.suppress(OSError):
            if os.readlink(note) == folder or locked_by(os.readlink(note)) is None:
                note.unlink()


def _notes(places: tuple[Path, ...]) -> Iterator[Path]:
    for place in places:
        with contextlib.suppress(OSError):
            if place.stat().st_uid not in (0, os.geteuid()):
                continue
            names = [name for name in os.listdir(place)[:MOST_NOTES] if name.startswith("recorder-")]
            yield from (place / name for name in sorted(names))


def _number(text: bytes) -> int:
    return int(text) if text.isdigit() and len(text) < 11 else 0
