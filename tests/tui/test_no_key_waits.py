"""However much there is to work out: a key moves the cursor while the next picture is still being made, and what it
does itself is little, whatever the size of the tree.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue

import pytest
from icetop.profiles import call_tree, merging, top_table, tree_builder
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
from icetop.tui import picker, refresher
from icetop.tui.app import IcetopApp
from icetop.tui.details import Facts
from icetop.tui.feed import Feed
from icetop.tui.look import make_look
from icetop.tui.painted import Painted
from icetop.tui.picture import Camera, Picture
from icetop.tui.process_reader import LiveProcess, ProcessReader
from textual.strip import Strip

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


HEAVY: tuple[tuple[object, str], ...] = (
    (merging.Merger, "__init__"),
    (merging.Boxes, "summed"),
    (top_table, "function_sums"),
    (tree_builder, "tree_of"),
    (call_tree.CallTree.levels, "func"),
    (picker, "entries_of"),
)
"""What takes time with the size of a profile, or the number of processes."""

ROWS_A_KEY = 8
"""Rows of the screen that moving the cursor may paint: two of the graph, two of the table, the details, as often as
they are asked for."""


@pytest.fixture
def on_screens_thread(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What of the heavy work was done on the screen's thread."""
    found: list[str] = []
    screen = threading.get_ident()

    def watched(name: str, work: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **named: object) -> object:
            if threading.get_ident() == screen:
                found.append(name)
            return work(*arguments, **named)

        return run

    for where, name in HEAVY:
        monkeypatch.setattr(where, name, watched(f"{where}.{name}", getattr(where, name)))
    return found


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The widgets of which a row was painted, row after row."""
    rows: list[str] = []
    paint = Painted._painted

    def counted(self: Painted, y: int) -> Strip:
        rows.append(type(self).__name__)
        return paint(self, y)

    monkeypatch.setattr(Painted, "_painted", counted)
    return rows


@pytest.mark.parametrize("what", SOURCES)
async def test_a_key_is_answered_while_a_picture_is_held_up(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_screens_thread: list[str], painted: list[str]
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
            painted.clear()
            await asyncio.wait_for(pilot.press("k", "j"), HANGS)
            await pilot.pause()
            assert len(painted) <= 2 * ROWS_A_KEY, painted
            assert any(line.strip().startswith(name) for line in app.screen_lines[-6:]), "the details tell of it"
            assert app._picture is before and not go_on.is_set()
        finally:
            go_on.set()
        while app._picture is before:
            await asyncio.sleep(0.02)
        assert app._picture.tree.name(icicle.box) == name, "the cursor stays where the keys took it"
        await pilot.press(
            "/", *"f_1", "enter", "n", "enter", "tab", "j", "tab", "escape", "escape", "question_mark", "q"
        )
    assert on_screens_thread == []


async def test_5000_processes_are_put_in_order_by_who_reads_them(
    monkeypatch: pytest.MonkeyPatch, on_screens_thread: list[str], painted: list[str]
) -> None:
    processes = [LiveProcess(n, f"name{n}", f"title {n}", n / 100, n * 1000) for n in range(1, 5001)]
    monkeypatch.setattr(ProcessReader, "_read_all", lambda self, first: first and self._tell(processes))
    app = IcetopApp(Wide(100, 20), View(), make_look("dark", "truecolor", UNICODE))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("p")
        while not any("5001" in line for line in app.screen_lines[:1]):
            await asyncio.sleep(0.02)
        painted.clear()
        await pilot.press(*"name43")
        await pilot.pause()
        assert any("of 5001" in line for line in app.screen_lines[:1])
        assert len(painted) <= len("name43") * 40, "only what is in sight is painted"
        await pilot.press("escape")
    assert on_screens_thread == []


@pytest.mark.parametrize(("work", "least", "most"), [(0.001, 0.9, 0.9), (0.05, 2.0, 2.0), (0.2, 3.0, 3.0), (2.0, 8, 8)])
async def test_much_work_is_done_less_often(
    work: float, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    waits: list[float] = []
    tasks: list[asyncio.Task[None]] = []

    async def take() -> float:
        return work

    made = refresher.Refresher(
        take, lambda work: tasks.append(asyncio.ensure_future(work)), lambda wait, _: waits.append(wait), eager=False
    )
    made.data_came()
    await tasks[0]
    made.data_came()
    assert len(tasks) == 1 and least - 0.001 <= waits[0] <= most + 0.001
    made.at_once()
    await tasks[1]
    assert made._next == pytest.approx(now + waits[0]), "a key's picture does not wait"


async def test_what_waits_for_the_next_tick_is_painted_with_a_key() -> None:
    app = IcetopApp(Wide(100, 20), View(), make_look("dark", "truecolor", UNICODE))
    async with app.run_test(size=(120, 40)) as pilot:
        while app._picture is None or app._refresher._running:
            await asyncio.sleep(0.02)
        await pilot.pause()
        details, header = app._board.details, app._board.header
        details.show(Facts("this waits"))
        details._repaint_required = False
        app.screen._dirty_widgets.add(details)
        header.refresh()
        app.paint_now()
        assert any("this waits" in line for line in app.screen_lines)


def test_the_first_screen_needs_no_numpy_and_no_search_for_garbage() -> None:
    words = (
        "import gc, sys; gc.disable(); import icetop.tui.app; from icetop.tui.spare_memory import keep_for_good;"
        "keep_for_good(); sys.exit('numpy' in sys.modules or not gc.isenabled() or not gc.get_freeze_count())"
    )
    namespace = Path(__file__).parents[2] / ".namespace"
    assert not subprocess.run(
        [sys.executable, "-c", words], env={**os.environ, "PYTHONPATH": str(namespace)}
    ).returncode


class Parts:
    """A file in parts; `asked` is how many of them have been read."""

    live = False

    def __init__(self) -> None:
        self.asked = 0

    def stop(self) -> None:
        pass

    def deltas(self) -> Iterator[Delta]:
        for _ in range(5):
            self.asked += 1
            counts = Counts()
            counts.add(0, 0, 1, 1)
            yield Delta(0, 0, counts={"samples": counts})


def test_a_file_is_read_on_when_its_first_picture_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icetop.tui.feed.FIRST_PATIENCE", HANGS)
    source, messages = Parts(), Queue[object]()
    feed = Feed(source, messages.put)
    feed.start()
    assert isinstance(messages.get(timeout=HANGS), Feed.Arrived)
    time.sleep(0.05)
    assert source.asked == 1 and messages.empty()
    feed.shown()
    arrived = [messages.get(timeout=HANGS) for _ in range(5)]
    assert source.asked == 5 and isinstance(arrived[-1], Feed.Ended)
