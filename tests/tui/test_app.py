"""The app as a person uses it: keys in, screen out, without a terminal."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from icetop.profiles.delta import Context, Delta, Notice
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.source import SourceError
from icetop.profiles.timeline import SECOND
from icetop.profiles.view import View
from icetop.tests.tui.moving_source import MovingSource
from icetop.themes.glyphs import ASCII, UNICODE
from icetop.tui.app import IcetopApp
from icetop.tui.look import make_look
from icetop.tui.verdict import verdict
from textual import events
from textual.worker import WorkerFailed

PATIENCE = 60.0
"""Seconds to wait for what has to come; a machine that does much else takes its time."""


class FixedSource:
    """Yields given deltas and then waits for `stop`, as a live source does."""

    live = True

    def __init__(self, deltas: list[Delta], failure: Notice | None = None, waits: bool = True) -> None:
        self._deltas = deltas
        self._failure = failure
        self._waits = waits
        self.stopped = threading.Event()

    def deltas(self) -> Iterator[Delta]:
        yield from self._deltas
        if self._failure is not None:
            raise SourceError(self._failure)
        if self._waits:
            self.stopped.wait(30)

    def stop(self) -> None:
        self.stopped.set()


class Person:
    """Presses keys and reads the screen."""

    def __init__(self, app: IcetopApp, pilot) -> None:
        self.app, self._pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def sees(self, wanted: str | Callable[[str], bool]) -> str:
        """Wait until the screen shows it."""
        end = time.monotonic() + PATIENCE
        while True:
            text = "\n".join(self.app.screen_lines)
            if wanted in text if isinstance(wanted, str) else wanted(text):
                return text
            if time.monotonic() > end:
                raise AssertionError(f"{wanted!r} is not on the screen:\n{text}")
            await asyncio.sleep(0.02)

    async def sees_all_until(self, end_ns: int) -> None:
        """Wait until the picture of everything up to a moment is on the screen."""
        app = self.app
        await self.sees(lambda _: app._picture is not None and app._picture.kept_ns[1] >= end_ns)
        await self._pilot.pause()

    async def resize(self, width: int, height: int) -> None:
        await self._pilot.resize_terminal(width, height)
        await self._pilot.pause()


@asynccontextmanager
async def running(
    source: object = None,
    size: tuple[int, int] = (120, 40),
    depth: str = "truecolor",
    glyphs=UNICODE,
    view: View | None = None,
) -> AsyncIterator[Person]:
    """The app, once all that its source had ready is on the screen. Without a source: 90 seconds, and then silence."""
    source = source or MovingSource(backlog=90, pace=10**6)
    app = IcetopApp(source, view or View(), make_look("dark", depth, glyphs))
    async with app.run_test(size=size) as pilot:
        person = Person(app, pilot)
        if isinstance(source, MovingSource):
            await person.sees_all_until(source.ready_ns)
        yield person
        source.stop()


async def test_the_first_screen_says_what_the_source_does() -> None:
    source = FixedSource([Delta(0, 0, stage="compiling", context=Context("h", "6.1", 2))])
    async with running(source) as person:
        await person.sees("starting: compiling")


async def test_the_live_view_has_vital_signs_graph_and_table() -> None:
    async with running() as person:
        text = await person.sees("live 01:30")
        for part in (
            "web-3",
            "99 Hz",
            "busy 1.8",
            "complete 94",
            "lost 0",
            "live 01:30",
            "last 30 s",
            "of CPU",
            "Flat%",
        ):
            assert part in text, part
        assert "gunicorn: shop.wsgi 5" in text and "postgres: shop" in text
        assert "UTF8_MatchText" in text and "space pause" in text


async def test_zooming_in_and_out_by_keys() -> None:
    async with running() as person:
        await person.sees("gunicorn: shop.wsgi")
        await person.press("j", "j", "enter")
        text = await person.sees("all › gunicorn: shop.wsgi ›")
        assert "postgres: sh" not in text
        await person.press("escape")
        await person.sees("postgres: sh")


async def test_the_cursor_tells_of_its_box_and_the_table_follows() -> None:
    async with running() as person:
        await person.sees("gunicorn: shop.wsgi")
        await person.press("j", "j", "j", "j")
        text = await person.sees("/srv/shop/views.py:48")
        assert "python   flat 0.00 s 0.0 %   cum" in text
        await person.press("tab", "g")
        await person.sees("/usr/lib/postgresql/15/bin/postgres")
        assert person.app._board.icicle.box != 0


async def test_zoom_and_cursor_survive_new_data() -> None:
    source = MovingSource(backlog=40, pace=0.15)
    async with running(source) as person:
        await person.sees("gunicorn: shop.wsgi")
        await person.press("j", "j", "enter", "j", "j")
        first = await person.sees("› gunicorn: shop.wsgi ›")
        clock = next(line for line in first.splitlines() if "live" in line)
        text = await person.sees(lambda text: clock not in text)
        assert "search_products_unindexed /srv" in text and "› gunicorn: shop.wsgi ›" in text


async def test_pausing_holds_the_picture_while_recording_goes_on() -> None:
    source = MovingSource(backlog=40, pace=0.05)
    async with running(source) as person:
        await person.sees("of CPU")
        await person.press("space")
        paused_at = person.app._choices.paused_at
        before = await person.sees(lambda text: "paused" in text and person.app._picture.shown_ns[1] == paused_at)
        total = next(line for line in before.splitlines() if "of CPU" in line)
        clock = re.search(r"paused \d+ s", before).group()
        text = await person.sees(lambda text: "paused" in text and clock not in text)
        assert person.app._keeper.profile.timeline.end_ns > paused_at
        assert total in text
        await person.press("space")
        await person.sees(lambda text: "paused" not in text and total not in text)


async def test_windows_go_round() -> None:
    async with running() as person:
        await person.sees("last 30 s")
        for shown in ("last 5 min", "all of it", "last 5 s", "last 30 s"):
            await person.press("w")
            await person.sees(shown)


async def test_kernel_frames_inverted_and_levels() -> None:
    async with running() as person:
        await person.sees("tcp_")  # its box may be too narrow for all of tcp_recvmsg
        await person.press("K")
        await person.sees(lambda text: "tcp_" not in text and "no kernel" in text)
        await person.press("K", "i")
        await person.sees("leaf first")
        await person.press("i", "v")
        await person.sees("by thread")


async def test_searching_shows_the_share_and_lights_matches() -> None:
    async with running() as person:
        await person.sees("run_query")
        await person.press("slash", *"query")
        await person.sees(" /query")
        await person.press("enter")
        text = await person.sees("/query/  ")
        assert "%" in text.split("/query/")[1][:10]
        matches = person.app._search.matches
        assert matches is not None and matches.boxes[person.app._board.icicle.box]
        first = person.app._board.icicle.box
        await person.press("n")
        assert person.app._board.icicle.box != first
        await person.press("N")
        assert person.app._board.icicle.box == first
        await person.press("number_sign")
        await person.sees("/^run_query$/")
        await person.press("escape")
        await person.sees(lambda text: "/^run_query$/" not in text)


async def test_keys_in_the_prompt_are_text() -> None:
    async with running() as person:
        await person.sees("run_query")
        await person.press("slash", "q", "space", "tab", "backspace", "backspace", "w", "escape")
        await person.sees(lambda text: "space pause" in text and "last 30 s" in text)
        assert person.app.is_running and person.app._choices.paused_at is None


async def test_saving_says_where_it_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with running(size=(200, 40)) as person:
        await person.sees("of CPU")
        await person.press("s")
        await person.sees(f"saved {tmp_path}/icetop-web-3-")
        await person.press("s")
        await person.sees(lambda text: len(list(tmp_path.glob("icetop-web-3-*.pb.gz"))) == 2)
        assert all(path.stat().st_size > 500 for path in tmp_path.iterdir())


async def test_saving_is_said_at_once_and_holds_up_neither_keys_nor_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is saved is what there was at the key."""
    may_end, saved = threading.Event(), list[Profile]()

    def save(profile: Profile, moment: object) -> Path:
        may_end.wait(60)
        saved.append(profile)
        return tmp_path / "x"

    monkeypatch.setattr("icetop.tui.app.save_snapshot", save)
    async with running() as person:
        await person.sees("of CPU")
        await person.press("s", "s")
        await person.sees("saving the snapshot ...")
        profile = person.app._keeper.profile
        before, context = profile.timeline.end_ns, profile.context
        profile.fold(Delta(before, before + SECOND, series=[Series(1, 1, 1, "late")]))
        await person.press("w")
        await person.sees("last 5 min")
        may_end.set()
        await person.sees("saved ")
    (found,) = saved
    assert found.timeline.end_ns == before and found.context == context
    assert "late" not in [series.comm for series in found.series]


async def test_a_snapshot_that_cannot_be_saved_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("icetop.tui.app.save_snapshot", fail)
    async with running() as person:
        await person.sees("of CPU")
        await person.press("s")
        await person.sees("the snapshot could not be saved: [Errno 28] No space left on device")


async def test_pages_open_and_close_and_keep_keys_to_themselves() -> None:
    async with running() as person:
        await person.sees("of CPU")
        await person.press("question_mark")
        await person.sees("search for the function under the cursor")
        await person.press("w", "j", "escape")
        await person.sees(lambda text: "last 30 s" in text and "of CPU" in text)
        await person.press("j", "j", "d")
        await person.sees("gunicorn/workers/sync.py:182")
        await person.press("q")
        await person.sees("of CPU")
        await person.press("exclamation_mark")
        await person.sees("none so far")


async def test_a_source_that_fails_leaves_what_there_is_on_the_screen() -> None:
    source = MovingSource(backlog=50, limit=50)
    source.failure = Notice("error", "the collector ended", "killed", "start it again")
    async with running(source) as person:
        text = await person.sees("the collector ended: killed (start it again)")
        await person.sees("ended 00:50")
        assert "[red]" not in text
        await person.press("j", "enter")
        await person.sees("› gunicorn") if "›" in text else None
        await person.press("q")
        assert person.app.return_value == 0


async def test_a_source_that_fails_at_once_says_why_and_exits_with_1() -> None:
    source = FixedSource([], Notice("error", "cannot attach", "not permitted", "run it with sudo"))
    async with running(source) as person:
        await person.sees("mend: run it with sudo")
        await person.press("q")
    assert person.app.return_value == 1


async def test_a_source_with_a_bug_is_a_line_too() -> None:
    class Broken(FixedSource):
        def deltas(self) -> Iterator[Delta]:
            yield Delta(0, 0, nodes=[(5000, 1)])
            raise RuntimeError("boom [bold]x[/bold]")

    async with running(Broken([])) as person:
        await person.sees("RuntimeError: boom [bold]x[/bold]")
        await person.press("exclamation_mark")
        await person.sees("a part of the data was left out")


async def test_an_opened_file_shows_everything() -> None:
    source = MovingSource(live=False, backlog=70, limit=70)
    async with running(source) as person:
        text = await person.sees("saved 01:10")
        assert "from 1" in text or "from 0" in text or "from 2" in text
        assert "self" not in text.splitlines()[0]


async def test_quitting_stops_the_source() -> None:
    source = FixedSource([])
    async with running(source) as person:
        await person.press("q")
        assert source.stopped.is_set()
    assert person.app.return_value == 0


SIZES = [(200, 50), (120, 40), (80, 24), (40, 10), (20, 5), (8, 3), (1, 1)]


@pytest.mark.parametrize(
    ("size", "depth"),
    [*((size, "truecolor") for size in SIZES), ((80, 24), "256"), ((120, 40), "16"), ((80, 24), "none")],
)
async def test_every_size_and_depth_can_be_used(size: tuple[int, int], depth: str) -> None:
    keys = ("j", "j", "l", "enter", "tab", "j", "G", "tab", "escape", "w", "i", "slash", "a", "enter", "n", "space")
    async with running(size=size, depth=depth) as person:
        await person.sees(lambda _: person.app._picture is not None)
        await person.press(*keys, "question_mark", "escape", "d", "escape", "T")
        assert person.app.is_running
        lines = person.app.screen_lines
        assert len(lines) == size[1]


async def test_resizing_while_live() -> None:
    async with running(MovingSource(backlog=40, pace=0.05)) as person:
        await person.sees("of CPU")
        for size in ((80, 24), (20, 5), (1, 1), (200, 60), (99, 16), (120, 40)):
            await person.resize(*size)
            await person.press("j", "k")
        await person.sees("of CPU")


async def test_80_columns_show_one_pane_at_a_time() -> None:
    async with running(size=(80, 24)) as person:
        text = await person.sees("gunicorn: shop.wsgi")
        assert "Flat%" not in text
        await person.press("tab")
        text = await person.sees("Flat%")
        assert "gunicorn: shop.wsgi" not in text


async def test_a_graph_out_of_sight_follows_what_is_chosen() -> None:
    async with running(MovingSource(live=False, backlog=70, limit=70), size=(80, 24)) as person:
        await person.press("j", "j", "j", "tab", "p", *"postgres", "enter")
        await person.sees("target  pid 812")
        await person.press("tab")
        await person.sees(lambda text: "PostgresMain" in text and "gunicorn" not in text)


async def test_a_message_is_shown_whole_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("long-" * 18)
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with running(size=(80, 24)) as person:
        await person.press("s")
        text = await person.sees(lambda text: ".pb.gz" in "".join(text.split()))
        assert f"saved{folder}/icetop-web-3-" in "".join(text.split())
        await person.press("escape", "exclamation_mark")
        text = await person.sees("messages")
        assert f"saved{folder}/icetop-web-3-" in "".join(text.split())


async def test_another_list_is_read_from_its_top_whatever_the_cursor_was_on() -> None:
    async with running(size=(120, 24)) as person:
        await person.press("j", "j", "j", "tab", "G", "tab", "c")
        text = await person.sees("What changed")
        await person.press("tab")
        table = person.app._board.table
        assert (table._top, table._at) == (0, 0), text
        await person.press("tab", "j", "j", "g", "tab")
        assert (table._top, table._at) == (0, 0), "the graph's cursor is on no function"


async def test_colours_stand_for_packages_binaries_or_languages() -> None:
    async with running() as person:
        for key, of in (("", "psycopg2"), ("t", "/usr/bin/python3.11"), ("t", "python")):
            await person.press(*key)
            await person.sees("cursor.execute")
            app = person.app
            row, styles = next(
                (line, row)
                for line, row in zip(app.screen_lines, app._canvas._wanted, strict=True)
                if "cursor.execute" in line
            )
            palette = app._look.palette
            pair = palette.boxes[palette.hue(of)]
            assert styles[row.index("cursor.execute")][1] in (pair[0].label, pair[1].label), of


async def test_every_column_can_be_sorted_by_and_its_head_says_so() -> None:
    async with running(size=(200, 50)) as person:
        for key, head in (("o", "▾Cum s"), ("o", "▾Name"), ("O", "▴Name"), ("o", "▾Flat s"), ("O", "▴Flat s")):
            await person.press(key)
            text = await person.sees(head)
            rows = person.app._picture.rows
            values = [getattr(row, {"F": "flat", "C": "cum"}.get(head[1], "frame")) for row in rows]
            values = [value.name.lower() if head[1] == "N" else value for value in values]
            falling = (head[0] == "▾") != (head[1] == "N")
            assert values == sorted(values, reverse=falling), text


async def test_keys_typed_after_q_do_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with running() as person:
        person.app.post_message(events.Key("q", "q"))
        person.app.post_message(events.Key("s", "s"))
        await person.sees(lambda _: not person.app.is_running)
    assert not list(tmp_path.iterdir()) and person.app.return_value == 0


async def test_what_asks_for_nothing_is_on_the_page_of_messages_alone() -> None:
    notices = (Notice("info", "the collector runs at nice -15"), Notice("info", "no names", "why", "a mend"))
    async with running(FixedSource([Delta(0, 0, notices=notices)])) as person:
        text = await person.sees("no names: why (a mend)")
        assert "nice -15" not in text
        await person.press("exclamation_mark")
        await person.sees("the collector runs at nice -15")


async def test_ascii_is_ascii() -> None:
    async with running(glyphs=ASCII, depth="none") as person:
        text = await person.sees("of CPU")
        assert text.isascii()
        await person.press("question_mark")
        assert (await person.sees("search for the function")).isascii()


async def test_picking_in_a_saved_profile_narrows_the_view() -> None:
    source = MovingSource(live=False, backlog=70, limit=70)
    async with running(source, size=(160, 40)) as person:
        await person.sees("postgres: shop")
        await person.press("p", *"postgres", "tab")
        await person.sees("1 chosen")
        await person.press("enter")
        await person.sees(lambda text: "target  pid 812  postgres: shop SELECT" in text and "gunicorn" not in text)
        await person.press("p", "enter")
        await person.sees("gunicorn: shop.wsgi")


async def test_leaving_a_picker_changes_nothing_and_keys_typed_ahead_go_where_they_belong() -> None:
    async with running(MovingSource(live=False, backlog=70, limit=70)) as person:
        await person.sees("postgres: shop")
        await person.press("p", *"wqs", "escape", "w")
        await person.sees(lambda text: "target  host" in text and "last 5 s" in text)


async def test_the_palette_runs_what_is_chosen() -> None:
    async with running() as person:
        await person.sees("last 30 s")
        await person.press("colon", *"how much time", "enter")
        await person.sees("last 5 min")


async def test_leaving_out_a_function_and_small_ones() -> None:
    async with running(size=(160, 40)) as person:
        await person.sees("live 01:30")
        await person.press("tab", "g", "x")
        await person.sees(lambda text: "without UTF8_MatchText" in text and "│ UTF8_MatchText" not in text)
        await person.press("X", "percent_sign")
        await person.sees(lambda text: "without" not in text and "from 0.1 %" in text)


async def test_enter_on_the_box_zoomed_into_shows_its_whole_stack() -> None:
    async with running() as person:
        await person.sees("gunicorn: shop.wsgi")
        await person.press("j", "j", "enter", "enter")
        await person.sees("gunicorn/workers/sync.py:182")


async def test_a_click_on_a_head_sorts_by_that_column() -> None:
    async with running(size=(120, 40)) as person:
        await person.sees("▾Flat s")
        table = person.app._board.table
        await person._pilot.click(table, offset=(8 + 3 * 6, table._heads - 1))
        await person.sees("▾Cum%")
        await person._pilot.click(table, offset=(8 + 3 * 6, table._heads - 1))
        await person.sees("▴Cum%")


async def test_the_verdict_is_shown_as_it_is_copied() -> None:
    async with running(size=(60, 30)) as person:
        await person.press("j", "j", "y")
        text = await person.sees("OSC 52")
        assert "**web-3** · host" in text and "top: `" in text
        said = "".join(text.split())
        lines = verdict(person.app._picture, person.app._board.icicle.box)
        assert all("".join(line.split()) in said for line in lines), "nothing of it is cut"


async def test_a_bug_of_the_screen_is_a_line_and_keeps_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    from icetop.tui.hangup import notice_of_last_end

    def fail(*_: object) -> None:
        raise RuntimeError("a bug [bold]")

    with pytest.raises((RuntimeError, WorkerFailed), match="a bug"):
        async with running() as person:
            await person.sees("of CPU")
            monkeypatch.setattr("icetop.tui.table.Table._paint_heads", fail)
            await person.press("o")
            await person.sees(lambda _: not person.app.is_running)
    assert notice_of_last_end() is not None


async def test_5000_processes_in_the_picker_and_a_name_of_100k_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    from icetop.tui.picker import PickerScreen
    from icetop.tui.process_reader import LiveProcess, ProcessReader

    monkeypatch.setattr(ProcessReader, "start", lambda _: None)
    async with running(FixedSource([])) as person:
        await person.press("p")
        screen = person.app.screen
        assert isinstance(screen, PickerScreen)
        processes = [LiveProcess(n, f"name{n}", "t\x1b[31m" * 5, n / 100, n * 1000) for n in range(1, 5000)]
        screen.post_message(PickerScreen.Came([*processes, LiveProcess(5000, "x" * 100_000, "[b]", 99.0, 5)]))
        await person.sees("xxxxxxx")
        await person.press(*"name4321")
        text = await person.sees("1 of 5001")
        assert "\x1b" not in text and "4321" in text
        await person.press("escape")


async def test_a_key_right_behind_the_one_that_leaves_a_page_is_not_lost() -> None:
    async with running() as person:
        for leave in ("escape", "q"):
            await person.press("question_mark")
            await person.sees("down: to the function called")
            for key in (leave, "i"):
                person.app.post_message(events.Key(key, None))
            await person.sees("leaf first")
            await person.press("i")
            await person.sees(lambda text: "leaf first" not in text)
