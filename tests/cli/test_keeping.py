"""`icetop bundle` and `icetop note` as they are called."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from icetop.cli.group import cli
from icetop.cli.live import saved_before
from icetop.cli.looking import source_to_show
from icetop.cli.main import run
from icetop.cli.recording import recorded_before
from icetop.profiles.delta import Vitals
from icetop.profiles.source import SourceError
from icetop.profiles.target import Target
from icetop.profiles.view import Baseline, View
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folder_sink import FolderSink
from icetop.snapshots.limits import Limits
from icetop.snapshots.notes_file import read_notes
from icetop.targets import recorders

from ..profile_maker import SECOND, START, ProfileMaker, rich_profile


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


def test_what_a_running_recorder_has_is_drawn_before_what_is_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorders, "note_places", lambda: (tmp_path / "run",))
    assert list(recorded_before()) == []
    sink = FolderSink(str(tmp_path / "r"))
    now = time.time_ns()
    for second in (7200, 1800, 900, 10):
        maker = ProfileMaker()
        maker.now = now - second * SECOND
        maker.sample("main;work").tick(vitals=Vitals(1.5))
        sink.write(maker.profile)
    run(["note", str(tmp_path / "r"), "deployed"])
    deltas = list(recorded_before())
    assert [round((now - delta.start_ns) / SECOND) for delta in deltas] == [1800, 900, 10]
    assert all(delta.vitals == Vitals(1.5) and not delta.counts and delta.stage for delta in deltas)
    assert [note.text for note in deltas[0].notes] == ["deployed"]
    assert "icetop open" in str(deltas[0].notices[0])
    sink.close()
    assert list(recorded_before()) == [], "it does not run any more"


def test_a_comparison_as_a_picture(tmp_path: Path) -> None:
    folder = recording(tmp_path / "r")
    assert run(["convert", folder, str(tmp_path / "x.svg"), "--range", "3..6", "--baseline", "0..3"]) == 0
    assert b"points" in (tmp_path / "x.svg").read_bytes()
    assert run(["convert", folder, str(tmp_path / "x.folded"), "--baseline", "0..3"]) == 2


def written(folder: Path, **stacks: int) -> str:
    """A recording of ten seconds, whose function has so many samples a second."""
    maker = ProfileMaker()
    for _ in range(10):
        for name, samples in stacks.items():
            maker.sample(f"main;{name}", samples)
        maker.tick()
    sink = FolderSink(str(folder))
    sink.write(maker.profile)
    sink.close()
    return str(folder)


def test_recordings_and_files_are_compared_with_each_other(tmp_path: Path) -> None:
    before = written(tmp_path / "before", slow=80, steady=20)
    after = written(tmp_path / "after", slow=20, steady=20)
    file = str(tmp_path / "after.pb.gz")
    assert run(["convert", after, file]) == 0
    found = [called("report", path, "--baseline", before, "--format", "json") for path in (after, file)]
    for done in found:
        assert done.exit_code == 0, done.output
        report = json.loads(done.stdout)
        slow = next(function for function in report["functions"] if function["name"] == "slow")
        assert report["baseline"]["samples"] == 1000 and slow["significant"]
        assert slow["delta_cum_points"] == pytest.approx(-30)
    shown, view = source_to_show((file,), None, View(kind=""), Limits(), before)
    deltas = list(shown.deltas())
    assert view.baseline == Baseline(beside=True) and {delta.beside for delta in deltas} == {True, False}
    assert sum(sum(counts.samples) for d in deltas if d.beside for counts in d.counts.values()) == 1000


def test_the_live_view_takes_a_recording_as_its_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = Target(pids=frozenset((7,)), comms=frozenset(("web",)))
    deltas, base = saved_before(written(tmp_path / "before", slow=8), target)
    assert base == Baseline(target=Target(comms=frozenset(("web",))), beside=True)
    assert all(delta.beside for delta in deltas)
    assert run(["--baseline", str(tmp_path / "nowhere")]) == 1
    assert "no terminal" in capsys.readouterr().err
    with pytest.raises(SourceError):
        saved_before(str(tmp_path / "nowhere"), target)
