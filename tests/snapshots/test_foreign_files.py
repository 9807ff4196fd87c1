"""pprof files that other tools wrote: what they say is kept, what they leave out is not made up."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.series import Series
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language
from icetop.snapshots import profile_pb2 as pprof
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.sample_types import columns_of
from icetop.tests.profile_maker import SECOND, START
from icetop.tests.snapshots.test_go_pprof import go_top


class Foreign:
    """A pprof file in the making."""

    def __init__(self, *types: tuple[str, str]) -> None:
        self.strings = [""]
        self.file = pprof.Profile()
        for kind, unit in types:
            self.file.sample_type.add(type=self.text(kind), unit=self.text(unit))
        self.file.mapping.add(
            id=7, memory_start=0x1000, memory_limit=0x9000, file_offset=0x400, filename=self.text("/bin/tool")
        )
        for number, name in ((1, "main.main"), (2, "main.work")):
            self.file.function.add(id=number, name=self.text(name), filename=self.text("/src/main.go"), start_line=3)
            self.file.location.add(
                id=number * 10, mapping_id=7, address=0x1000 + number, line=[{"function_id": number, "line": 9}]
            )

    def text(self, text: str) -> int:
        if text not in self.strings:
            self.strings.append(text)
        return self.strings.index(text)

    def sample(self, *values: int, locations: tuple[int, ...] = (20, 10), **labels: str | int) -> Foreign:
        sample = self.file.sample.add(location_id=locations, value=values)
        for key, value in labels.items():
            which = {"str": self.text(value)} if isinstance(value, str) else {"num": value}
            sample.label.add(key=self.text(key), **which)
        return self

    def read(self, folder: Path, packed: bool = True, name: str = "cpu.prof") -> Profile:
        del self.file.string_table[:]
        self.file.string_table.extend(self.strings)
        raw = self.file.SerializeToString()
        (folder / name).write_bytes(gzip.compress(raw) if packed else raw)
        return FileSource(str(folder / name)).profile()


@pytest.mark.parametrize("packed", [True, False])
def test_a_cpu_profile_of_a_go_program(tmp_path: Path, packed: bool) -> None:
    foreign = (
        Foreign(("samples", "count"), ("cpu", "nanoseconds"))
        .sample(3, 30_000_000)
        .sample(1, 10_000_000, locations=(10,))
    )
    foreign.file.time_nanos, foreign.file.duration_nanos, foreign.file.period = START, 2 * SECOND, 10_000_000
    foreign.file.period_type.type, foreign.file.period_type.unit = foreign.text("cpu"), foreign.text("nanoseconds")
    profile = foreign.read(tmp_path, packed)
    assert profile.kinds() == ("cpu",)
    assert (profile.context.frequency_hz, profile.context.start_ns, profile.context.target) == (100, START, "tool")
    report = build_report(profile, View())
    assert (report.samples, report.total, report.duration_ns) == (4, 40_000_000, 2 * SECOND)
    assert [(row.frame.name, row.flat, row.cum) for row in report.functions] == [
        ("main.work", 30_000_000, 30_000_000),
        ("main.main", 10_000_000, 40_000_000),
    ]
    location = profile.locations[0]
    assert (location.binary, location.offset, location.language) == ("/bin/tool", 0x401, Language.GO)
    assert [process.name for process in report.processes] == ["tool"]
    assert (report.expected, report.lost) == (4, 0)


def test_a_heap_profile_has_a_kind_for_each_of_its_types_its_default_first(tmp_path: Path) -> None:
    types = (("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"))
    foreign = Foreign(*types).sample(2, 2048, 1, 1024, bytes=512).sample(1, 64, 0, 0, locations=(10,))
    foreign.file.period_type.type, foreign.file.period_type.unit = foreign.text("space"), foreign.text("bytes")
    foreign.file.period = 524288
    profile = foreign.read(tmp_path)
    assert profile.kinds() == ("inuse_space", "alloc_objects", "alloc_space", "inuse_objects")
    assert [profile.unit(kind) for kind in profile.kinds()] == ["bytes", "count", "bytes", "count"]
    assert build_report(profile, View(kind="alloc_space")).total == 2112
    assert build_report(profile, View(kind="inuse_space")).samples == 1
    assert profile.context.frequency_hz == 0
    assert profile.labels == [{"process": "tool"}]


def test_units_become_icetops_own(tmp_path: Path) -> None:
    profile = Foreign(("sample", "count"), ("wall", "microseconds")).sample(5, 7).read(tmp_path)
    assert profile.kinds() == ("wall",)
    assert (build_report(profile, View(kind="wall")).total, build_report(profile, View(kind="wall")).samples) == (
        7000,
        5,
    )
    huge = Foreign(("wall", "seconds")).sample((1 << 63) - 1).sample(-(1 << 63)).read(tmp_path)
    assert sorted(next(huge.timeline.buckets()).counts["wall"].values) == [-(1 << 63) + 1, (1 << 63) - 1]


@pytest.mark.parametrize(
    ("types", "default", "kinds"),
    [
        ([("samples", "count")], "", [("samples", 0, 0)]),
        ([("samples", "count"), ("cpu", "nanoseconds")], "", [("cpu", 1, 0)]),
        ([("contentions", "count"), ("delay", "nanoseconds")], "", [("delay", 1, None), ("contentions", 0, None)]),
        ([("contentions", "count"), ("delay", "nanoseconds")], "contentions",
         [("contentions", 0, None), ("delay", 1, None)]),
        ([("samples", "count"), ("cpu", "nanoseconds"), ("io_samples", "count"), ("io", "nanoseconds")], "cpu",
         [("cpu", 1, 0), ("io", 3, 2)]),
        ([("cpu", "nanoseconds"), ("cpu", "count")], "", [("cpu", 0, None)]),
        ([("my_samples", "count")], "", [("my_samples", 0, None)]),
        ([("", "")], "", [("", 0, None)]),
    ],
)  # fmt: skip
def test_which_sample_types_are_kinds(
    types: list[tuple[str, str]], default: str, kinds: list[tuple[str, int, int | None]]
) -> None:
    assert [(column.kind, column.value, column.count) for column in columns_of(types, default)] == kinds


def test_process_and_thread_labels_are_understood(tmp_path: Path) -> None:
    foreign = Foreign(("samples", "count"))
    foreign.sample(1, pid=12, tid=13, thread_name="worker").sample(2, process_id="14", thread_id="x9", team="shop")
    profile = foreign.read(tmp_path)
    assert profile.series == [Series(12, 0, 13, "worker"), Series(14, 0, 0, "")]
    assert profile.labels == [{}, {"tid": "x9", "team": "shop", "process": "tool"}]


def test_times_of_samples_become_seconds(tmp_path: Path) -> None:
    foreign = Foreign(("samples", "count"))
    foreign.file.time_nanos = START
    for at in (0.1, 0.9, 1.0, 1.5, 90):
        foreign.sample(1, end_timestamp_ns=START + int(at * SECOND))
    profile = foreign.read(tmp_path)
    assert [
        ((b.start_ns - START) // SECOND, b.duration_ns, sum(b.counts["samples"].samples))
        for b in profile.timeline.buckets()
    ] == [
        (0, SECOND, 3),
        (1, SECOND, 1),
        (89, SECOND, 1),
    ]


def test_times_too_far_apart_become_coarser_and_impossible_ones_none(tmp_path: Path) -> None:
    foreign = Foreign(("samples", "count"))
    for number in range(30_000):
        foreign.sample(1, end_timestamp_ns=START + number * 3600 * SECOND)
    for time in (-1, (1 << 63) - 1, 0):
        foreign.sample(1, end_timestamp_ns=time)
    profile = foreign.read(tmp_path)
    assert len(profile.timeline) <= 20_001
    assert build_report(profile, View(kind="samples")).samples == 30_003


def test_a_file_without_mapping_or_names(tmp_path: Path) -> None:
    foreign = Foreign(("samples", "count"))
    foreign.file.location.add(id=99, address=0xABC)
    foreign.file.location.add(id=98, address=0xABD, line=[{"function_id": 0, "line": 4}])
    del foreign.file.mapping[:]
    for location in foreign.file.location:
        location.mapping_id = 0
    profile = foreign.sample(3, locations=(99,)).sample(2, locations=(98, 10)).read(tmp_path, name="odd.pb.gz")
    report = build_report(profile, View(kind="samples"))
    assert [row.frame.name for row in report.functions] == ["[unknown+0xabc]", "[unknown+0xabd]", "main.main"]
    assert report.unsymbolized == 5
    assert report.processes[0].name == "odd"


def test_a_name_only_in_its_mangled_form_is_a_name(tmp_path: Path) -> None:
    foreign = Foreign(("samples", "count"))
    foreign.file.function[0].name, foreign.file.function[0].system_name = 0, foreign.text("_ZN1aE")
    profile = foreign.sample(3, locations=(10,)).read(tmp_path)
    assert profile.frames[0].name == "_ZN1aE"


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed: no real profiles to read")
def test_what_go_itself_writes(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("""package main
import ("os"; "runtime"; "runtime/pprof"; "time")
var kept [][]byte
//go:noinline
func burn(until time.Time) (n int) { for time.Now().Before(until) { for i := 0; i < 1e6; i++ { n += i ^ n } }; return }
//go:noinline
func keep() { for i := 0; i < 64; i++ { kept = append(kept, make([]byte, 1<<20)) } }
func main() {
	runtime.MemProfileRate = 1
	cpu, _ := os.Create("cpu.prof"); pprof.StartCPUProfile(cpu)
	burn(time.Now().Add(400 * time.Millisecond)); pprof.StopCPUProfile(); cpu.Close()
	keep(); runtime.GC()
	heap, _ := os.Create("heap.prof"); pprof.WriteHeapProfile(heap); heap.Close()
}
""")
    subprocess.run(["go", "run", "main.go"], cwd=tmp_path, check=True, capture_output=True, timeout=300)
    cpu = FileSource(str(tmp_path / "cpu.prof")).profile()
    report = build_report(cpu, View())
    ours = {row.frame.name: (row.flat, row.cum) for row in report.functions}
    assert go_top(str(tmp_path / "cpu.prof"), "-unit=ns") == ours
    languages = {row.frame.name: row.frame.language for row in report.functions}
    assert languages["main.burn"] is Language.GO
    assert cpu.context.frequency_hz == 100
    heap = FileSource(str(tmp_path / "heap.prof")).profile()
    assert heap.kinds()[0] == "inuse_space"
    held = {row.frame.name: row.cum for row in build_report(heap, View(kind="inuse_space")).functions}
    assert held["main.keep"] >= 64 << 20
    assert go_top(str(tmp_path / "heap.prof"), "-unit=B")["main.keep"][1] == held["main.keep"]
