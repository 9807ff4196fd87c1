"""Going back in time and comparing, as a person does it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from icetop.profiles.delta import Delta
from icetop.profiles.target import Target
from icetop.profiles.timeline import SECOND
from icetop.profiles.view import Baseline, Stretch, View
from icetop.profiles.with_baseline import beside
from icetop.targets import source_text
from icetop.tests.profile_maker import START, ProfileMaker
from icetop.tests.tui.moving_source import START_NS, MovingSource
from icetop.tui import source_page
from icetop.tui.canvas import Canvas
from icetop.tui.choices import Choices, first_choices
from icetop.tui.time_strip import columns_of, heights, peak_of
from icetop.tui.time_words import parse_time

from .test_app import FixedSource, running


def line(seconds: int = 100):
    maker = ProfileMaker()
    for _ in range(seconds):
        maker.sample("a", 1)
        maker.tick()
    return maker.profile


def stretch(profile, choices: Choices) -> tuple[float, float]:
    """Seconds shown, from the profile's start."""
    start, end = choices.span(profile.timeline)
    return (start - START) / SECOND, (end - START) / SECOND


def before(profile, choices: Choices) -> tuple[float, float]:
    """Seconds compared with."""
    base = choices.view_of(profile).baseline
    assert base is not None and base.stretch is not None
    return (base.stretch.start_ns - START) / SECOND, (base.stretch.end_ns - START) / SECOND


def test_steps_back_and_on() -> None:
    profile, live = line(), Choices(View(), window=30)
    timeline = profile.timeline
    back = live.stepped(-0.2, timeline, True)
    assert stretch(profile, back) == (64, 94)
    assert stretch(profile, back.stepped(-1, timeline, True)) == (34, 64)
    assert stretch(
        profile, back.stepped(-1, timeline, True).stepped(-1, timeline, True).stepped(-1, timeline, True)
    ) == (0, 30)
    assert back.stepped(0.2, timeline, True).stepped(0.2, timeline, True) == live, "on beyond the end is live again"
    assert stretch(profile, back.stretched(0.5, timeline)) == (79, 94)
    assert stretch(profile, live.stretched(2, timeline)) == (40, 100)
    assert live.stretched(2, timeline).paused_at is None, "more time does not stop what is live"
    assert back.to_the_end(True) == live


def test_a_file_begins_with_all_of_it_and_comes_back_to_that() -> None:
    profile, choices = line(), Choices(View(), window=None)
    stepped = choices.stepped(-0.2, profile.timeline, False)
    assert stretch(profile, stepped) == (64, 94)
    assert stretch(profile, stepped.stepped(1, profile.timeline, False)) == (70, 100)
    assert stepped.to_the_end(False) == choices
    assert before(profile, choices.toggle_comparison()) == (0, 50), "all of it: its later half against the earlier"


def test_what_is_compared_with_what() -> None:
    profile, live = line(), Choices(View(), window=30).toggle_comparison()
    assert before(profile, live) == (40, 70) and live.sort == "delta"
    assert before(profile, live.stepped(-1, profile.timeline, True)) == (10, 40)
    marked = live.toggle_comparison().at(START + 5 * SECOND, START + 15 * SECOND).mark(profile.timeline)
    assert before(profile, marked.to_the_end(True).toggle_comparison()) == (5, 15)
    assert marked.toggle_comparison().mark(profile.timeline).baseline is None
    early = Choices(View(), window=30).at(START, START + 10 * SECOND).toggle_comparison()
    assert before(profile, early) == (0, 5), "with nothing before it, its own halves"
    assert early.view_of(profile).stretch.start_ns == START + 5 * SECOND
    nearly = Choices(View(), window=30).at(START + 2 * SECOND, START + 12 * SECOND).toggle_comparison()
    assert before(profile, nearly) == (2, 7), "of two seconds nobody learns what ten were like before"


def test_what_a_recorder_saw_before_is_not_compared_with() -> None:
    """Live, its windows are drawn on the time line and hold no samples."""
    maker = ProfileMaker()
    maker.tick(50 * SECOND)
    for _ in range(20):
        maker.sample("a", 1)
        maker.tick()
    live = first_choices(View(), 30).toggle_comparison()
    everything = replace(live, window=None)
    assert before(maker.profile, live) == before(maker.profile, everything) == (50, 60)


def test_a_view_that_comes_with_a_baseline_is_compared_with_it() -> None:
    profile = line()
    given = View(stretch=Stretch(START + 50 * SECOND), baseline=Baseline(Stretch(START, START + 20 * SECOND)))
    choices = first_choices(given, None)
    assert choices.compares and before(profile, choices) == (0, 20)
    assert choices.view_of(profile) == given
    assert choices.toggle_comparison().view_of(profile) == replace(given, baseline=None)


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("last 15 s", (85, 100)),
        ("15s", (85, 100)),
        ("last 2 min", (0, 100)),
        ("20", (20, 50)),
        ("20..40", (20, 40)),
        ("-40..-20", (60, 80)),
        ("90..", (90, 100)),
        ("..10", (0, 10)),
        ("90", (90, 100)),
    ],
)
def test_times_as_they_are_typed(typed: str, seconds: tuple[int, int]) -> None:
    kept = (START, START + 100 * SECOND)
    assert parse_time(typed, kept, 30) == tuple(START + second * SECOND for second in seconds)


def test_clock_times_as_they_are_typed(utc: None) -> None:
    kept = (START_NS, START_NS + 600 * SECOND)
    assert parse_time("14:03", kept, 30) == (START_NS + 60 * SECOND, START_NS + 90 * SECOND)
    assert parse_time("14:03:10..14:05", kept, 30) == (START_NS + 70 * SECOND, START_NS + 180 * SECOND)


@pytest.mark.parametrize("typed", ["soon", "25:99", "9..3", "200", "", ".."])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_time(typed, (START, START + 100 * SECOND), 30)


async def test_c_shows_what_changed_and_c_again_what_there_is() -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("c")
        text = await person.sees("What changed")
        assert "worse" in text and "better" in text and "grey: within noise" in text
        assert "cores +" in text and "+ new − gone" in text, "how the total changed, what signs mean"
        assert "▲gunicorn" in text and "▼node" in text
        assert " baseline " in text and " shown " in text
        await person.press("tab", "j")
        await person.sees("was ")
        await person.press("c")
        await person.sees("Total ")


async def test_enter_in_the_list_goes_to_the_function_in_the_graph() -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("c")
        await person.sees("What changed")
        await person.press("tab")
        row = person.app._board.table.row
        assert row is not None and row.change is not None and row.change.significant
        await person.press("j", "k", "enter")
        frame = person.app._picture.tree.frame(person.app._board.icicle.root)
        assert frame is not None and frame.name == row.frame.name
        assert person.app._board.pane is person.app._board.icicle


async def test_going_back_shows_another_time_while_recording_goes_on(utc: None) -> None:
    async with running(MovingSource(backlog=90, pace=0.05)) as person:
        await person.sees("live")
        await person.press("at", *"20..50", "enter")
        await person.sees("14:02:20 to 14:02:50")
        first = await person.sees("Total ")
        total = next(row for row in first.splitlines() if "Total " in row)
        seconds = person.app._keeper.profile.timeline.end_ns
        await person.sees(lambda _: person.app._keeper.profile.timeline.end_ns > seconds + 5 * SECOND)
        assert total.split("Total")[1] in await person.sees("14:02:20 to 14:02:50")
        await person.press("left_square_bracket")
        await person.sees("14:02:14 to 14:02:44")
        await person.press("full_stop")
        await person.sees("last 30 s")


async def test_the_last_minutes_go_on_being_live() -> None:
    async with running() as person:
        await person.sees("live")
        await person.press("at", *"15m", "enter")
        text = await person.sees("last 15 min")
        assert "live" in text and person.app._choices.paused_at is None


async def test_a_time_that_is_none_is_said() -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("at", *"soon")
        await person.sees("go to")
        await person.press("enter")
        await person.sees("'soon' is neither seconds nor a clock time")
        await person.press("at", "escape")
        await person.sees("pause")


async def test_a_marked_stretch_is_compared_with(utc: None) -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("at", *"0..20", "enter", "m")
        await person.sees("marked 14:02:00 to 14:02:20")
        await person.press("full_stop", "c")
        await person.sees("against 14:02:00 + 20 s")
        await person.press("m")
        await person.sees("against 14:02:30 + 30 s")


async def test_the_strip_says_when_the_peak_was_and_shows_what_is_looked_at(utc: None) -> None:
    async with running(MovingSource(live=False, backlog=90, limit=90), size=(120, 40)) as person:
        text = await person.sees("▴ 14:03:")
        loads = person.app._picture.loads
        first, step = columns_of(person.app._picture.kept_ns, 96)
        assert text.splitlines()[4][12 + peak_of(heights(loads, first, step, 96))] == "▴"
        assert "2.0 cores" in text
        await person.press("p", *"postgres", "enter")
        await person.sees(lambda text: "target  pid 812" in text and "0.8 cores" in text)


async def test_the_mouse_chooses_a_stretch(utc: None) -> None:
    async with running() as person:
        await person.sees("Total ")
        strip = person.app._board.strip
        await person._pilot.mouse_down(strip, offset=(40, 0))
        await person._pilot.hover(strip, offset=(60, 0))
        await person._pilot.mouse_up(strip, offset=(60, 0))
        await person.sees("14:02:22 to 14:02:42")
        await person._pilot.click(strip, offset=(80, 1))
        await person.sees("14:02:52 to 14:03:12")


async def test_measures_and_widths_go_round() -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("c")
        await person.sees("What changed")
        for width in ("now", "before", "mean of both"):
            await person.press("W")
            await person.sees(f"width: {width}" if width != "mean of both" else lambda text: "width:" not in text)
            assert person.app._choices.view.width == {"now": "current", "before": "baseline"}.get(width, "mean")
        await person.press("a")
        await person.sees("change per second")
        await person.press("a")
        await person.sees("change % of what it was")


async def test_a_target_is_compared_with_another_one_over_the_same_time() -> None:
    async with running() as person:
        await person.sees("Total ")
        app = person.app
        app._choose(app._choices.of_target(Target(pids=frozenset((812,)))))
        await person.press("M")
        await person.sees("marked pid 812")
        app._choose(app._choices.of_target(Target(pids=frozenset((4021,)))))
        await person.press("c")
        text = await person.sees("against pid 812")
        assert "+gunicorn" in text


class ComparedSource(MovingSource):
    """A live source with a saved one as its baseline."""

    def deltas(self) -> Iterator[Delta]:
        yield from beside(MovingSource(live=False, limit=40))
        yield from super().deltas()


async def test_what_is_live_is_compared_with_what_was_saved() -> None:
    view = View(baseline=Baseline(target=Target(comms=frozenset(("node",))), beside=True))
    async with running(ComparedSource(backlog=90, pace=10**6), (160, 40), view=view) as person:
        text = await person.sees("against another file comm node")
        assert "+gunicorn" in text and "live" in text and "clock was set" not in text
        app = person.app
        app._choose(app._choices.of_target(Target(pids=frozenset((812,)))))
        text = await person.sees(lambda text: "against another file" in text and "comm node" not in text)
        assert "gunicorn" not in text
        change = app._picture.tree.change
        assert 0 < change.sides.was.samples < change.sides.now.samples, "the same program, whatever its number"
        await person.press("c")
        await person.sees("Total ")


async def test_nothing_to_compare_with_is_no_failure() -> None:
    delta = Delta(START, START + SECOND)
    async with running(FixedSource([delta])) as person:
        await person.press("c", "left_square_bracket", "m", "greater_than_sign", "a", "W", "c", "full_stop")
        await person.press("e")
        await person.sees("nothing stands out")


async def test_where_things_changed_is_marked_and_gone_to(utc: None) -> None:
    async with running(MovingSource(backlog=120, pace=30)) as person:
        await person.sees("Total ")
        await person.sees(lambda text: any("shown " in row and "!" in row for row in text.splitlines()))
        await person.press("e")
        await person.sees("What changed")
        begin = person.app._choices.span(person.app._keeper.profile.timeline)[0]
        assert 55 * SECOND <= begin - START_NS <= 70 * SECOND


async def test_views_can_be_gone_back_through() -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("i", "r", "c", "left_square_bracket")
        await person.sees("What changed")
        for _ in range(3):
            await person.press("backspace")
        await person.sees(lambda text: "leaf first" in text and "recursion" not in text and "What changed" not in text)
        await person.press("backspace", "backspace")
        await person.sees(lambda text: "leaf first" not in text)


async def test_a_function_in_the_centre_with_callees_and_callers() -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("slash", *"pq_exec", "enter", "f")
        await person.sees("callees of pq_execute")
        tree = person.app._picture.tree
        assert "pq_execute" in [tree.name(box) for box in tree.children(1)]
        rows = (await person.sees("callers of pq_execute")).splitlines()
        line = next(place for place, row in enumerate(rows) if "callers of pq_execute" in row)
        shown = [rows[line - up][:30].strip(" ▏").split("  ")[0] for up in (1, 2, 3)]
        assert shown == ["cursor.execute", "run_query", "search_products_unindexed"], "the direct caller lowest"
        assert "all" in rows[line + 1] and person.app._function_here() == "pq_execute"
        icicle = person.app._board.icicle
        await person._pilot.click(icicle, offset=(5, line - icicle.region.y - 1))
        await person.sees("callers of cursor.execute")
        assert person.app._function_here() == "cursor.execute"
        await person.press("backspace", "i")
        await person.sees("callers of pq_execute")
        await person.press("j", "j", "f")
        await person.sees(lambda text: "callers of" not in text or "callers of pq_execute" not in text)


async def test_the_source_of_a_function(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "views.py"
    file.write_text("".join(f"line {number} of it\n" for number in range(1, 100)))
    real = source_text.source_lines
    monkeypatch.setattr(source_page, "source_lines", lambda path, pid, *span: real(str(file), 0, *span))
    async with running() as person:
        await person.sees("Total ")
        await person.press("slash", *"search_products", "enter", "S")
        text = await person.sees("source of search_products_unindexed")
        assert "51  line 51 of it" in text and "%" in text
        assert "45  line 45 of it" in text and "57  line 57 of it" in text and "58  line" not in text


async def test_a_source_that_cannot_be_read_is_said() -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("slash", *"search_products", "enter", "S")
        await person.sees("not readable here: No such file or directory")
        await person.press("escape", "slash", "ctrl+u", *"ExecSeqScan", "enter", "S")
        await person.sees("its lines are not known")


async def test_the_verdict_says_what_changed() -> None:
    async with running(size=(160, 40)) as person:
        await person.sees("Total ")
        await person.press("c")
        await person.sees("What changed")
        await person.press("j", "y")
        text = await person.sees("changed against")
        assert "points)" in text and "renderToString" in text and "cores +" in text


async def test_the_stack_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as person:
        sent: list[str] = []
        monkeypatch.setattr(person.app, "send", sent.append)
        await person.sees("Total ")
        await person.press("j", "j", "j", "Y")
        await person.sees("a stack of 3 is copied")
        content = base64.b64decode(sent[0].split(";")[2].removesuffix("\x07")).decode()
        assert content.splitlines()[0] == "gunicorn: shop.wsgi" and content.splitlines()[2].startswith("Flask.wsgi_app")


async def test_what_a_function_calls_from_anywhere_has_the_cursor_on_it_and_is_said_before_all_else() -> None:
    async with running() as person:
        await person.sees("gunicorn: shop.wsgi")
        await person.press("slash", *"cursor.execute", "enter", "n", "f")
        await person.sees("callees of cursor.execute")
        below = (await person.sees("callers of cursor.execute:")).split("callers of cursor.execute:")[1]
        assert "Worker.handle_request" not in below
        await person.sees(lambda _: person.app._function_here() == "cursor.execute")
        await person.press("i")
        await person.sees("callers of cursor.execute")
        await person.press("g", "S")
        await person.sees("where the cursor is on a function")


async def test_marks_stay_where_the_keys_put_them_when_an_older_picture_comes() -> None:
    async with running() as person:
        await person.sees("live 01:30")
        app, let_go, take = person.app, threading.Semaphore(0), person.app._camera.take

        def when_let_go(*what: object) -> object:
            assert let_go.acquire(timeout=60)
            return take(*what)

        app._camera.take = when_let_go
        before = app._picture
        await person.press("[")
        await person.press("[")
        asked = app._choices.span(app._keeper.profile.timeline)
        assert app._board.strip._picture.shown_ns == asked
        let_go.release()
        await person.sees(lambda _: app._picture is not before)
        assert app._picture.shown_ns[1] > asked[1], "the picture of the first key"
        assert app._board.strip._picture.shown_ns == asked
        let_go.release(100)
        await person.sees(lambda _: app._picture.shown_ns[1] == asked[1])


async def test_pictures_arrive_whole_before_data_makes_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(MovingSource(backlog=90, pace=0.02)) as person:
        await person.sees("live")
        app = person.app
        with monkeypatch.context() as narrow:
            narrow.setattr(Canvas, "behind", property(lambda _: True))
            await person.sees(lambda _: not app._refresher._stale and not app._refresher._running)
            picture, end = app._picture, app._keeper.profile.timeline.end_ns
            await person.sees(lambda _: app._keeper.profile.timeline.end_ns > end + 20 * SECOND)
            assert app._picture is picture
            await person.press("i")
            await person.sees(lambda _: app._picture.view.inverted)  # what a key asks for comes all the same
        await person.sees(lambda _: app._picture.kept_ns[1] > end + 30 * SECOND)
