"""Recordings read as one profile: whole, by range, of several machines, damaged, with gaps and overlaps."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from icetop.profiles.call_tree import CallTree
from icetop.profiles.profile import Profile
from icetop.profiles.ranges import parse_range
from icetop.profiles.report import build_report
from icetop.profiles.source import SourceError
from icetop.profiles.tree_builder import build_call_tree
from icetop.profiles.view import EVERYTHING, Stretch, View
from icetop.snapshots import folder_source, recording
from icetop.snapshots.file_source import FileSource, new_profile
from icetop.snapshots.folded import encode_folded
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.folder_source import FolderSource, outline, saved_source
from icetop.snapshots.formats import save
from icetop.snapshots.limits import Limits
from icetop.snapshots.recording import Recording
from icetop.snapshots.window_names import window_name

from ..profile_maker import MAIN, SECOND, START, ProfileMaker, rich_profile


def record(folder: Path, *windows: Profile) -> Path:
    sink = FolderSink(str(folder))
    for window in windows:
        sink.write(window)
    sink.close()
    return folder


def windows_of(profile: Profile, seconds: int) -> Iterator[Profile]:
    """The profile cut into windows, each read back from a file, as a recorder would have written them."""
    from icetop.snapshots.pprof_writer import encode_pprof

    buckets = list(profile.timeline.buckets())
    for at in range(0, len(buckets), seconds):
        part = buckets[at : at + seconds]
        path = Path(os.environ["PYTEST_SCRATCH"]) / "window.pb.gz"
        path.write_bytes(encode_pprof(profile, Stretch(part[0].start_ns, part[-1].end_ns)))
        yield FileSource(str(path)).profile()


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("PYTEST_SCRATCH", str(tmp_path / "scratch"))


@pytest.fixture(autouse=True, params=["as windows", "as any file"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a recorder wrote says the same to both readers that there are."""
    if request.param == "as any file":
        monkeypatch.setattr(FolderSource, "_as_window", lambda *_: None)


def source(*paths: Path, stretch: Stretch = EVERYTHING, outline: bool = False) -> FolderSource:
    return FolderSource(Recording([str(path) for path in paths]), Limits(), stretch, outline)


def window(second: float, stack: str = "main;work", samples: int = 1, host: str = "web-1", length: int = 2) -> Profile:
    maker = ProfileMaker()
    maker.now = START + round(second * SECOND)
    for _ in range(length):
        maker.sample(stack, samples)
        maker.tick(context=replace(maker.profile.context, host=host, kinds=("cpu",)))
    return maker.profile


def test_snapshots_of_two_machines_are_one_profile(tmp_path: Path) -> None:
    for name, seconds in (("web-1", 0), ("web-2", 1)):
        save(window(seconds, "main;work", 1 + seconds, host=name, length=4), str(tmp_path / f"{name}.pb.gz"))
    found = saved_source([str(tmp_path / "web-1.pb.gz"), str(tmp_path / "web-2.pb.gz")], Limits())
    assert isinstance(found, Recording) and found.of_files
    profile = FolderSource(found, Limits()).profile()
    tree = build_call_tree(profile, View(first_level="host"))
    assert {tree.name(box): int(tree.cum_samples[box]) for box in tree.children(0)} == {"web-1": 4, "web-2": 8}
    assert profile.context.host == "web-1, web-2"


def test_what_tells_no_times_is_not_shown_with_others(tmp_path: Path) -> None:
    save(window(0), str(tmp_path / "x.pb.gz"))
    (tmp_path / "x.folded").write_text("main;work 3\n")
    with pytest.raises(SourceError, match="it tells no times"):
        saved_source([str(tmp_path / "x.pb.gz"), str(tmp_path / "x.folded")], Limits())


def said(profile: Profile) -> list[str]:
    return [str(notice) for notice in profile.notices]


def tree_of(profile: Profile) -> CallTree:
    return build_call_tree(profile, View())


def test_a_recording_says_the_same_as_one_file_of_the_same_time(tmp_path: Path) -> None:
    whole = rich_profile(20)
    folder = record(tmp_path / "r", *windows_of(whole, 4))
    assert len(list(folder.glob("*.pb.gz"))) == 5
    joined = source(folder).profile()
    one, other = (build_report(profile, View(), stacks=True) for profile in (whole, joined))
    assert other.stacks == one.stacks
    assert (other.samples, other.expected, other.lost_by, other.total, other.duration_ns) == (
        one.samples,
        one.expected,
        one.lost_by,
        one.total,
        one.duration_ns,
    )
    assert other.functions == one.functions and other.processes == one.processes
    assert len(joined.locations) == len(set(joined.locations)), "equal places have one id"
    assert [bucket.end_ns for bucket in joined.timeline.buckets()] == [b.end_ns for b in whole.timeline.buckets()]


def test_a_range_reads_its_windows_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = record(tmp_path / "r", *(window(2 * n, f"main;f{n}") for n in range(50)))
    read: list[str] = []
    own = FolderSource._read
    monkeypatch.setattr(FolderSource, "_read", lambda it, part, joined: read.append(part) or own(it, part, joined))  # type: ignore[func-returns-value]
    profile = source(folder, stretch=Stretch(START + 20 * SECOND, START + 25 * SECOND)).profile()
    assert len(read) == 3
    assert encode_folded(profile, "cpu") == b"main;main;f10 2\nmain;main;f11 2\nmain;main;f12 2\n"


def test_an_outline_tells_how_busy_the_rest_was(tmp_path: Path) -> None:
    windows = []
    for n in range(10):
        windows.append(window(2 * n))
        for bucket in windows[-1].timeline.buckets():
            bucket.busy_core_ns = n * SECOND
    folder = record(tmp_path / "r", *windows)
    profile = new_profile()
    for delta in source(folder, stretch=Stretch(START + 8 * SECOND, START + 12 * SECOND), outline=True).deltas():
        profile.fold(delta)
    assert (profile.timeline.start_ns, profile.timeline.end_ns) == (START, START + 20 * SECOND)
    assert build_report(profile, View()).samples == 4
    busy = [round(bucket.busy_core_ns / bucket.duration_ns) for bucket in profile.timeline.buckets()]
    assert busy == [0, 1, 2, 3, 4, 4, 5, 5, 6, 7, 8, 9]


def test_a_place_gets_the_name_that_another_window_has_for_it(tmp_path: Path) -> None:
    first, second = window(0), window(2)
    work = next(place for place, found in enumerate(first.locations) if found.lines[0].function == "work")
    first.locations[work] = replace(first.locations[work], lines=())
    folder = record(tmp_path / "r", first, second)
    assert encode_folded(source(folder).profile(), "cpu") == b"main;main;work 4\n"


def test_a_host_that_was_named_by_its_recorder_keeps_that_name(tmp_path: Path) -> None:
    folders = []
    for node in ("node-1", "node-2"):
        maker = ProfileMaker()
        maker.sample("main;work", 1, host=node)
        maker.tick(context=replace(maker.profile.context, host=f"icetop-of-{node}", kinds=("cpu",)))
        folders.append(record(tmp_path / node, maker.profile))
    assert [labels["host"] for labels in source(*folders).profile().labels] == ["node-1", "node-2"]


def test_several_machines_are_one_profile(tmp_path: Path) -> None:
    one = record(tmp_path / "one", window(0.4), window(2.4))
    two = record(tmp_path / "two", window(0, host="web-2"), window(2, "main;other", host="web-2"))
    profile = source(one, two).profile()
    assert profile.context.host == "web-1, web-2"
    assert {labels["host"] for labels in profile.labels} == {"web-1", "web-2"}
    assert encode_folded(profile, "cpu") == b"main;main;other 2\nmain;main;work 6\n"
    buckets = list(profile.timeline.buckets())
    assert all(former.end_ns <= latter.start_ns for former, latter in pairwise(buckets))
    assert sum(bucket.expected for bucket in buckets) == 8


def test_windows_that_overlap_count_once_each(tmp_path: Path) -> None:
    folder = record(tmp_path / "r", window(0, "main;a"), window(1, "main;b"), window(1, "main;c"))
    profile = source(folder).profile()
    assert encode_folded(profile, "cpu") == b"main;main;a 2\nmain;main;b 2\nmain;main;c 2\n"
    assert len(profile.timeline) == 3


def test_damaged_and_missing_windows_are_named_and_left_out(tmp_path: Path) -> None:
    folder = record(tmp_path / "r", *(window(2 * n) for n in range(6)), window(60))
    paths = sorted(folder.glob("*.pb.gz"))
    paths[1].write_bytes(paths[1].read_bytes()[:-20])
    paths[2].write_bytes(b"")
    (folder / f".{paths[0].name}.tmp123").write_bytes(b"half")
    (folder / "README").write_text("not a window")
    opened = source(folder)
    paths[3].unlink()
    profile = opened.profile()
    assert build_report(profile, View()).samples == 2 * 4
    text = "\n".join(said(profile))
    assert f"left out: {paths[1]}: it is cut off" in text
    assert f"left out: {paths[2]}: it is empty" in text
    assert f"left out: {paths[3]}: No such file" in text
    assert "nothing was recorded from" in text
    assert "still being written" in text


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    folder = record(tmp_path / "r", window(0), window(2))
    for path in folder.glob("*.pb.gz"):
        path.write_bytes(b"")
    with pytest.raises(SourceError, match="it is empty"):
        source(folder).profile()


@pytest.mark.parametrize("content", [(), ("README",), ("x.pb.gz", ".20260921T141320.000Z-1.000s.pb.gz.x")])
def test_a_folder_without_a_recording_is_refused(tmp_path: Path, content: tuple[str, ...]) -> None:
    for name in content:
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match="holds no recording"):
        saved_source([str(tmp_path)], Limits())


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_FILES", 3)
    folder = record(tmp_path / "r", window(0), window(2), window(4))
    with pytest.raises(SourceError, match="more than 3 files"):
        Recording([str(folder)])


def test_tables_of_many_windows_are_bounded(tmp_path: Path) -> None:
    for n in range(8):  # each by a recorder of its own, whose numbers begin anew
        folder = record(tmp_path / "r", window(2 * n, ";".join(f"f{n}_{i}" for i in range(150))))
    assert FileSource(str(next(folder.glob("*.pb.gz"))), Limits(size=1 << 18)).profile().series
    with pytest.raises(SourceError, match=r"r: it holds more than 512 places in code \(--range"):
        FolderSource(Recording([str(folder)]), Limits(size=1 << 18)).profile()


def test_one_process_seen_in_many_windows_is_one_series(tmp_path: Path) -> None:
    profile = source(record(tmp_path / "r", *(window(2 * n) for n in range(5)))).profile()
    assert profile.series == [MAIN]


def test_a_long_outline_is_told_in_coarser_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_source, "MOST_OUTLINES", 4)
    for number in (0, 1, 2, 3, 4, 20, 21):
        start = START + number * 10 * SECOND
        (tmp_path / window_name(start, start + 10 * SECOND, number)).touch()
    deltas = list(outline(Recording([str(tmp_path)]), EVERYTHING))
    assert [((delta.start_ns - START) // SECOND, (delta.end_ns - START) // SECOND) for delta in deltas] == [
        (0, 20), (20, 40), (40, 50), (200, 220),
    ]  # fmt: skip
    assert [delta.vitals.busy_cores for delta in deltas if delta.vitals] == [0.5, 2.5, 4, 20.5]


def test_a_time_of_day_is_that_of_whoever_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings of two machines hang together by the time they have in common, wherever their clocks stand."""
    for zone, host, second in (("Asia/Kolkata", "east", 0), ("America/New_York", "west", 2)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        record(tmp_path / host, window(second, f"main;{host}", host=host))
    found = {}
    for zone in ("UTC", "Asia/Kolkata"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        both = Recording([str(tmp_path / "east"), str(tmp_path / "west")])
        clock = [f"{datetime.fromtimestamp(START // SECOND + at):%H:%M:%S}" for at in (1, 3)]
        stretch = parse_range("..".join(clock), both.start_ns, both.end_ns)
        assert stretch == Stretch(START + SECOND, START + 3 * SECOND)
        profile = FolderSource(both, Limits(), stretch).profile()
        found[zone] = build_report(profile, View(stretch=stretch), stacks=True).stacks
    monkeypatch.undo()
    time.tzset()
    assert found["UTC"] == found["Asia/Kolkata"]
    assert len(found["UTC"]) == 2
