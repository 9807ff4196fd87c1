"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

STANDARD_OUTPUT = "-"


def write_whole(path: str, content: bytes) -> None:
    """Write `content` to `path` (`-`: standard output), replacing what is there.

    A reader sees the old file or the new one, never a part, whatever happens meanwhile; on failure nothing is left
    behind. A new file is readable by its owner alone, since profiles hold names and command lines of other people's
    processes; under sudo it belongs to who called sudo. A file that is replaced keeps its permissions. What is not an
    ordinary file (`/dev/stdout`, a pipe) is written to as it is. Raises OSError.
    """
    if path == STANDARD_OUTPUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    import tempfile  # only here: a start is quicker without it

    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            _give_to_owner(handle, target)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def make_folder(path: str) -> None:
    """Make a folder that its owner alone may look into, where there is none; its parent must be there.

    Under sudo it belongs to who called sudo. Raises OSError, NotADirectoryError where a file is in the way.
    """
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from None
        return
    if os.geteuid() == 0:
        os.chown(path, _caller("SUDO_UID"), _caller("SUDO_GID"))


def _give_to_owner(handle: int, target: Path) -> None:
    """Give an open file the owner and permissions of the one it replaces, or else to the caller of sudo."""
    if target.exists():
        old = target.stat()
        os.fchmod(handle, old.st_mode & 0o777)
        owner = (old.st_uid, old.st_gid)
    else:
        owner = (_caller("SUDO_UID"), _caller("SUDO_GID"))
    if os.geteuid() == 0:
        os.fchown(handle, *owner)


def _caller(variable: str) -> int:
    """An id that sudo left in the environment, -1 (which changes nothing) where it did not."""
    value = os.environ.get(variable, "")
    return int(value) if value.isdecimal() else -1
