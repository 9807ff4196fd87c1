"""Profiles that nobody expects: nothing in them, far too much in one place, clocks that jump."""

from __future__ import annotations

from pathlib import Path

import pytest
from icetop.profiles.delta import Context, Counts, Delta, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.vocabulary import Language
from icetop.tests.tui.test_app import FixedSource, running
from icetop.themes.palette import ThemeError, load_palette

SECOND = 1_000_000_000
NOON = 1_795_435_200 * SECOND
HOUR = 3600 * SECOND
MOVES = (
    "j",
    "G",
    "l",
    "h",
    "enter",
    "k",
    "g",
    "tab",
    "j",
    "G",
    "g",
    "tab",
    "i",
    "G",
    "i",
    "escape",
    "slash",
    "f",
    "enter",
    "n",
)


def tables(depth: int) -> Delta:
    """One stack of so many frames."""
    locations = [Location(Language.NATIVE, "/bin/deep", "b", n, (Line(f"f{n}"),)) for n in range(depth)]
    nodes = [(0, 0), *((ROOTS + n, n + 1) for n in range(depth - 1))]
    context = Context("host", "6.18", 2, NOON, 99)
    return Delta(NOON, NOON, locations=locations, nodes=nodes, series=[Series(7, 1, 7, "deep")], context=context)


def second(start: int, node: int, samples: int = 90) -> Delta:
    """A second in which one stack was hit so many times."""
    counts = Counts()
    if samples:
        counts.add(node, 0, samples, samples * SECOND // 99)
    return Delta(start, start + SECOND, counts={"cpu": counts}, expected=samples, vitals=Vitals(samples / 99))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (20, 5)])
async def test_a_stack_of_2000_frames(size: tuple[int, int]) -> None:
    source = FixedSource([tables(2000), *(second(NOON + n * SECOND, ROOTS + 1999) for n in range(3))])
    async with running(source, size=size) as person:
        await person.sees(lambda _: person.app._picture is not None)
        await person.press(*MOVES, "G", "d", "G")
        if size[1] > 10:
            await person.sees("f1999")
        assert person.app.is_running


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("samples", [0, 1])
async def test_a_profile_of_no_sample_or_of_one(samples: int, live: bool) -> None:
    source = FixedSource([tables(3), *(second(NOON + n * SECOND, ROOTS + 2, samples * (n == 0)) for n in range(3))])
    source.live = live
    source._waits = live
    async with running(source) as person:
        await person.sees("f2" if samples else "no samples")
        await person.press(*MOVES, "w", "y", "escape", "d", "escape", "percent_sign", "K", "v", "space")
        assert person.app.is_running
        if samples:
            await person.sees("100 %")


@pytest.mark.parametrize("jump", [5 * HOUR, -5 * HOUR], ids=["forward", "back"])
async def test_the_clock_jumps_by_hours_and_the_screen_shows_what_is_new(jump: int) -> None:
    before = [second(NOON + n * SECOND, ROOTS) for n in range(40)]
    after = [second(NOON + 40 * SECOND + jump + n * SECOND, ROOTS + 1) for n in range(35)]
    async with running(FixedSource([tables(3), *before, *after])) as person:
        await person.sees(lambda text: "f1" in text)
        text = await person.sees(lambda text: "last 30 s" in text and "Total 27.27 s" in text)
        assert "busy 0.91" in text, "the last seconds are those that came last"
        assert ("the clock was set back by 5.0 h" in text) == (jump < 0)
        await person.press("w", "w", *MOVES)
        assert person.app.is_running


BROKEN = {
    "nothing": "",
    "no TOML": "[truecolor",
    "a part": '[truecolor]\nground = "red"\n',
    "no colour": (Path(__file__).parents[2] / "themes" / "dark.toml").read_text().replace("#c9d1d9", "#zzz"),
    "another type": (Path(__file__).parents[2] / "themes" / "dark.toml").read_text().replace('= "none"', "= 5"),
    "no text": "\0\0\0",
    "no boxes": "[truecolor]\nboxes = []\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_theme_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ThemeError) as refused:
        for depth in ("truecolor", "256", "16", "none"):
            load_palette(str(path), depth)
    assert "\n" not in str(refused.value) and str(path) in str(refused.value)


@pytest.mark.parametrize(
    "make", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"\xff\xfe"), lambda path: None]
)
def test_a_theme_that_cannot_be_read_is_refused(make, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    make(path)
    with pytest.raises(ThemeError, match=r"mine\.toml"):
        load_palette(str(path), "16")
