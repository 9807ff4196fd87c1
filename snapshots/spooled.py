"""Pipes as files: what is saved is read more than once, a pipe's content can be but once."""

from __future__ import annotations

import os
import stat
from shutil import rmtree
from tempfile import mkdtemp

from .limits import Limits
from .opening import opened

STDIN = "/dev/stdin"
PIECE = 1 << 20


def spooled(path: str, limits: Limits) -> str:
    """The path, or where it is a pipe that of a copy of its content, which goes when icetop ends. `-` is stdin.

    Raises SourceError for what cannot be read, or holds more than the limit.
    """
    if path == "-" and not os.path.exists(path):
        path = STDIN
    if not _is_pipe(path):
        return path
    folder = mkdtemp(prefix="icetop-")
    import atexit

    atexit.register(rmtree, folder, ignore_errors=True)
    copy = os.path.join(folder, os.path.basename(path))
    with opened(path, limits) as source, open(copy, "wb") as file:
        while piece := source.read(PIECE):
            file.write(piece)
    return copy


def _is_pipe(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
