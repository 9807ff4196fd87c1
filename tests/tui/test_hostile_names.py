"""Names from a target are data: nothing in them may act, wherever they are shown."""

from __future__ import annotations

import pytest
from icetop.profiles.delta import Context, Counts, Delta, Notice
from icetop.profiles.locations import Line, Location
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.vocabulary import Language
from icetop.tests.tui.test_app import FixedSource, running

SECOND = 1_000_000_000
NAMES = (
    "[red]x[/red]",
    "\x1b[31mred\x1b]0;title\x07",
    "a\nb\tc\rd",
    "\u202eevil",
    "界" * 40,
    "e\u0301" * 50,
    "n" * 100_000,
    "界e\u0301\u202eש" * 25_000,
    "",
)


def hostile_deltas(name: str) -> list[Delta]:
    locations = [Location(language, name, name, 0, (Line(name, name, 1, 1),)) for language in Language]
    nodes = [(0, 0)] + [(ROOTS + place, place + 1) for place in range(len(locations) - 1)]
    counts = Counts()
    for place in range(len(nodes)):
        counts.add(ROOTS + place, 0, 5, 10**7)
    labels = {0: {"process": name, "title": name}}
    notice = Notice("warning", name, name, name)
    context = Context(name, name, 4, 0, 99, name, ("cpu", name), name)
    tables = {"locations": locations, "nodes": nodes, "series": [Series(1, 1, 1, name)], "labels": labels}
    return [Delta(0, SECOND, context=context, counts={"cpu": counts}, notices=(notice,), **tables)]


@pytest.mark.parametrize("name", NAMES, ids=[name[:12].encode("unicode_escape").decode() for name in NAMES])
@pytest.mark.parametrize("size", [(120, 40), (30, 12)])
async def test_no_name_can_act(name: str, size: tuple[int, int]) -> None:
    async with running(FixedSource(hostile_deltas(name)), size=size) as person:
        await person.sees(lambda _: person.app._picture is not None)
        for keys in (
            ("j", "j"),
            ("d",),
            ("escape", "tab"),
            ("exclamation_mark",),
            ("escape", "number_sign"),
            ("tab", "enter"),
        ):
            await person.press(*keys)
            for line in person.app.screen_lines:
                assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2028" for c in line)
        if size[0] > 100 and 0 < len(name) < 20:
            text = "\n".join(person.app.screen_lines)
            shown = {"[red]x[/red]": "[red]x[/red]", "\u202eevil": "\\u202eevil", "a\nb\tc\rd": "a\\nb\\tc\\rd"}
            assert shown.get(name, "") in text
        assert person.app.is_running
