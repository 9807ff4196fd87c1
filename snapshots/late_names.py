"""Names that a file lacks, given to it while it is read: from folders with binaries, or from debuginfod."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..profiles.delta import Delta

if TYPE_CHECKING:
    from ..symbols.symbol_folder import SymbolFolder


def with_names(deltas: Iterable[Delta], folders: tuple[str, ...], debuginfod: bool) -> Iterator[Delta]:
    """The deltas, with lines at the locations that have none and that can be named."""
    symbols = _symbols(folders, debuginfod)
    for delta in deltas:
        if delta.locations:
            named = [place if place.lines else replace(place, lines=symbols.lines(place)) for place in delta.locations]
            delta = replace(delta, locations=named)
        yield delta


@lru_cache(maxsize=1)
def _symbols(folders: tuple[str, ...], debuginfod: bool) -> SymbolFolder:
    """One for all files of a call: tables are read once."""
    from ..symbols.symbol_folder import SymbolFolder

    if not debuginfod:
        return SymbolFolder(folders)
    from platformdirs import user_cache_dir

    from ..symbols.debuginfod import Debuginfod, configured_urls

    server = Debuginfod(
        configured_urls(dict(os.environ)), Path(user_cache_dir("icetop", appauthor=False)) / "debuginfod"
    )
    return SymbolFolder(folders, server.fetch)
