"""Windows read one after the other say what each says when it is read alone, whatever changes between them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from icetop.profiles.delta import Delta
from icetop.profiles.locations import Line
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.series import Series
from icetop.profiles.view import View
from icetop.profiles.vocabulary import StackEnd
from icetop.snapshots import profile_pb2 as pprof
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.folder_source import FolderSource
from icetop.snapshots.joined import Joined
from icetop.snapshots.limits import Limits
from icetop.snapshots.pprof_writer import encode_pprof
from icetop.snapshots.recording import Recording
from icetop.snapshots.window_reader import WindowReader

from ..profile_maker import MAIN, SECOND, START, ProfileMaker, rich_profile


def told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], list[object]]:
    """What a recording says, read as windows and as any files."""

    def report() -> list[object]:
        profile = FolderSource(Recording([str(folder)]), Limits()).profile()
        reports = [report_json(build_report(profile, View(kind=kind), stacks=True)) for kind in profile.kinds()]
        named = [(place.binary, place.offset, place.lines, place.language) for place in profile.locations]
        return [*reports, profile.context, profile.vitals, profile.notices, sorted(map(repr, named))]

    as_windows = report()
    monkeypatch.setattr(FolderSource, "_as_window", lambda *_: None)
    return as_windows, report()


def taken(folder: Path) -> list[bool]:
    """Which of a recording's files are read as windows."""
    reader = WindowReader(Joined(Limits()), Limits(), named=False)
    return [reader.read(str(path)) is not None for path in sorted(folder.glob("*.pb.gz"))]


def a_long_life(folder: Path) -> None:
    """Windows of one recorder: threads and functions come and go, a name comes late, other code takes a place."""
    maker = ProfileMaker(Profile())
    sink = FolderSink(str(folder))
    for number in range(8):
        for second in range(3):
            maker.sample(f"main;p:serve;work{number % 3}^inlined", 2 + second)
            maker.sample("main;?5ec2", 1, end=StackEnd.TOO_DEEP)
            maker.sample(f"k:entry;k:late{number}", 3, Series(number, 5, 6, f"t{number}"), pod=f"web-{number}")
            maker.sample("main;wait", 1, value=7_000 + number, kind="offcpu")
            names = {}
            if second == 1 and number in (3, 5):
                place = next(i for i, found in enumerate(maker.profile.locations) if "secret" in found.binary)
                names = {place: (Line("found_late" if number == 3 else "other_code"),)}
            maker.tick(context=replace(maker.profile.context, kinds=("cpu", "offcpu"), host="web-1"))
            if names:
                maker.profile.fold(Delta(maker.now, maker.now, names=names))
        sink.write(maker.profile)
        maker.profile.begin_window()
    sink.settle()
    sink.close()


def test_whatever_changes_between_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_long_life(tmp_path / "r")
    assert taken(tmp_path / "r") == [True] * 8
    as_windows, as_files = told(tmp_path / "r", monkeypatch)
    assert as_windows == as_files
    assert "found_late" in str(as_windows) and "other_code" in str(as_windows)


def test_recorders_that_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        profile = rich_profile(6, 30, number)
        moved = ProfileMaker(profile)
        sink = FolderSink(str(tmp_path / "r"))
        for bucket in profile.timeline.buckets():
            bucket.start_ns += number * 10 * SECOND
            bucket.end_ns += number * 10 * SECOND
        sink.write(moved.profile)
        sink.settle()
        sink.close()
    assert taken(tmp_path / "r") == [True] * 4
    as_windows, as_files = told(tmp_path / "r", monkeypatch)
    assert as_windows == as_files


def window(second: int = 0) -> bytes:
    maker = ProfileMaker()
    maker.now = START + second * SECOND
    return encode_pprof(maker.sample("main;work", 2).sample("main;rest", 1, replace(MAIN, tid=5)).tick())


def changed(change: Callable[[pprof.Profile], object]) -> bytes:
    file = pprof.Profile.FromString(gzip.decompress(window()))
    change(file)
    return gzip.compress(file.SerializeToString())


UNUSUAL = [
    b"",
    window()[:-9],
    window() + b"x",
    gzip.decompress(window()),
    gzip.compress(gzip.decompress(window()) + b"\x08\x01"),
    gzip.compress(gzip.decompress(window()) + b"\x12\x04\x08\x01\x08\x02"),
    gzip.compress(b"main;work 3\n"),
    changed(lambda f: f.comment.append(1)),
    changed(lambda f: f.ClearField("comment")),
    changed(lambda f: setattr(f.sample[0].label[-1], "num", 5)),
    changed(lambda f: f.sample[0].label.pop()),
    changed(lambda f: f.sample[0].location_id.append(99)),
    changed(lambda f: f.sample[0].location_id.extend([1] * 70_000)),
    changed(lambda f: f.sample[0].value.append(1)),
    changed(lambda f: f.location.add(id=1)),
    changed(lambda f: f.function.add(id=1, name=1)),
    changed(lambda f: setattr(f.function[0], "name", 999)),
    changed(lambda f: f.string_table.insert(1, "x")),
]


@pytest.mark.parametrize("content", UNUSUAL, ids=range(len(UNUSUAL)))
def test_what_is_not_as_a_recorder_writes_it_is_left_to_the_other_reader(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pb.gz"
    path.write_bytes(content)
    reader = WindowReader(Joined(Limits()), Limits(), named=False)
    assert reader.read(str(path)) is None
    (tmp_path / "good.pb.gz").write_bytes(window(1))
    deltas = reader.read(str(tmp_path / "good.pb.gz"))
    assert deltas is not None
    assert sum(sum(delta.counts["cpu"].samples) for delta in deltas if delta.counts) == 3


def test_a_large_window_is_left_to_the_other_reader(tmp_path: Path) -> None:
    path = tmp_path / "x.pb.gz"
    path.write_bytes(gzip.compress(gzip.decompress(window()) + b"\x32\x00" * (1 << 20)))
    assert WindowReader(Joined(Limits()), Limits(size=1 << 20), named=False).read(str(path)) is None
