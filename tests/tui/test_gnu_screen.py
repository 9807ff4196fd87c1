"""The app in GNU screen, which erases to its own ground and passes on only what is wrapped for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest
from icetop.tests.tui.pseudo_terminal import Terminal, end_of, on_a_terminal

NAMESPACE = Path(__file__).parents[2] / ".namespace"


@contextmanager
def running(words: list[str], environ: dict[str, str]) -> Iterator[tuple[Terminal, int]]:
    """GNU screen on a terminal; what runs in it ends with it, whatever happens."""
    with on_a_terminal(words, environ) as started:
        try:
            yield started
        finally:
            subprocess.run(["screen", "-S", "t", "-X", "quit"], env=environ, capture_output=True, check=False)


@pytest.mark.skipif(which("screen") is None, reason="GNU screen is not installed")
def test_grounds_keys_clipboard_and_the_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir(mode=0o700)
    environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(NAMESPACE), "SCREENDIR": str(folder)}
    for name in ("NO_COLOR", "COLORTERM", "COLORFGBG", "STY", "TMUX", "LANG", "LC_ALL"):
        environ.pop(name, None)
    environ["LC_CTYPE"] = "C.UTF-8"
    script = str(Path(__file__).with_name("moving_source.py"))
    words = ["screen", "-c", "/dev/null", "-S", "t", sys.executable, script, "color=256", "limit=90"]
    with running(words, environ) as (terminal, pid):
        terminal.sees("ended 01:30")
        terminal.type(b"j")
        terminal.sees("gunicorn: shop.wsgi   flat")
        terminal.quiet()
        free = next(y for y, line in enumerate(terminal.text.splitlines()) if "deeper" not in line and y > 25)
        grounds = {terminal.ground_at(x, free) for x in range(60)}
        assert grounds == {"121212"}, "color(233), in cells that were never written one by one as well"
        terminal.type(b"y")
        terminal.sees("on the clipboard")
        copied = re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07", terminal.output)
        assert copied is not None and b64decode(copied.group(1)).startswith(b"**web-3**")
        terminal.type(b"\x1b")
        terminal.sees("gunicorn: shop.wsgi   flat")
        terminal.type(b"q")
        terminal.is_left()
        assert end_of(pid) == 0
