"""A person at a screen whose collector is at the other end of a command, until that end is killed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from .conftest import Icetop, Start
from .test_by_keyboard import Screen


def looks_from_afar(
    via: str, screen: Screen, shares: Path, start: Start, icetop: Icetop, kill: Callable[[], object]
) -> None:
    """The live view, a picker, a snapshot; then the far end is killed, and what was had stays."""
    program = start(shares)
    screen.start("--via", via)
    screen.sees(lambda text: "live 00:" in text and "all" in text)
    screen.sees("shares")
    screen.press("p")
    screen.type(f"{program.pid} shares")
    screen.sees(lambda text: re.search(rf"{program.pid} +[-\d].* shares", text) is not None)
    screen.press("Down", "Up", "Enter")
    screen.sees(lambda text: f"target  pid {program.pid}  shares" in text and "from now on" not in text)
    screen.sees("burn_sixty")
    screen.press("s")
    saved = screen.sees("saved ")
    kill()
    lost = screen.sees("the far end ended")
    assert "Traceback" not in lost
    assert "burn_sixty" in screen.sees("burn_sixty")  # what was had stays
    screen.press("q")
    screen.sees("ended with 0")
    name = re.search(r"saved (\S+\.pb\.gz)", saved)
    if name is not None:
        found = next(Path(screen._folder).rglob(Path(name[1]).name))
        assert "burn_sixty" in icetop("report", found).stdout
