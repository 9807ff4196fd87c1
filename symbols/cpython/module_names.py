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
MOST_PROCESSES = 64
"""Processes of which the names of imported modules are kept, some 50 KB each."""

DEEPEST = 8
"""Folders that a package is sought in."""

_LIBRARIES = re.compile(r".*/(?:site-packages|dist-packages|python\d\.\d{1,2}t?(?:/lib-dynload)?|python\d{2,3}\.zip)/")
_FROZEN = re.compile(r"<frozen ([\w.]+)>$")


class ModuleNames:
    """Names of modules by process and path of the file."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, str], str] = OrderedDict()
        self._imported: OrderedDict[object, str] = OrderedDict()

    def of(self, process: object, path: str, read_imported: Callable[[], list[str]]) -> str:
        """The module's name, empty where no file is behind it. `read_imported` gives the names of the modules that
        the process has imported; it is called when a file turns up that none of those read before fits."""
        key = (process, path)
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = self._find(process, path, read_imported)
            if len(self._known) > MOST_FILES:
                self._known.popitem(last=False)
        return name

    def _find(self, process: object, path: str, read_imported: Callable[[], list[str]]) -> str:
        frozen = _FROZEN.match(path)
        if frozen:
            return frozen[1]
        if path.startswith("<"):
            return ""
        library = _LIBRARIES.match(path)
        parts = module_parts(path[library.end() :] if library else path)
        if library:
            return ".".join(parts)
        return (
            _longest(parts, self._imported.get(process, ""))
            or _longest(parts, self._read(process, read_imported))
            or "".join(parts[-1:])
        )

    def _read(self, process: object, read_imported: Callable[[], list[str]]) -> str:
        """The imported modules as one text, each name between line ends: a set of them takes five times as much."""
        text = self._imported[process] = "\n".join(("", *read_imported(), ""))
        self._imported.move_to_end(process)
        if len(self._imported) > MOST_PROCESSES:
            self._imported.popitem(last=False)
        return text


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
