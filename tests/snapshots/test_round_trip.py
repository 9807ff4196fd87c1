"""A profile, saved and opened again, says the same."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from icetop.profiles.delta import Context, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.series import Series
from icetop.profiles.target import Target
from icetop.profiles.view import Stretch, View
from icetop.profiles.vocabulary import Language, StackEnd
from icetop.snapshots import profile_pb2 as pprof
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.formats import save
from icetop.snapshots.pprof_writer import encode_pprof
from icetop.tests.profile_maker import MAIN, SECOND, START, ProfileMaker, rich_profile


def reopened(profile: Profile, folder: Path, **choice: object) -> Profile:
    path = str(folder / "saved.pb.gz")
    save(profile, path, **choice)  # type: ignore[arg-type]
    return FileSource(path).profile()


def answers(profile: Profile, kind: str = "cpu") -> list[object]:
    """What the profile says under all sorts of views, second by second too."""
    seconds = [(bucket.start_ns, bucket.end_ns) for bucket in profile.timeline.buckets()]
    views = [
        View(kind=kind),
        View(kind=kind, kernel=False, hidden=("m*",)),
        View(kind=kind, target=Target(pids=frozenset((100,)), comms=frozenset(("postgres",)))),
        *(View(kind=kind, stretch=Stretch(*second)) for second in seconds),
    ]
    lost = [(bucket.lost, bucket.waits_lost) for bucket in profile.timeline.buckets()]
    return [seconds, lost, *(report_json(build_report(profile, view, stacks=True)) for view in views)]


@pytest.mark.parametrize("seed", range(3))
def test_every_view_of_a_saved_profile_is_the_same(tmp_path: Path, seed: int) -> None:
    profile = rich_profile(12, 40, seed)
    again = reopened(profile, tmp_path)
    assert answers(again) == answers(profile)
    assert again.context == profile.context
    assert again.locations == profile.locations
    assert again.series == profile.series
    assert again.labels == profile.labels
    assert again.notices == profile.notices
    assert again.ended


def test_saving_again_gives_the_same_bytes(tmp_path: Path) -> None:
    profile = rich_profile(6)
    again = reopened(profile, tmp_path)
    assert encode_pprof(again) == encode_pprof(reopened(again, tmp_path))
    assert encode_pprof(profile) == encode_pprof(profile)


def test_an_old_time_line_keeps_all_its_resolutions(tmp_path: Path) -> None:
    maker = ProfileMaker()
    for second in range(2000):
        maker.sample(f"main;f{second % 5}", 1 + second % 3).tick()
    again = reopened(maker.profile, tmp_path)
    assert answers(again) == answers(maker.profile)


def test_more_seconds_than_a_live_view_keeps_stay_seconds(tmp_path: Path) -> None:
    maker = ProfileMaker(Profile(keep_fine=10_000))
    for _ in range(700):
        maker.sample("main", 1).tick()
    again = reopened(maker.profile, tmp_path)
    assert {bucket.duration_ns for bucket in again.timeline.buckets()} == {SECOND}


def test_several_kinds_and_negative_values(tmp_path: Path) -> None:
    maker = ProfileMaker(Profile(Context(kinds=("cpu", "offcpu", "inuse"), start_ns=START)))
    for second in range(3):
        maker.sample("main;a", 2).sample("main;wait", 3, kind="offcpu", value=second * 10**9)
        maker.sample("main;keep", 1, kind="inuse", value=4096).sample("main;free", 5, kind="inuse", value=-(1 << 40))
        maker.tick()
    again = reopened(maker.profile, tmp_path)
    assert again.kinds() == ("cpu", "offcpu", "inuse")
    for kind in again.kinds():
        assert answers(again, kind) == answers(maker.profile, kind)
    only = reopened(maker.profile, tmp_path, kinds=("inuse",))
    assert only.kinds() == ("inuse",)
    assert answers(only, "inuse") == answers(maker.profile, "inuse")


def test_what_languages_locations_are_in(tmp_path: Path) -> None:
    maker = ProfileMaker()
    places = [
        Location(language, binary, build_id, 0x10 * number, (Line(f"{language.value}{number}"),))
        for number, (language, binary, build_id) in enumerate(
            (
                (Language.PYTHON, "/app/x.py", ""),
                (Language.PYTHON, "[anonymous]", ""),
                (Language.JIT, "[anonymous]", ""),
                (Language.NODE, "[anonymous]", ""),
                (Language.GO, "/bin/x", "old"),
                (Language.NATIVE, "/bin/x", "new"),
                (Language.KERNEL, "[kernel]", "k"),
                (Language.KERNEL, "/lib/modules/x.ko", ""),
                (Language.JAVA, "", ""),
                (Language.NATIVE, "", ""),
                (Language.NATIVE, "", "only-a-build-id"),
            )
        )
    ]
    maker.add(maker.node_of(places), maker.who(MAIN))
    assert reopened(maker.tick(), tmp_path).locations == places


def test_the_smallest_and_largest_things(tmp_path: Path) -> None:
    maker = ProfileMaker()
    top = Location(Language.NATIVE, "/bin/x", "", (1 << 64) - 1, (Line("x" * 5000, "f" * 5000, 1 << 40, 1 << 40),))
    maker.add(
        maker.node_of([top, *[top] * 3000]), maker.who(Series(1 << 22, 1 << 62, 1 << 22, "")), 0xFFFFFFFF, (1 << 63) - 1
    )
    maker.add(maker.node_of([]), maker.who(MAIN, odd="\x00", empty=""), 1, -(1 << 62))
    again = reopened(maker.tick(), tmp_path)
    assert again.locations == [top]
    assert answers(again) == answers(maker.profile)


def test_text_that_is_no_unicode_is_saved_with_escapes(tmp_path: Path) -> None:
    maker = ProfileMaker().sample("main", 1, Series(1, 1, 1, "bad\udcff"))
    assert reopened(maker.tick(), tmp_path).series[0].comm == "bad\\udcff"


def test_free_labels_named_like_icetops_own_do_not_replace_them(tmp_path: Path) -> None:
    maker = ProfileMaker()
    maker.add(maker.node("main"), maker.who(MAIN, comm="fake", pid="fake", end="too_deep", team="web"))
    again = reopened(maker.tick(), tmp_path)
    assert again.series == [MAIN]
    assert again.labels == [{"team": "web"}]
    assert build_report(again, View()).truncated == 0


def test_a_stretch_is_saved_with_its_own_losses(tmp_path: Path) -> None:
    profile = rich_profile(9)
    middle = Stretch(START + 3 * SECOND, START + 6 * SECOND)
    again = reopened(profile, tmp_path, stretch=middle)
    assert report_json(build_report(again, View(), stacks=True)) == report_json(
        build_report(profile, View(stretch=middle), stacks=True)
    )


def test_some_processes_are_saved_with_all_losses(tmp_path: Path) -> None:
    profile, target = rich_profile(9), Target(pids=frozenset((200,)))
    again = reopened(profile, tmp_path, target=target)
    report = build_report(again, View())
    assert report_json(report) == report_json(build_report(profile, View(target=target)))
    assert report.expected == report.samples + report.lost
    assert {series.pid for series in again.series} == {200}


def test_vital_signs_and_cost(tmp_path: Path) -> None:
    maker = ProfileMaker()
    for second in range(3):
        maker.sample("main", 1).tick(vitals=Vitals(second + 0.5, 0.25, {"io": 2.0}, 0.125, 0.1, 1000 + second))
    again = reopened(maker.profile, tmp_path)
    assert again.profiler_cpu_s == maker.profile.profiler_cpu_s
    assert again.profiler_peak_rss == 1002
    assert again.vitals is not None
    assert (again.vitals.busy_cores, again.vitals.pressure, again.vitals.throttled) == (2.5, {"io": 2.0}, 0.125)
    assert [b.busy_core_ns for b in again.timeline.buckets()] == [
        b.busy_core_ns for b in maker.profile.timeline.buckets()
    ]


def test_an_empty_profile_can_be_saved_and_opened(tmp_path: Path) -> None:
    again = reopened(Profile(Context(host="h", start_ns=START)), tmp_path)
    assert (again.context.host, len(again.timeline), again.kinds()) == ("h", 0, ("cpu",))


def test_a_file_yields_its_tables_then_a_delta_a_bucket(tmp_path: Path) -> None:
    path = str(tmp_path / "x.pb.gz")
    save(rich_profile(5), path)
    source = FileSource(path)
    assert source.live is False
    first, *rest = source.deltas()
    assert first.locations and first.nodes and first.series and not first.counts
    assert [bool(delta.counts) for delta in rest] == [True] * 5
    assert not any(delta.locations or delta.nodes or delta.series for delta in rest)
    assert [delta.last for delta in rest] == [False] * 4 + [True]


def test_a_source_stops_when_told_and_reads_once_for_its_context(tmp_path: Path) -> None:
    path = tmp_path / "x.pb.gz"
    save(rich_profile(5), str(path))
    source = FileSource(str(path))
    assert source.context().host == "web-3"
    path.unlink()
    deltas = source.deltas()
    next(deltas), next(deltas)
    source.stop()
    assert list(deltas) == []


def test_samples_carry_their_labels_and_the_file_its_head() -> None:
    profile = (
        ProfileMaker(Profile(Context(frequency_hz=99, start_ns=START)))
        .sample("main;a", 3, Series(7, 5_000, 8, "worker", "/x"), pod="web-1")
        .sample("a", 1, end=StackEnd.TOO_DEEP)
        .tick()
    )
    file = pprof.Profile.FromString(gzip.decompress(encode_pprof(profile)))
    text = list(file.string_table)
    assert text[0] == ""
    assert [(text[t.type], text[t.unit]) for t in file.sample_type] == [("samples", "count"), ("cpu", "nanoseconds")]
    assert text[file.default_sample_type] == "cpu"
    assert (file.time_nanos, file.duration_nanos, file.period) == (START, SECOND, 10_101_010)
    labels = [
        {text[label.key]: (text[label.str] or label.num, text[label.num_unit]) for label in sample.label}
        for sample in file.sample
    ]
    assert labels[0] == {
        "pid": (7, ""),
        "tid": (8, ""),
        "comm": ("worker", ""),
        "cgroup": ("/x", ""),
        "pod": ("web-1", ""),
        "process_start_ns": (5_000, "nanoseconds"),
        "end_timestamp_ns": (START + SECOND, "nanoseconds"),
    }
    assert labels[1]["end"] == ("too_deep", "")
    assert "end" not in labels[0]
    assert [len(sample.location_id) for sample in file.sample] == [2, 1]
    assert len(file.comment) == 1 and text[file.comment[0]].startswith("icetop:{")


def test_the_writer_needs_no_numpy() -> None:
    import subprocess
    import sys

    script = (
        "import sys\n"
        "from icetop.tests.profile_maker import rich_profile\n"
        "from icetop.snapshots.formats import FileSink, save\n"
        "from icetop.snapshots.pprof_writer import encode_pprof\n"
        "encode_pprof(rich_profile(2))\n"
        "print([m for m in ('numpy', 'textual', 'psutil', 'asyncio') if m in sys.modules])"
    )
    root = str(Path(__file__).parents[2] / ".namespace")
    done = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": root}, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
