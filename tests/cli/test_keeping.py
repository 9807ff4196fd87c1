"""`icetop bundle` and `icetop note` as they are called."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result
from icetop.cli.group import cli
from icetop.cli.main import run
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.notes_file import read_notes

from ..profile_maker import SECOND, START, rich_profile


def recording(folder: Path) -> str:
    sink = FolderSink(str(folder))
    sink.write(rich_profile(6))
    sink.close()
    return str(folder)


def test_a_note_now_and_on_a_range(tmp_path: Path) -> None:
    folder = recording(tmp_path / "r")
    assert run(["note", folder, " deployed v2.31 "]) == 0
    assert run(["note", folder, "slow", "--range", "1..3"]) == 0
    slow, deployed = read_notes(folder)[0]
    assert deployed.text == "deployed v2.31" and deployed.start_ns == deployed.end_ns > START
    assert abs(slow.start_ns - START - SECOND) < SECOND / 100 and slow.end_ns - slow.start_ns == 2 * SECOND


def test_a_bundle_of_a_range_and_its_report(tmp_path: Path) -> None:
    folder = recording(tmp_path / "r")
    run(["note", folder, "slow", "--range", "1..3"])
    out = str(tmp_path / "x.icetop.zip")
    assert run(["bundle", folder, "--range", "0..4", "--baseline", "4..6", "-o", out]) == 0
    profile = FileSource(out).profile()
    assert [note.text for note in profile.notes] == ["slow"]
    assert len(profile.timeline) == 4
    done = called("report", out, "--format", "json")
    assert done.exit_code == 0 and json.loads(done.stdout)["notes"][0]["text"] == "slow"


def test_wrong_calls(tmp_path: Path) -> None:
    folder = recording(tmp_path / "r")
    assert run(["note", folder, "  "]) == 2
    assert run(["note", folder, "x" * 1001]) == 2
    assert run(["note", folder, "x", "--range", "9..3"]) == 2
    assert run(["note", str(tmp_path / "nowhere"), "x"]) == 1
    assert run(["bundle", folder, "-o", str(tmp_path / "x.zip")]) == 2
    assert run(["bundle", folder, "-o", str(tmp_path / "no" / "x.icetop.zip")]) == 1
    assert run(["bundle", str(tmp_path / "nowhere")]) == 1


def called(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), standalone_mode=False)
