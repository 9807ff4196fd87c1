"""The sample recording for where nothing can be sampled: a whole scene, and nothing of where it was recorded."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from icetop.profiles.profile import Profile
from icetop.profiles.report import Report, build_report
from icetop.profiles.timeline import SECOND
from icetop.profiles.view import Stretch, View
from icetop.snapshots.file_source import FileSource

SAMPLE = Path(__file__).parents[2] / "snapshots" / "sample.pb.gz"


def report(profile: Profile, first_s: int, last_s: int) -> Report:
    start = profile.timeline.start_ns
    return build_report(profile, View(stretch=Stretch(start + first_s * SECOND, start + last_s * SECOND)))


def test_it_is_small() -> None:
    assert SAMPLE.stat().st_size < 300_000


def test_it_is_a_scene_of_several_languages_that_changes_half_way() -> None:
    profile = FileSource(str(SAMPLE)).profile()
    before, after = report(profile, 0, 20), report(profile, 30, 40)
    names = {row.name for row in before.processes}
    assert {"postgres", "python3", "node", "indexer", "thumbnails"} <= names
    assert {row.frame.language.value for row in before.functions} >= {"kernel", "native", "go"}
    searching = [
        sum(row.cum_percent for row in part.functions if row.frame.name == "textlike") for part in (before, after)
    ]
    assert searching[0] > 20 and searching[1] < 2
    assert before.lost == 0 and before.complete > 0.9 * before.samples


def test_nothing_in_it_tells_of_the_machine_that_recorded_it() -> None:
    profile = FileSource(str(SAMPLE)).profile()
    assert profile.context.host == "web-3" and re.fullmatch(r"[0-9.]+", profile.context.kernel)
    assert {series.cgroup.split("/")[1] for series in profile.series} == {"shop.slice"}
    paths = {location.binary for location in profile.locations if location.binary.startswith("/")}
    assert all(path.startswith(("/srv/shop/", "/usr/")) for path in paths), paths
    for trace in (b"/work", b"/home/", b"/root/", b"/tmp/"):
        assert trace not in gzip.decompress(SAMPLE.read_bytes())
