"""The report: its figures, its JSON contract, its text."""

from __future__ import annotations

import json
import re

import pytest
from icetop.profiles.delta import Context
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import iso_time, report_json
from icetop.profiles.report_text import clip, columns_of, format_bytes, format_value, report_text
from icetop.profiles.series import Series
from icetop.profiles.target import Target
from icetop.profiles.view import Baseline, Stretch, View
from icetop.profiles.vocabulary import StackEnd
from icetop.tests.profile_maker import PERIOD, SECOND, START, ProfileMaker, rich_profile

HEAD = {
    "schema", "icetop", "host", "kernel", "cpus", "start", "duration_s", "frequency_hz", "kind", "unit", "target",
    "total", "samples", "expected", "lost", "lost_by", "complete", "truncated", "truncated_by", "unsymbolized",
    "profiler", "processes", "functions",
}  # fmt: skip
PROCESS = {"pid", "name", "title", "container", "pod", "namespace", "service", "samples", "value", "percent"}
FUNCTION = {
    "name", "file", "line", "binary", "language", "flat", "flat_percent", "sum_percent", "cum", "cum_percent",
}  # fmt: skip
FRAME = {"name", "file", "line", "binary", "build_id", "language"}
STACK = {
    "frames", "value", "samples", "pid", "tid", "comm", "container", "pod", "namespace", "service", "end",
}  # fmt: skip


def small() -> Profile:
    maker = ProfileMaker()
    maker.sample("main;a", 5, process="shop", title="shop.wsgi", pod="web-1").sample("main;?1a0", 2)
    maker.sample("k:idle", 2, Series(0, 0, 0, "swapper")).sample("", 1, end=StackEnd.PROCESS_GONE)
    maker.tick(lost={"ring_full": 3}, context=Context("h", "6.1", 2, START, 99, "host", ("cpu",), "0.1.0"))
    maker.sample("main;a;b", 4, end=StackEnd.NO_FRAME_POINTER)
    return maker.tick(lost={"ring_full": 1, "map_full": 2})


def test_the_json_object_has_just_what_is_promised() -> None:
    answer = report_json(build_report(small(), View(), stacks=True))
    assert set(answer) == HEAD | {"frames", "stacks"}
    assert set(report_json(build_report(small(), View()))) == HEAD
    for key, names in (("processes", PROCESS), ("functions", FUNCTION), ("frames", FRAME), ("stacks", STACK)):
        assert {frozenset(entry) for entry in answer[key]} == {frozenset(names)}, key
    json.dumps(answer, allow_nan=False)


def test_lost_waits_are_told_where_waits_are() -> None:
    maker = ProfileMaker()
    maker.sample("main", 5).sample("main;k:schedule", 1, kind="offcpu").tick(waits_lost={"map_full": 2})
    profile = maker.sample("main", 5).tick(waits_lost={"map_full": 1, "ring_full": 4})
    for kind in ("offcpu", "wall", "lock"):
        report = build_report(profile, View(kind=kind))
        assert report_json(report)["waits_lost_by"] == {"map_full": 3, "ring_full": 4}, kind
        assert "lost waits 7 (map_full 3, ring_full 4);" in report_text(report, 120), kind
        assert report.lost == 0
    assert "waits_lost_by" not in report_json(build_report(profile, View()))


def test_a_comparison_adds_just_what_is_promised() -> None:
    view = View(stretch=Stretch(START + SECOND), baseline=Baseline(Stretch(None, START + SECOND)))
    answer = report_json(build_report(small(), view))
    assert set(answer) == HEAD | {"baseline"}
    assert set(answer["baseline"]) == {"total", "duration_s", "samples"}
    changes = {"baseline_flat_percent", "baseline_cum_percent", "delta_flat_points", "delta_cum_points", "significant"}
    assert {frozenset(entry) for entry in answer["functions"]} == {frozenset(FUNCTION | changes)}
    json.dumps(answer, allow_nan=False)


def test_every_sample_is_accounted_for() -> None:
    answer = report_json(build_report(small(), View()))
    assert (answer["samples"], answer["expected"], answer["lost"]) == (14, 20, 6)
    assert answer["lost_by"] == {"map_full": 2, "ring_full": 4}
    assert answer["truncated_by"] == {"no_frame_pointer": 4, "process_gone": 1}
    assert (answer["complete"], answer["truncated"]) == (9, 5)
    assert answer["unsymbolized"] == 3
    assert answer["total"] == 14 * PERIOD
    assert (answer["start"], answer["duration_s"]) == ("2026-09-21T14:13:20.000000Z", 2.0)
    assert [(p["pid"], p["name"], p["title"], p["pod"], p["samples"]) for p in answer["processes"]] == [
        (100, "shop", "shop.wsgi", "web-1", 12),
        (0, "swapper", "", "", 2),
    ]
    assert [(f["name"], f["flat"] // PERIOD, f["cum"] // PERIOD, f["language"]) for f in answer["functions"]] == [
        ("a", 5, 9, "native"),
        ("b", 4, 4, "native"),
        ("[libsecret.so+0x1a0]", 2, 2, "native"),
        ("idle", 2, 2, "kernel"),
        ("main", 0, 11, "native"),
    ]


def test_stacks_say_what_the_functions_say() -> None:
    for profile in (small(), rich_profile(4)):
        answer = report_json(build_report(profile, View(), stacks=True))
        flat: dict[int, int] = {}
        for stack in answer["stacks"]:
            if stack["frames"]:
                flat[stack["frames"][-1]] = flat.get(stack["frames"][-1], 0) + stack["value"]
        names = {(f["name"], f["binary"], f["language"]): f["flat"] for f in answer["functions"] if f["flat"]}
        keys = [(frame["name"], frame["binary"], frame["language"]) for frame in answer["frames"]]
        assert {keys[index]: value for index, value in flat.items()} == names
        assert sum(stack["samples"] for stack in answer["stacks"]) == answer["samples"]
        ends = [stack["samples"] for stack in answer["stacks"] if stack["end"] != "complete"]
        assert sum(ends) == answer["truncated"]


def test_a_stretch_has_its_own_losses() -> None:
    answer = report_json(build_report(small(), View(stretch=Stretch(START + SECOND, None))))
    assert (answer["samples"], answer["expected"], answer["lost_by"]) == (4, 7, {"map_full": 2, "ring_full": 1})
    assert answer["duration_s"] == 1.0


def test_of_some_processes_all_losses_stay_and_samples_still_add_up() -> None:
    answer = report_json(build_report(small(), View(target=Target(pids=frozenset((100,))))))
    assert (answer["samples"], answer["lost"], answer["expected"]) == (12, 6, 18)
    assert answer["target"] == "pid 100"


def test_what_nobody_accounted_for_shows() -> None:
    profile = ProfileMaker().sample("a", 5).tick(expected=9)
    report = build_report(profile, View())
    assert (report.samples, report.lost, report.expected) == (5, 0, 9)
    assert "5 of 9 expected samples" in report_text(report)


def test_top_cuts_the_list_and_says_so() -> None:
    report = build_report(small(), View(), top=2)
    assert [row.frame.name for row in report.functions] == ["a", "b"]
    assert "… 3 more (--top 5 shows all)" in report_text(report)
    assert "more (--top" not in report_text(build_report(small(), View()))
    assert report.samples == 14


def test_an_empty_profile_has_a_report() -> None:
    answer = report_json(build_report(Profile(), View(), stacks=True))
    assert (answer["total"], answer["samples"], answer["start"], answer["functions"]) == (0, 0, None, [])
    assert report_text(build_report(Profile(), View())).startswith("Total CPU time: 0.00s\n")


def test_the_text_is_the_table_as_users_know_it() -> None:
    text = report_text(build_report(small(), View()))
    lines = text.splitlines()
    assert lines[0] == "Total CPU time: 0.14s"
    assert lines[2] == "host h, kernel 6.1, 2 CPUs, target host, 99 Hz, 2.0 s, from 2026-09-21T14:13:20Z"
    assert lines[3] == (
        "14 of 20 expected samples; lost 6 (map_full 2, ring_full 4); complete 64.3 %; "
        "truncated 5 (no_frame_pointer 4, process_gone 1); unsymbolized 21.4 %"
    )
    table = lines[lines.index("") + 1 :]
    head = next(line for line in table if line.startswith("Flat"))
    assert re.fullmatch(r"Flat +Flat% +Sum% +Cum +Cum% +Name", head)
    first = lines[lines.index(head) + 1]
    assert re.fullmatch(r"0\.05s +35\.7% +35\.7% +0\.09s +64\.3% +a", first)


def test_hostile_names_cannot_leave_their_cell() -> None:
    maker = ProfileMaker()
    maker.sample("evil\x1b[2J\x9b31m\r\n\u202egnp.exe[/red]", 3)
    context = Context("host\x1b]0;owned\x07", "6.1\n", 2, START, 99, "comm \x1b[1m")
    text = report_text(build_report(maker.tick(context=context, lost={"x\x1b": 1}), View()), 80)
    assert not set(text) & {"\x1b", "\x9b", "\x07", "\r", "\u202e"}
    assert "evil\\e[2J\\x9b31m\\r\\n\\u202egnp.exe[/red]" in text


def test_lines_fit_the_terminal() -> None:
    maker = ProfileMaker().sample("std::" + "x" * 300, 3).sample("名" * 100, 2)
    for second in range(3):
        maker.tick(lost={f"reason_{number}": second + 1 for number in range(12)})
    for width in (60, 80, 120):
        lines = report_text(build_report(maker.profile, View()), width).splitlines()
        assert max(columns_of(line) for line in lines) <= width
        assert any(line.endswith("…") for line in lines)
    assert "x" * 300 in report_text(build_report(maker.profile, View()))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (15_204_000_000, "nanoseconds", "15.20s"),
        (-1_500_000_000, "nanoseconds", "-1.50s"),
        (0, "bytes", "0B"),
        (1023, "bytes", "1023B"),
        (1_288_490_189, "bytes", "1.2GB"),
        (-2048, "bytes", "-2.0kB"),
        (42, "count", "42"),
        (42, "apples\n", "42 apples\\n"),
    ],
)
def test_values_in_their_units(value: int, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


def test_bytes_do_not_run_out_of_units() -> None:
    assert format_bytes((1 << 63) - 1) == "8192.0PB"


def test_titles_go_by_kind() -> None:
    profile = ProfileMaker().sample("a", kind="alloc", value=2048).sample("a", kind="odd\x1b", value=3).tick()
    assert report_text(build_report(profile, View(kind="alloc"))).startswith("Total allocations: 2.0kB\n")
    assert report_text(build_report(profile, View(kind="odd\x1b"))).startswith("Total odd\\e: 3\n")


def test_clipping_counts_columns_not_characters() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("abcd", 3) == "ab…"
    assert clip("名名名", 4) == "名…"
    assert clip("名名", 4) == "名名"
    assert clip("e\u0301e\u0301", 2) == "e\u0301e\u0301"


def test_times() -> None:
    assert iso_time(0) is None
    assert iso_time(START + 123_456_789) == "2026-09-21T14:13:20.123456Z"
    assert iso_time((1 << 63) - 1) is not None
