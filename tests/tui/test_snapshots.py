"""The whole screen for fixed data at each size and colour depth, character by character and style by style.

What is wanted lies in `snapshots/`; ICETOP_UPDATE_SNAPSHOTS=1 writes it anew, to be looked at before it is kept.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from icetop.profiles.view import View
from icetop.tests.tui.moving_source import MovingSource
from icetop.themes.glyphs import ASCII, CONSOLE, UNICODE
from icetop.tui.app import IcetopApp
from icetop.tui.look import make_look

FOLDER = Path(__file__).with_name("snapshots")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
KEYS = ("j", "j", "j", "j")
CASES = {
    "200x50-truecolor": ((200, 50), "truecolor", UNICODE, "dark", KEYS),
    "120x40-truecolor": ((120, 40), "truecolor", UNICODE, "dark", KEYS),
    "80x24-truecolor": ((80, 24), "truecolor", UNICODE, "dark", KEYS),
    "20x5-truecolor": ((20, 5), "truecolor", UNICODE, "dark", KEYS),
    "120x40-256": ((120, 40), "256", UNICODE, "dark", KEYS),
    "80x24-256-light": ((80, 24), "256", UNICODE, "light", KEYS),
    "120x40-16": ((120, 40), "16", UNICODE, "dark", KEYS),
    "80x24-16-console": ((80, 24), "16", CONSOLE, "dark", KEYS),
    "80x24-none": ((80, 24), "none", UNICODE, "dark", KEYS),
    "80x24-none-ascii": ((80, 24), "none", ASCII, "dark", KEYS),
    "80x24-16-table": ((80, 24), "16", UNICODE, "dark", ("tab",)),
    "120x40-256-zoom-search": ((120, 40), "256", UNICODE, "dark", ("j", "j", "enter", "slash", *"query", "enter")),
    "120x40-16-inverted": ((120, 40), "16", UNICODE, "dark", ("i", "o")),
    "80x24-16-palette": ((80, 24), "16", UNICODE, "dark", ("colon", *"time")),
    "200x50-truecolor-compared": ((200, 50), "truecolor", UNICODE, "dark", ("c", *KEYS)),
    "120x40-16-compared": ((120, 40), "16", UNICODE, "dark", ("c", *KEYS)),
    "80x24-256-compared-light-blue": ((80, 24), "256", UNICODE, "light", ("c", "B", "a")),
    "80x24-none-compared-list": ((80, 24), "none", ASCII, "dark", ("c", "tab", "j")),
    "80x24-256-help": ((80, 24), "256", UNICODE, "dark", ("question_mark",)),
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


@pytest.mark.parametrize("case", CASES)
async def test_the_screen_is_as_it_was(case: str, utc: None) -> None:
    size, depth, glyphs, theme, keys = CASES[case]
    source = MovingSource(backlog=90, limit=90)
    app = IcetopApp(source, View(), make_look(theme, depth, glyphs))
    async with app.run_test(size=size) as pilot:
        while not app._ended or app._refresher._running or app._refresher._stale:
            await pilot.pause(0.02)
        for key in keys:
            await pilot.press(key)
        while app._refresher._running:
            await pilot.pause(0.02)
        await pilot.pause()
        found = dump(app)
    path = FOLDER / f"{case}.txt"
    if os.environ.get("ICETOP_UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    assert found.splitlines() == path.read_text().splitlines()
