"""The dotted name of the module that a source file is, as far as paths tell: `/usr/lib/python3.11/json/decoder.py` is
`json.decoder`.

A module knows its own name, but reading it would take a dictionary of the interpreter for each frame. So: a path
below a folder of libraries is split at that folder; of others, the end is taken that is the name of a module which the
process has imported: `/srv/shop/views/basket.py` is `shop.views.basket`. No file system is asked, which may hang.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable

MOST_FILES = 16_384
DEEPEST = 8
"""Folders that a package is sought in."""

_LIBRARIES = re.compile(r".*/(?:site-packages|dist-packages|python\d\.\d{1,2}t?(?:/lib-dynload)?|python\d{2,3}\.zip)/")
_FROZEN = re.compile(r"<frozen ([\w.]+)>$")


class ModuleNames:
    """Names of modules by process and path of the file, at most `MOST_FILES` of them."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, str], str] = OrderedDict()

    def of(self, process: object, path: str, imported: Callable[[], str]) -> str:
        """The module's name, empty where no file is behind it. `imported` gives the names of the modules that the
        process has imported, each between line ends; it is called for a file that is not below a folder of libraries.
        """
        key = (process, path)
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = _find(path, imported)
            if len(self._known) > MOST_FILES:
                self._known.popitem(last=False)
        return name


def _find(path: str, imported: Callable[[], str]) -> str:
    frozen = _FROZEN.match(path)
    if frozen:
        return frozen[1]
    if path.startswith("<"):
        return ""
    library = _LIBRARIES.match(path)
    parts = module_parts(path[library.end() :] if library else path)
    if library:
        return ".".join(parts)
    return _longest(parts, imported()) or "".join(parts[-1:])


def module_parts(path: str) -> list[str]:
    """The folders and the name of a file without what follows its first dot; of `__init__.py`, only the folders."""
    parts = [part for part in path.split("/") if part]
    if parts:
        parts[-1] = parts[-1].partition(".")[0]
        if parts[-1] == "__init__" and len(parts) > 1:
            parts.pop()
    return parts


def _longest(parts: list[str], imported: str) -> str:
    """The longest end of a path that is an imported module, empty when none is."""
    for start in range(max(len(parts) - DEEPEST, 0), len(parts)):
        name = ".".join(parts[start:])
        if f"\n{name}\n" in imported:
            return name
    return ""
