"""A folder as a sink: names that are an index, the bound, the lock, what a killed recorder left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.snapshots import folder_sink
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.window_names import Window, is_unfinished, parse_name, window_name
from icetop.targets import recorders
from icetop.targets.recorders import AlreadyRecording, FolderLock, locked_by, running_recorders

from ..profile_maker import SECOND, START, ProfileMaker, rich_profile


def window(second: int, size: int = 1) -> Profile:
    maker = ProfileMaker()
    maker.now = START + second * SECOND
    for number in range(size):
        maker.sample(f"main;work{os.urandom(6).hex() if size > 1 else number}")
    return maker.tick()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_name_tells_the_time_that_its_file_covers() -> None:
    name = window_name(START + 250_000_000, START + 10_251_000_000, 1.854)
    assert parse_name(name) == Window(START + 250_000_000, START + 10_251_000_000, name, 1.85)
    assert name.endswith("Z-10.001s-1.85cores.pb.gz")
    again = parse_name(window_name(START, START + SECOND, 0, 3))
    assert again is not None and again.start_ns == START and "~3" in again.name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x.pb.gz",
        "20261121T140310.250Z-10.001s.pb",
        "20261321T140310.250Z-10.001s.pb.gz",
        "２0261121T140310.250Z-1.001s.pb.gz",
        ".20261121T140310.250Z-10.001s.pb.gz.abc",
        "20261121T140310.250Z-10.001s.pb.gz\n",
    ],
)
def test_other_names_are_no_windows(name: str) -> None:
    assert parse_name(name) is None


def test_windows_come_back_whole(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    sink = FolderSink(str(folder))
    profile = rich_profile(5)
    sink.write(profile)
    sink.close()
    (name,) = files(folder)
    found = parse_name(name)
    assert found is not None and abs(found.start_ns - profile.timeline.start_ns) < 1_000_000
    assert abs(found.end_ns - profile.timeline.end_ns) < 2_000_000
    read = FileSource(str(folder / name)).profile()
    assert [bucket.expected for bucket in read.timeline.buckets()] == [
        bucket.expected for bucket in profile.timeline.buckets()
    ]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_the_oldest_go_to_stay_under_the_bound(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine" * 1000)
    sink = FolderSink(str(tmp_path), keep=20_000)
    largest = 0
    for second in range(30):
        sink.write(window(second, 100))
        sizes = [(tmp_path / name).stat().st_size for name in files(tmp_path) if name != "notes.txt"]
        largest = max(largest, sum(sizes))
    assert 15_000 < largest <= 20_000
    kept = [name for name in files(tmp_path) if name != "notes.txt"]
    newest = [parse_name(name) for name in kept]
    assert [found.start_ns for found in newest if found] == [
        START + (30 - len(kept) + i) * SECOND for i in range(len(kept))
    ]
    assert (tmp_path / "notes.txt").exists()


def test_what_was_there_before_counts_and_goes_first(tmp_path: Path) -> None:
    sink = FolderSink(str(tmp_path))
    sink.write(window(0, 100))
    sink.write(window(1, 100))
    sink.close()
    before = files(tmp_path)
    size = sum((tmp_path / name).stat().st_size for name in before)
    sink = FolderSink(str(tmp_path), keep=size + 1000)
    sink.write(window(2, 100))
    assert before[0] not in files(tmp_path)
    assert before[1] in files(tmp_path)


def test_a_clock_set_back_never_replaces_a_window(tmp_path: Path) -> None:
    sink = FolderSink(str(tmp_path))
    for _ in range(3):
        sink.write(window(0))
    assert len(files(tmp_path)) == 3


def test_a_window_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = FolderSink(str(tmp_path))
    sink.write(window(0))

    def full(path: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(folder_sink, "write_whole", full)
        with pytest.raises(OSError, match="No space"):
            sink.write(window(1))
    sink.write(window(2))
    assert len(files(tmp_path)) == 2


def test_what_a_killed_recorder_left_half_is_deleted(tmp_path: Path) -> None:
    half = tmp_path / f".{window_name(START, START + SECOND)}.x1y2z3"
    half.write_bytes(b"half")
    other = tmp_path / ".mine"
    other.write_bytes(b"")
    assert is_unfinished(half.name)
    FolderSink(str(tmp_path)).close()
    assert not half.exists()
    assert other.exists()


def test_one_recorder_a_folder(tmp_path: Path) -> None:
    first = FolderSink(str(tmp_path))
    with pytest.raises(AlreadyRecording, match=str(os.getpid())):
        FolderSink(str(tmp_path))
    first.close()
    FolderSink(str(tmp_path)).close()


def test_a_running_recorder_can_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, folder = tmp_path / "run", tmp_path / "recording"
    monkeypatch.setattr(recorders, "note_places", lambda: (place,))
    folder.mkdir()
    assert locked_by(str(folder)) is None
    lock = FolderLock(str(folder))
    assert [(found.pid, found.folder) for found in running_recorders()] == [(os.getpid(), str(folder))]
    lock.close()
    assert running_recorders() == []
    (place / "recorder-7").symlink_to(folder)
    assert running_recorders() == [], "a note of a recorder that was killed says nothing"
    again = FolderLock(str(folder))
    assert [path.name for path in place.iterdir()] == [f"recorder-{os.getpid()}"], "it is swept away by the next one"
    again.close()


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / recorders.LOCK).symlink_to(victim)
    with pytest.raises(OSError):
        FolderSink(str(tmp_path))
    assert victim.read_text() == "precious"


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        FolderSink(str(tmp_path / "file"))
