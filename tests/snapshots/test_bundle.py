"""Bundles: what is in them, what is not, that they open, and what hostile zip files come to."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from icetop.profiles.printable import printable
from icetop.profiles.report import build_report
from icetop.profiles.source import SourceError
from icetop.profiles.time_notes import TimeNote
from icetop.profiles.view import Baseline, Stretch, View
from icetop.snapshots import bundle_reader
from icetop.snapshots.bundle import encode_bundle
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.limits import Limits

from ..profile_maker import MAIN, SECOND, START, ProfileMaker, rich_profile


def bundled(**more: object) -> bytes:
    return encode_bundle(rich_profile(6), View(), **more)  # type: ignore[arg-type]


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def saved(folder: Path, content: bytes) -> str:
    path = folder / "x.icetop.zip"
    path.write_bytes(content)
    return str(path)


def refusal(folder: Path, content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        FileSource(saved(folder, content), limits).profile()
    text = str(caught.value)
    assert text == printable(text)
    return text.split(": ", 1)[1]


def test_a_bundle_says_the_same_as_what_it_was_made_of(tmp_path: Path) -> None:
    profile = FileSource(saved(tmp_path, bundled())).profile()
    one, other = (build_report(found, View(), stacks=True) for found in (rich_profile(6), profile))
    assert (other.total, other.samples, other.expected, other.lost_by) == (
        one.total,
        one.samples,
        one.expected,
        one.lost_by,
    )
    assert other.functions == one.functions and other.stacks == one.stacks


def test_a_bundle_of_a_comparison_has_both_sides(tmp_path: Path) -> None:
    def part(first: int, last: int) -> Stretch:
        return Stretch(START + first * SECOND, START + last * SECOND)

    for shown, base in ((part(1, 2), part(4, 6)), (part(4, 6), part(1, 2))):
        view = View(stretch=shown, baseline=Baseline(stretch=base))
        profile = FileSource(saved(tmp_path, encode_bundle(rich_profile(9), view))).profile()
        assert abs(profile.timeline.start_ns - START - SECOND) < SECOND // 10
        assert abs(profile.timeline.end_ns - START - 6 * SECOND) < SECOND // 10
        one, other = (build_report(found, view, "delta") for found in (rich_profile(9), profile))
        assert one.functions == other.functions and one.total == other.total


def test_what_is_in_it() -> None:
    whole = rich_profile(6)
    whole.notes = [TimeNote(START + SECOND, START + SECOND, "deployed `v2` | <b>"), TimeNote(1, 2, "long before")]
    view = View(stretch=Stretch(START, START + 4 * SECOND), baseline=Baseline(Stretch(START + 4 * SECOND, None)))
    found = members(encode_bundle(whole, view, doctor='{"checks": []}'))
    assert set(found) == {
        "profile.pb.gz", "notes.jsonl", "processes.json", "binaries.json", "doctor.json", "icicle.svg", "summary.md",
        "manifest.json",
    }  # fmt: skip
    manifest = json.loads(found["manifest.json"])
    assert (manifest["schema"], manifest["host"], manifest["kernel"]) == (1, "web-3", "6.18")
    assert all(sha256(found[name]).hexdigest() == entry["sha256"] for name, entry in manifest["files"].items())
    assert {row["pid"] for row in json.loads(found["processes.json"])} == {100, 200, 300, 0}
    assert {"binary": "/usr/lib/libsecret.so", "build_id": "5ec2e7", "places": 2, "named": 0} in json.loads(
        found["binaries.json"]
    )
    summary = found["summary.md"].decode()
    assert all(part in summary for part in ("# icetop: web-3", "expected samples", "## What changed", "## Functions"))
    assert "deployed \\`v2\\` \\| \\<b\\>" in summary and "long before" not in summary
    assert found["notes.jsonl"].count(b"\n") == 1
    assert found["icicle.svg"].startswith(b"<?xml")


def test_the_same_profile_gives_the_same_bundle() -> None:
    assert bundled() == bundled()


def secretive(tmp_path: Path, **more: object) -> bytes:
    maker = ProfileMaker()
    maker.sample(
        "main;work", 3, title="app --password=hunter2 https://bob:tr0ub4dor@db/x", process="app", exe="/usr/bin/app"
    )
    maker.sample("main;rest", 2, series=replace(MAIN, pid=7), title="plain.py", process="python")
    context = replace(maker.profile.context, target="run.sh --api-token abcdef123", host="web-3")
    content = encode_bundle(maker.tick(context=context), View(), **more)  # type: ignore[arg-type]
    profile = FileSource(saved(tmp_path, content)).profile()
    known = b"\n".join(members(content).values()) + repr((profile.labels, profile.context)).encode()
    assert b"hunter2" not in known and b"tr0ub4dor" not in known and b"abcdef123" not in known
    return known


def test_secrets_are_masked(tmp_path: Path) -> None:
    known = secretive(tmp_path)
    assert b"plain.py" in known and b"run.sh" in known and b"/usr/bin/app" in known


def test_command_lines_can_be_left_out(tmp_path: Path) -> None:
    known = secretive(tmp_path, cmdline=False)
    assert b"plain.py" not in known and b"run.sh" not in known


def zipped(files: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


GOOD = members(bundled())
NO_BUNDLE, LATER = "it is a zip file, but no bundle of icetop", b'{"schema": 9}'


def test_paths_that_climb_mean_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    content = zipped({**GOOD, "../../evil": b"x", "/etc/passwd": b"x", "notes.jsonl/../../x": b"x"})
    assert FileSource(saved(tmp_path / "in", content)).profile().series
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "x.icetop.zip"]


def test_bombs_are_refused_before_they_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(1 << 20)
    bomb = zipped({**GOOD, "profile.pb.gz": bytes(30_000_000)})
    assert len(bomb) < 1_000_000
    assert "profile.pb.gz holds more than 1,048,576 bytes" in refusal(tmp_path, bomb, limits)
    monkeypatch.setattr(bundle_reader, "LARGEST_MANIFEST", 100_000)
    assert "manifest.json holds more than" in refusal(tmp_path, zipped({**GOOD, "manifest.json": bytes(1_000_000)}))


def test_a_long_table_of_contents_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, zipped({f"file{number}": b"" for number in range(6000)})) == (
        "it is a zip file, but no bundle of icetop"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped({"a": b"b"}), "it is a zip file, but no bundle of icetop: it has no manifest.json"),
        (zipped({"manifest.json": b"[]"}), "it is a zip file, but no bundle of icetop"),
        (zipped({"manifest.json": b'{"schema": 1}'}), f"{NO_BUNDLE}: it has no profile.pb.gz"),
        (zipped({**GOOD, "manifest.json": LATER}), "it is a bundle of a later icetop (schema 9, this one knows 1)"),
        (zipped({**GOOD, "profile.pb.gz": b""}), "it is not a pprof file"),
        (zipped({**GOOD, "profile.pb.gz": b"junk"}), "it is cut off"),
        (zipped({**GOOD, "profile.pb.gz": GOOD["profile.pb.gz"][:-9]}), "it is cut off"),
        (bundled()[:-40], "its zip data is cut off"),
        (b"PK\x03\x04" + bytes(100), "its zip data is cut off"),
    ],
)  # fmt: skip
def test_what_is_no_whole_bundle(tmp_path: Path, content: bytes, why: str) -> None:
    assert refusal(tmp_path, content) == why


def test_a_member_that_is_not_what_the_table_says(tmp_path: Path) -> None:
    content = bytearray(zipped(GOOD, zipfile.ZIP_STORED))
    place = content.index(GOOD["profile.pb.gz"])
    content[place + 100] ^= 0xFF
    assert refusal(tmp_path, bytes(content)).startswith("its zip data is damaged")
    packed = bytearray(bundled())
    directory = packed.index(b"PK\x01\x02")
    packed[directory + 8 : directory + 10] = struct.pack("<H", 1)  # says that it is encrypted
    assert refusal(tmp_path, bytes(packed)).startswith("its zip data is damaged")
