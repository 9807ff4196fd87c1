"""The whole screen for fixed data at each size and colour depth, character by character and style by style.

What is wanted lies in `snapshots/`; ICETOP_UPDATE_SNAPSHOTS=1 writes it anew, to be looked at before it is kept.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from icetop.profiles.view import View
from icetop.tests.tui.moving_source import MovingSource
from icetop.themes.glyphs import ASCII, CONSOLE, UNICODE, Glyphs
from icetop.themes.palette import Depth
from icetop.tui.app import IcetopApp
from icetop.tui.look import Look, make_look

FOLDER = Path(__file__).with_name("snapshots")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
KEYS = ("j", "j", "j", "j")
SIZES = ((200, 50), (120, 40), (80, 24), (20, 5))
LOOKS: dict[str, tuple[Depth, Glyphs, str]] = {
    "truecolor": ("truecolor", UNICODE, "dark"),
    "256": ("256", UNICODE, "dark"),
    "16": ("16", UNICODE, "dark"),
    "16-console": ("16", CONSOLE, "dark"),
    "none": ("none", UNICODE, "dark"),
    "none-ascii": ("none", ASCII, "dark"),
    "truecolor-light": ("truecolor", UNICODE, "light"),
    "256-light": ("256", UNICODE, "light"),
    "16-light": ("16", UNICODE, "light"),
}
SCREENS = {
    "80x24-16-table": ((80, 24), "16", ("tab",)),
    "120x40-256-zoom-search": ((120, 40), "256", ("j", "j", "enter", "slash", *"query", "enter")),
    "120x40-16-inverted": ((120, 40), "16", ("i", "o")),
    "80x24-16-palette": ((80, 24), "16", ("colon", *"time")),
    "80x24-truecolor-picker": ((80, 24), "truecolor", ("p", *"post")),
    "120x40-none-verdict": ((120, 40), "none", ("j", "y")),
    "80x24-16-console-stack": ((80, 24), "16-console", ("G", "d")),
    "200x50-truecolor-compared": ((200, 50), "truecolor", ("c", *KEYS)),
    "120x40-16-compared": ((120, 40), "16", ("c", *KEYS)),
    "80x24-256-compared-light-blue": ((80, 24), "256-light", ("c", "B", "a")),
    "80x24-none-compared-list": ((80, 24), "none-ascii", ("c", "tab", "j")),
    "80x24-256-help": ((80, 24), "256", ("question_mark",)),
}


def dump(app: IcetopApp) -> str:
    """Each row as text, and under it a letter for the style of each cell; the letters' meaning at the end."""
    letters: dict[str, str] = {}
    lines = []
    for row in app._canvas._wanted:
        lines.append("".join(character for character, _ in row).rstrip())
        styles = [letters.setdefault(str(style), LETTERS[len(letters) % len(LETTERS)]) for _, style in row]
        lines.append("".join(styles).rstrip(letters.get(str(row[-1][1]), "")))
    return "\n".join([*lines, *(f"{letter} {style}" for style, letter in letters.items()), ""])


@asynccontextmanager
async def pressed(size: tuple[int, int], look: str, keys: tuple[str, ...]) -> AsyncIterator[tuple[IcetopApp, Any]]:
    """The app after these keys, with nothing left to work out."""
    app = IcetopApp(MovingSource(backlog=90, limit=90), View(), look_of(look))
    async with app.run_test(size=size) as pilot:
        while not app._ended or app._refresher._running or app._refresher._stale:
            await pilot.pause(0.02)
        for key in keys:
            await pilot.press(key)
        while app._refresher._running or app._refresher._stale:
            await pilot.pause(0.02)
        await pilot.pause()
        yield app, pilot


def look_of(name: str) -> Look:
    depth, glyphs, theme = LOOKS[name]
    return make_look(theme, depth, glyphs)


def compare(case: str, found: str) -> None:
    path = FOLDER / f"{case}.txt"
    if os.environ.get("ICETOP_UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    assert found.splitlines() == path.read_text().splitlines(), case


@pytest.mark.parametrize("size", SIZES)
async def test_the_live_view_is_as_it_was_in_every_look(size: tuple[int, int], utc: None) -> None:
    async with pressed(size, "truecolor", KEYS) as (app, pilot):
        for look in LOOKS:
            app.wear(look_of(look))
            await pilot.pause()
            compare(f"{size[0]}x{size[1]}-{look}", dump(app))


@pytest.mark.parametrize("case", SCREENS)
async def test_the_screen_is_as_it_was(case: str, utc: None) -> None:
    async with pressed(*SCREENS[case]) as (app, _):
        compare(case, dump(app))
