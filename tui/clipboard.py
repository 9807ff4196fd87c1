"""Putting text on the clipboard of the terminal that a person sits at, over SSH and through tmux and screen.

OSC 52 of xterm's control sequences asks the terminal to take it. No terminal says whether it did.
"""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Mapping
from textwrap import wrap
from typing import Literal

LONGEST = 8_000
"""Characters: more than a verdict, less than any terminal's limit."""

PIECE = 250
"""Characters that GNU screen passes through at once."""

PATIENCE = 2.0


def copy_sequences(text: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal: OSC 52 itself, and the same wrapped so that tmux or screen passes it on."""
    content = b64encode(text[:LONGEST].encode("utf-8", "backslashreplace")).decode("ascii")
    plain = f"\x1b]52;c;{content}\x07"
    passed = passed_on(plain, environ)
    return passed.removeprefix(plain) if multiplexer(environ) == "screen" else passed


def multiplexer(environ: Mapping[str, str]) -> Literal["", "tmux", "screen"]:
    """What stands between this program and the terminal that a person sits at, as far as the environment says it."""
    terminal = environ.get("TERM", "")
    if environ.get("TMUX") or terminal.startswith("tmux"):
        return "tmux"
    return "screen" if terminal.startswith("screen") else ""


def passed_on(sequence: str, environ: Mapping[str, str]) -> str:
    """A control sequence itself, and the same wrapped so that tmux or screen passes it on to its own terminal."""
    between = multiplexer(environ)
    if between == "tmux":
        return sequence + "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if between == "screen":
        return sequence + "".join(f"\x1bP{piece}\x1b\\" for piece in wrap(sequence, PIECE, drop_whitespace=False))
    return sequence


def give_to_tmux(text: str, environ: Mapping[str, str]) -> bool:
    """Hand text to tmux itself, which knows its terminals, and by default takes no OSC 52 from programs."""
    if not environ.get("TMUX"):
        return False
    try:
        words = ["tmux", "load-buffer", "-w", "-"]
        given = text.encode("utf-8", "backslashreplace")
        done = subprocess.run(words, input=given, capture_output=True, timeout=PATIENCE, check=False, env=dict(environ))
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
