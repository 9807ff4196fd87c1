"""The first line on the screen, written before anything heavy is imported: Enter was heard."""

from __future__ import annotations

import os
import sys

_shown = False


def show_splash(words: list[str]) -> None:
    """Say that icetop starts, if these words ask for the app and there is a terminal to say it on."""
    global _shown
    app = not words or words[0] == "open" or words[0].startswith("-")
    if app and not {"-h", "--help", "--version"} & set(words) and sys.stdin.isatty() and sys.stdout.isatty():
        os.write(sys.stdout.fileno(), b"\r icetop  starting ...")
        _shown = True


def erase_splash() -> None:
    """Take the line away again, for the app or for an error."""
    global _shown
    if _shown:
        os.write(sys.stdout.fileno(), b"\r\x1b[2K")
        _shown = False
