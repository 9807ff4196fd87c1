"""The sample recording for where nothing can be sampled: a whole scene, and nothing of where it was recorded."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.report import Report, build_report
from icetop.profiles.target import Target
from icetop.profiles.timeline import SECOND
from icetop.profiles.view import HOST, Baseline, Stretch, View
from icetop.snapshots.file_source import FileSource

SAMPLE = Path(__file__).parents[2] / "snapshots" / "sample.pb.gz"


@pytest.fixture(scope="module")
def sample() -> Profile:
    return FileSource(str(SAMPLE)).profile()


def compared(profile: Profile, kind: str = "cpu", target: Target = HOST) -> Report:
    """What came after the index against what was before somebody began to make it, but for the first second."""
    before, after = (note.start_ns for note in profile.notes)
    base = Baseline(Stretch(profile.timeline.start_ns + SECOND, before))
    return build_report(profile, View(kind, Stretch(after), target, baseline=base))


def shares(report: Report, name: str) -> tuple[float, float]:
    """The function's percentages with all that it calls: as they were, and as they are."""
    row = next(row for row in report.functions if row.frame.name.rsplit(".", 1)[-1] == name)
    assert row.change is not None and row.change.significant
    return row.change.cum.was_percent, row.cum_percent


def test_it_is_small() -> None:
    assert SAMPLE.stat().st_size < 300_000


def test_it_is_a_scene_of_a_service_and_its_database(sample: Profile) -> None:
    report = compared(sample)
    assert {"postgres", "python"} <= {row.name for row in report.processes}
    assert {row.frame.language.value for row in report.functions} >= {"kernel", "native", "python"}
    assert report.lost == 0 and report.complete > 0.9 * report.samples


def test_an_index_changes_it_half_way(sample: Profile) -> None:
    service, database = (Target(cgroups=frozenset((f"/shop.slice/{n}.service",))) for n in ("product", "postgresql"))
    assert [note.text for note in sample.notes] == ["CREATE INDEX", "index made"]
    was, now = shares(compared(sample, "wall", service), "search_products_unindexed")
    assert was > 90 and now < 10
    was, now = shares(compared(sample, "cpu", database), "ExecSeqScan")
    assert was > 90 and now < 1


def test_nothing_in_it_tells_of_the_machine_that_recorded_it(sample: Profile) -> None:
    assert sample.context.host == "web-3" and re.fullmatch(r"[0-9.]+", sample.context.kernel)
    assert {series.cgroup.split("/")[1] for series in sample.series} == {"shop.slice"}
    paths = {location.binary for location in sample.locations if location.binary.startswith("/")}
    assert all(path.startswith(("/srv/shop/", "/usr/")) for path in paths), paths
    for trace in (b"/work", b"/home/", b"/root/", b"/tmp/"):
        assert trace not in gzip.decompress(SAMPLE.read_bytes())
