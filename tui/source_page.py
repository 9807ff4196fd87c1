"""The page of a function's source: the lines around those that take the time, each with its share."""

from __future__ import annotations

from ..profiles.hot_lines import HotLine, hot_lines
from ..profiles.locations import Frame
from ..profiles.printable import printable
from ..profiles.profile import Profile
from ..targets.source_text import source_lines
from .figures import percent
from .page import Line
from .picture import Picture

AROUND, MOST = 6, 5
"""Lines shown before and after a hot one; how many hot ones are shown so."""


def source_page(profile: Profile, picture: Picture, frame: Frame, pid: int) -> list[Line]:
    """The page of a function under the picture's view, read as the process `pid` sees it (0: as this machine does)."""
    hot = hot_lines(profile, picture.view, frame)
    if not hot:
        return [("", "its lines are not known"), (" ", "they are of Python, and of code that tells its lines")]
    shares = {(line.file, line.line): 100 * line.value / (picture.tree.total or 1) for line in hot}
    page: list[Line] = []
    for file, first, last in _parts(hot[:MOST]):
        page += [("", f"{printable(file, 400)}"), *_part(file, first, last, shares, pid), ("", "")]
    return page


def _parts(hot: list[HotLine]) -> list[tuple[str, int, int]]:
    """What to show of which file, near ones joined."""
    parts: list[tuple[str, int, int]] = []
    for file, line in sorted((line.file, line.line) for line in hot):
        first, last = max(line - AROUND, 1), line + AROUND
        if parts and parts[-1][0] == file and first <= parts[-1][2] + 1:
            parts[-1] = (file, parts[-1][1], last)
        else:
            parts.append((file, first, last))
    return parts


def _part(file: str, first: int, last: int, shares: dict[tuple[str, int], float], pid: int) -> list[Line]:
    try:
        lines = source_lines(file, pid, first, last)
    except OSError as error:
        known = [(at, share) for (path, at), share in shares.items() if path == file]
        why = printable(error.strerror or str(error), 200)
        return [(" ", f"not readable here: {why}"), *((f"{percent(share)} %", f"line {at}") for at, share in known)]
    page: list[Line] = []
    for number, text in enumerate(lines, first):
        share = shares.get((file, number))
        page.append((f"{percent(share)} %" if share is not None else " ", f"{number:>5}  {text.expandtabs(4)}"))
    return page
