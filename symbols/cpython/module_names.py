"""The dotted name of the module that a source file is, as far as paths tell: `/usr/lib/python3.11/json/decoder.py` is
`json.decoder`.

A module knows its own name, but reading it would take a dictionary of the interpreter for each frame. So: a path
below a folder of libraries is split at that folder; for others, folders count as packages while they have an
`__init__.py`, looked for in the root of the process.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict

MOST_FILES = 16_384
DEEPEST = 8
"""Folders that a package is sought in."""

_LIBRARIES = re.compile(r".*/(?:site-packages|dist-packages|python\d\.\d{1,2}t?(?:/lib-dynload)?|python\d{2,3}\.zip)/")
_FROZEN = re.compile(r"<frozen ([\w.]+)>$")
_NAME = re.compile(r"[^\W\d]\w*$")


class ModuleNames:
    """Names of modules by (root of the process, path of the file), at most `MOST_FILES` of them."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()

    def of(self, root: str, path: str) -> str:
        """The module's name, empty where no file is behind it. `root` is a folder such as `/proc/PID/root`."""
        key = (root, path)
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = _module(root, path)
            if len(self._known) > MOST_FILES:
                self._known.popitem(last=False)
        return name


def _module(root: str, path: str) -> str:
    frozen = _FROZEN.match(path)
    if frozen:
        return frozen[1]
    if path.startswith("<"):
        return ""
    library = _LIBRARIES.match(path)
    parts = path[library.end() :].split("/") if library else _packages(root, path)
    parts[-1] = parts[-1].partition(".")[0]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(part for part in parts if part)


def _packages(root: str, path: str) -> list[str]:
    """The folders above a file that are packages, and the file."""
    folder, _, name = path.rpartition("/")
    parts = [name]
    while folder.startswith("/") and len(parts) <= DEEPEST:
        above, _, last = folder.rpartition("/")
        if not _NAME.match(last) or "/.." in folder or not _exists(f"{root}{folder}/__init__.py"):
            break
        parts.insert(0, last)
        folder = above
    return parts


def _exists(path: str) -> bool:
    try:
        os.lstat(path)
    except (OSError, ValueError):
        return False
    return True
