"""What the commands say: results on stdout, lines for a person on stderr, and the error that is such a line."""

from __future__ import annotations

import os
import sys

from ..profiles.delta import Notice
from ..profiles.printable import printable

DEFAULT_TOP = 40
"""How many functions a report as text lists, unless told."""


class Failure(Exception):
    """Something that could not be done, with what a person needs to know; the exit status is 1."""

    def __init__(self, what: str, why: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.notice = Notice("error", what, why, mend)


def print_out(text: str) -> None:
    """Print to stdout, now: what cannot be printed is an error of this call, not of the interpreter's end."""
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def tell(notice: Notice) -> None:
    """Print one line on stderr for a person."""
    print(f"icetop: {printable(str(notice), 1000)}", file=sys.stderr)


def drop_output() -> None:
    """Point stdout nowhere, so that what is left in its buffer cannot fail again when the interpreter ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        pass
