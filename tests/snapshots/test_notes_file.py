"""Notes of a recording: written down, read back, damaged; and what of them comes into a profile."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import pytest
from icetop.profiles.report import build_report
from icetop.profiles.report_text import report_text
from icetop.profiles.time_notes import TimeNote
from icetop.profiles.view import Stretch, View
from icetop.snapshots import notes_file
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.folder_source import FolderSource
from icetop.snapshots.limits import Limits
from icetop.snapshots.notes_file import add_note, parse_notes, read_notes
from icetop.snapshots.pprof_writer import encode_pprof
from icetop.snapshots.recording import Recording

from ..profile_maker import SECOND, START, rich_profile

FIRST, EARLIER = TimeNote(START, START, "deployed v2.31"), TimeNote(5, 9, "früher 😀")


def test_notes_come_back_in_order_of_time(tmp_path: Path) -> None:
    assert read_notes(str(tmp_path)) == ([], "")
    for note in (FIRST, EARLIER):
        add_note(str(tmp_path), note)
    assert read_notes(str(tmp_path)) == ([EARLIER, FIRST], "")
    assert (tmp_path / notes_file.NAME).stat().st_mode & 0o777 == 0o600


def test_writers_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    def write(name: int) -> None:
        for number in range(50):
            add_note(str(tmp_path), TimeNote(name, number + name, f"{name}" * 500))

    threads = [Thread(target=write, args=(name,)) for name in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notes, damage = read_notes(str(tmp_path))
    assert len(notes) == 200 and not damage


@pytest.mark.parametrize(
    "line",
    [
        b"half a li", b"{}", b"[]", b"null", b'{"start_ns": 5, "end_ns": 4, "text": "x"}',
        b'{"start_ns": -1, "end_ns": 4, "text": "x"}', b'{"start_ns": 1e400, "end_ns": 4, "text": "x"}',
        b'{"start_ns": true, "end_ns": 4, "text": "x"}', b'{"start_ns": 1, "end_ns": 4, "text": 5}',
        b'{"start_ns": 1, "end_ns": 99999999999999999999, "text": "x"}', b"\xff\xfe", b"[" * 100_000,
    ],
)  # fmt: skip
def test_damaged_lines_are_left_out_and_counted(line: bytes) -> None:
    good = json.dumps({"start_ns": 1, "end_ns": 2, "text": "x" * 5000 + "\ud800"}).encode()
    notes, bad = parse_notes(line + b"\n" + good + b"\n\n")
    assert (len(notes), bad, len(notes[0].text)) == (1, 1, 1000)


def test_too_many_and_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes_file, "MOST_NOTES", 3)
    line = b'{"start_ns": 1, "end_ns": 2, "text": "x"}\n'
    assert [len(parse_notes(line * 5)[0]), parse_notes(line * 5)[1]] == [3, 2]
    monkeypatch.setattr(notes_file, "LARGEST", 100)
    (tmp_path / notes_file.NAME).write_bytes(line * 5)
    assert read_notes(str(tmp_path)) == ([], "notes.jsonl: it holds more than 100 bytes")


def test_a_recording_brings_its_notes_and_a_snapshot_keeps_them(tmp_path: Path) -> None:
    sink = FolderSink(str(tmp_path))
    sink.write(rich_profile(4))
    sink.close()
    add_note(str(tmp_path), FIRST)
    add_note(str(tmp_path), EARLIER)
    (tmp_path / notes_file.NAME).open("ab").write(b"half")
    profile = FolderSource(Recording([str(tmp_path)]), Limits()).profile()
    assert profile.notes == [EARLIER, FIRST]
    assert any("notes.jsonl: 1 of its lines" in str(notice) for notice in profile.notices)
    path = tmp_path / "x.pb.gz"
    path.write_bytes(encode_pprof(profile))
    again = FileSource(str(path)).profile()
    assert again.notes == profile.notes
    shown = build_report(again, View(stretch=Stretch(START - SECOND, None)))
    assert shown.notes == [FIRST]
    assert "note 2026-09-21T14:13:20Z: deployed v2.31" in report_text(shown)


@pytest.mark.parametrize("notes", [5, [[1]], [["a", 2, "x"]], [[1, 2, 3]], [[-1, 2, "x"]]])
def test_hostile_notes_of_a_file(tmp_path: Path, notes: object) -> None:
    from icetop.profiles.target import Target
    from icetop.snapshots.context_note import read_note, write_note

    profile = rich_profile(1)
    comment = write_note(profile, [], [], ("cpu",), Target())
    found = json.loads(comment.removeprefix("icetop:"))
    with pytest.raises(ValueError, match=r"missing|out of range|not as"):
        read_note("icetop:" + json.dumps({**found, "notes": notes}))
