"""However much there is to work out: a key moves the cursor while the next picture is still being made."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from icetop.profiles.delta import Context, Counts, Delta, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.source import Source
from icetop.profiles.stacks import ROOTS
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language
from icetop.snapshots.file_source import FileSource
from icetop.themes.glyphs import UNICODE
from icetop.tui.app import IcetopApp
from icetop.tui.look import make_look
from icetop.tui.picture import Camera, Picture

SECOND = 1_000_000_000
HANGS = 60.0
"""Seconds after which a key has not been answered and will not be."""


class Wide:
    """A machine of 128 cores, all busy, whose stacks have so many nodes; a second of it each time it is allowed."""

    live = True

    def __init__(self, nodes: int, rows: int) -> None:
        self.allowed = threading.Semaphore(3)
        self._nodes = nodes
        self._rows = rows
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True
        self.allowed.release()

    def deltas(self) -> Iterator[Delta]:
        choose = random.Random(5)
        locations = [Location(Language.NATIVE, f"/b{n % 40}", "", n, (Line(f"function_{n}"),)) for n in range(5_000)]
        nodes = [(0, choose.randrange(5_000)) for _ in range(5)]
        while len(nodes) < self._nodes:
            nodes.append((ROOTS + int(len(nodes) * choose.random() ** 0.7), choose.randrange(5_000)))
        series = [Series(100 + n, n, 100 + n, f"program{n}") for n in range(12)]
        context = Context("host", "6.18", 128, SECOND, 99)
        yield Delta(SECOND, SECOND, locations=locations, nodes=nodes, series=series, context=context)
        second = 1
        while self.allowed.acquire() and not self._stopped:
            counts = Counts()
            for _ in range(self._rows):
                counts.add(ROOTS + choose.randrange(self._nodes), choose.randrange(12), 1, SECOND // 99)
            start, second = second * SECOND, second + 1
            yield Delta(
                start, start + SECOND, counts={"cpu": counts}, expected=self._rows, vitals=Vitals(self._rows / 99)
            )


def large_file(folder: Path) -> FileSource:
    """63,000 stacks that share little."""
    choose = random.Random(3)
    names = [f"module{n % 30}::function{n}" for n in range(5_000)]
    lines = (f"main;work{n % 5};{';'.join(choose.sample(names, 6))} {1 + n % 7}\n" for n in range(63_000))
    (folder / "large.folded").write_text("".join(lines))
    return FileSource(str(folder / "large.folded"))


SOURCES: dict[str, Callable[[Path], Source]] = {
    "100,000 nodes": lambda _: Wide(100_000, 5_000),
    "128 busy cores": lambda _: Wide(20_000, 128 * 99),
    "a file of 63,000 stacks": large_file,
}


@pytest.mark.parametrize("what", SOURCES)
async def test_a_key_is_answered_while_a_picture_is_held_up(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SOURCES[what](tmp_path)
    kind = "cpu" if isinstance(source, Wide) else "samples"
    app = IcetopApp(source, View(kind=kind), make_look("dark", "truecolor", UNICODE))
    go_on, held = threading.Event(), threading.Event()
    take = Camera.take

    def slow(self: Camera, profile: Profile, *more: object) -> Picture:
        held.set()
        go_on.wait()
        return take(self, profile, *more)  # type: ignore[arg-type]

    async with app.run_test(size=(200, 50)) as pilot:
        try:
            while app._picture is None or app._refresher._running or (kind == "samples" and not app._ended):
                await asyncio.sleep(0.02)
            monkeypatch.setattr(Camera, "take", slow)
            before, icicle = app._picture, app._board.icicle
            await pilot.press("o")
            while not held.is_set():
                await asyncio.sleep(0.01)
            if isinstance(source, Wide):
                source.allowed.release()
            await asyncio.wait_for(pilot.press("j"), HANGS)
            first = icicle.box
            await asyncio.wait_for(pilot.press("j"), HANGS)
            assert first and int(before.tree.parents[icicle.box]) == first
            name = before.tree.name(icicle.box)
            await pilot.pause()
            assert any(line.strip().startswith(name) for line in app.screen_lines[-6:]), "the details tell of it"
            assert app._picture is before and not go_on.is_set()
        finally:
            go_on.set()
        while app._picture is before:
            await asyncio.sleep(0.02)
        assert app._picture.tree.name(icicle.box) == name, "the cursor stays where the keys took it"
