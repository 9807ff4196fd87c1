"""How much of a file is taken in. Files come from elsewhere: none may fill the memory, whatever it says it holds."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_LIMIT = 512 << 20
"""Bytes, unpacked. A full time line of a large machine takes about 400 MiB."""


class TooLarge(ValueError):
    """A file goes beyond a limit; the text says which, as the end of a sentence about the file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits follow from the one on bytes, since each thing takes some. Real files stay well under them.

    What has no name in a file is looked for in the folders `symbols`, and on servers with `debuginfod`.
    """

    size: int = DEFAULT_LIMIT
    symbols: tuple[str, ...] = ()
    debuginfod: bool = False

    @property
    def samples(self) -> int:
        """Rows of counts: 5 million by default."""
        return self.size // 100

    @property
    def nodes(self) -> int:
        """Nodes of the stack table: 2 million by default."""
        return self.size // 256

    @property
    def entries(self) -> int:
        """Entries of each of the tables of strings, functions, locations and mappings: 1 million by default."""
        return self.size // 512

    @property
    def series(self) -> int:
        """Different threads and labels: 262,144 by default."""
        return self.size // 2048

    def hold(self, number: int, limit: int, what: str) -> None:
        """Raise TooLarge when there are more than `limit` of something."""
        if number > limit:
            raise TooLarge(f"it holds more than {limit:,} {what}")
