"""Notes on the time line, and bundles, as a person at the keyboard has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from icetop.cli.looking import source_to_show
from icetop.profiles.delta import Vitals
from icetop.profiles.profile import Profile
from icetop.profiles.time_notes import TimeNote
from icetop.profiles.timeline import SECOND
from icetop.profiles.view import Stretch, View
from icetop.snapshots import folder_source
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.folder_source import FolderSource
from icetop.snapshots.limits import Limits
from icetop.snapshots.notes_file import read_notes
from icetop.snapshots.recording import Recording
from icetop.tests.profile_maker import START, ProfileMaker, rich_profile
from icetop.tests.tui.moving_source import START_NS
from icetop.tui.choices import Choices

from .test_app import running


def line(*noted: int) -> Profile:
    maker = ProfileMaker()
    for _ in range(100):
        maker.sample("a", 1)
        maker.tick()
    maker.profile.add_notes(TimeNote(START + second * SECOND, START + second * SECOND, "x") for second in noted)
    return maker.profile


def compared(profile: Profile) -> tuple[Stretch, Stretch | None]:
    view = Choices(View(), window=30).toggle_comparison().view_of(profile)
    assert view.baseline is not None
    return view.stretch, view.baseline.stretch


def test_a_note_in_what_is_shown_divides_before_from_after() -> None:
    shown, before = compared(line(20, 75, 85))
    assert before == Stretch(START + 70 * SECOND, START + 85 * SECOND)
    assert shown.start_ns == START + 85 * SECOND
    for elsewhere in (line(), line(20), line(70), line(100)):
        assert compared(elsewhere)[1] == Stretch(START + 40 * SECOND, START + 70 * SECOND)


async def test_a_note_is_written_seen_and_compared_around(utc: None) -> None:
    async with running() as person:
        await person.sees("Total ")
        await person.press("at", *"40..90", "enter")
        await person.sees("14:02:40 to 14:03:30")
        await person.press("at", *"50..80", "enter")
        await person.sees("14:02:50 to 14:03:20")
        await person.press("quotation_mark", *"v2.31")
        await person.sees("what happened here")
        await person.press("enter")
        await person.sees("noted at 14:02:50")
        (note,) = person.app._keeper.profile.notes
        assert (note.start_ns - START_NS, note.end_ns - START_NS) == (50 * SECOND, 80 * SECOND)
        await person.press("at", *"40..90", "enter")
        await person.sees("#")
        await person.press("c")
        await person.sees("against 14:02:40 + 10 s")


async def test_a_note_on_a_recording_is_kept_in_it(tmp_path: Path) -> None:
    sink = FolderSink(str(tmp_path))
    sink.write(rich_profile(20))
    sink.close()
    source = FolderSource(Recording([str(tmp_path)]), Limits())
    async with running(source) as person:
        await person.sees("Total ")
        await person.press("quotation_mark", *"slow", "enter")
        await person.sees("noted at ")
    (note,) = read_notes(str(tmp_path))[0]
    assert note.text == "slow"


async def test_b_saves_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with running() as person:
        await person.sees("Total ")
        await person.press("b")
        await person.sees("saved ")
        labels = [dict(found) for found in person.app._keeper.profile.labels]
    (path,) = tmp_path.glob("icetop-*.icetop.zip")
    assert FileSource(str(path)).profile().series
    assert any("title" in found for found in labels), "what is looked at keeps its titles"


def recorded(folder: Path, windows: int) -> None:
    """A recording from 14:02:00 on: each window of 10 s has a function of its own, `work0`, `work1` ..."""
    sink = FolderSink(str(folder))
    for number in range(windows):
        maker = ProfileMaker()
        maker.now = START_NS + number * 10 * SECOND
        for _ in range(10):
            maker.sample(f"main;work{number}", 5)
            maker.tick(vitals=Vitals(1.5))
        sink.write(maker.profile)
    sink.close()


async def test_of_a_long_recording_what_is_looked_at_is_read(tmp_path: Path, utc: None) -> None:
    recorded(tmp_path, 60)
    recording = Recording([str(tmp_path)])
    last = Stretch(recording.end_ns - 60 * SECOND, None)
    source = FolderSource(recording, Limits(), last, outline=True)
    async with running(source, view=View(stretch=last)) as person:
        assert "work12" not in await person.sees("work59")
        await person.press("at", *"120..140", "enter")
        wanted = ("14:04:00 to 14:04:20", "work12", "work13")  # marks move first, widgets are painted one by one
        await person.sees(lambda text: all(part in text for part in wanted) and "work59" not in text)
        await person.press("c")
        await person.sees("against 14:03:40 + 20 s")
        await person.sees("work11")


async def test_what_a_recording_is_compared_with_stays_when_more_of_it_is_read(tmp_path: Path, utc: None) -> None:
    recorded(tmp_path, 12)
    source, view = source_to_show((str(tmp_path),), "14:03:40..", View(), Limits(), "14:02:20..14:02:40")
    async with running(source, view=view) as person:
        wanted = ("against 14:02:20 + 20 s", "baseline", "work11", "work2")
        await person.sees(lambda text: all(part in text for part in wanted))
        await person.press("at", *"60..80", "enter")
        later = ("14:03:00 to 14:03:20", "work6", "work2")
        await person.sees(lambda text: all(part in text for part in later) and "work11" not in text)
        await person.sees("against 14:02:20 + 20 s")
        await person.press("quotation_mark", *"slow", "enter")
        await person.sees("noted at ")
    assert [note.text for note in read_notes(str(tmp_path))[0]] == ["slow"]


def test_what_was_read_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = FolderSink(str(tmp_path))
    sink.write(rich_profile(20))
    sink.close()
    source = FolderSource(Recording([str(tmp_path)]), Limits())
    within = Stretch(START + SECOND, START + 5 * SECOND)
    assert source.with_more([within]) is None
    empty = FolderSource(Recording([str(tmp_path)]), Limits(), Stretch(0, 5))
    assert empty.with_more([Stretch(None, 5)]) is None
    more = empty.with_more([within])
    assert more is not None and more.profile().series
    monkeypatch.setattr(folder_source, "MOST_AT_ONCE", 0)
    with pytest.raises(ValueError, match="at most 0"):
        empty.with_more([within])
