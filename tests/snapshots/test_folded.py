"""Collapsed stacks, written and read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.series import Series
from icetop.profiles.source import SourceError
from icetop.profiles.target import Target
from icetop.profiles.view import Stretch, View
from icetop.profiles.vocabulary import Language, StackEnd
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folded import encode_folded
from icetop.tests.profile_maker import SECOND, START, ProfileMaker, rich_profile


def read(folder: Path, content: bytes) -> Profile:
    (folder / "x.folded").write_bytes(content)
    return FileSource(str(folder / "x.folded")).profile()


def test_lines_are_process_then_frames_then_samples() -> None:
    maker = ProfileMaker()
    maker.sample("main;a^b;k:read", 3).sample("main", 2).sample("main;?1a0", 1).tick()
    maker.sample("main;a^b;k:read", 4).sample("x", 5, Series(2, 2, 2, "other"), process="shop").sample("", 1)
    maker.sample("y", 6, end=StackEnd.NO_FRAME_POINTER)
    assert encode_folded(maker.tick(), "cpu").decode().splitlines() == [
        "main 1",
        "main;[truncated: no_frame_pointer];y 6",
        "main;main 2",
        "main;main;[libsecret.so+0x1a0] 1",
        "main;main;b;a;read_[k] 7",
        "shop;x 5",
    ]


def test_names_cannot_break_the_format() -> None:
    maker = ProfileMaker()
    hostile = maker.location("x")
    lines = tuple(type(hostile.lines[0])(name) for name in ("a;b", "c\nd 7", " \t", "\x1b[1m"))
    place = type(hostile)(hostile.language, hostile.binary, hostile.build_id, 1, lines)
    maker.add(maker.node_of([place]), maker.who(Series(1, 1, 1, "p;q\n")), 2)
    assert encode_folded(maker.tick(), "cpu").decode() == "p:q\\n;\\e[1m;\\t;c\\nd 7;a:b 2\n"


def test_other_kinds_are_written_in_their_unit_and_parts_can_be_chosen() -> None:
    maker = ProfileMaker()
    maker.sample("a", 1, kind="alloc", value=4096).sample("b", 2).tick()
    maker.sample("b", 3, Series(9, 9, 9, "nine")).tick()
    assert encode_folded(maker.profile, "alloc") == b"main;a 4096\n"
    assert encode_folded(maker.profile, "cpu", Stretch(START + SECOND, None)) == b"nine;b 3\n"
    assert encode_folded(maker.profile, "cpu", target=Target(pids=frozenset((100,)))) == b"main;b 2\n"
    assert encode_folded(maker.profile, "none") == b""


def test_writing_and_reading_again_keeps_functions_and_how_stacks_ended(tmp_path: Path) -> None:
    profile = rich_profile(4)
    content = encode_folded(profile, "cpu")
    again = read(tmp_path, content)
    before = report_json(build_report(profile, View()))
    after = report_json(build_report(again, View(kind="samples")))
    for key in ("samples", "truncated_by", "complete", "unsymbolized"):
        assert after[key] == before[key], key
    assert {f["name"]: round(f["cum_percent"]) for f in after["functions"] if f["name"].isascii()}.items() >= {
        f["name"]: round(f["cum_percent"]) for f in before["functions"] if f["name"].isalnum()
    }.items()
    assert encode_folded(again, "samples") == content


@pytest.mark.parametrize("packed", [True, False])
def test_files_of_other_tools(tmp_path: Path, packed: bool) -> None:
    content = (
        b"java;start;Main.run;std::map<int, char>::find 12\njava;start;do_syscall_64_[k] 3\r\nperl 1\n\nruby;a b 2.0"
    )
    profile = read(tmp_path, gzip.compress(content) if packed else content)
    report = build_report(profile, View(kind="samples"))
    assert (report.samples, report.unit, report.total) == (18, "count", 18)
    assert [(p.name, p.samples) for p in report.processes] == [("java", 15), ("ruby", 2), ("perl", 1)]
    rows = {row.frame.name: row for row in report.functions}
    assert rows["start"].cum == 15
    assert rows["do_syscall_64"].frame.language is Language.KERNEL
    assert rows["std::map<int, char>::find"].flat == 12
    assert profile.notices == []


def test_bad_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    profile = read(tmp_path, b"a;b 1\nno count here\na;c x\n;;; 4\n5\n\xff\xfe;\x80 3\na;b -2\n")
    assert [str(notice) for notice in profile.notices] == ["left out 3 lines that are not a stack with a count"]
    assert build_report(profile, View(kind="samples")).total == 1 + 4 + 3 - 2


@pytest.mark.parametrize("content", [b"a b c d\ne 5\nf", b"x" * 100_000 + b" 5\n"])
def test_text_with_some_counts_is_enough(tmp_path: Path, content: bytes) -> None:
    assert build_report(read(tmp_path, content), View(kind="samples")).samples == 5


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"one\ntwo\nthree\n", "none of the formats"),
        (b"x 5 y\n" * 3 + b"\n 7\n", "none of the formats"),
        (b"a;" * 70_000 + b"b 1\n" + b"c 1\n" * 5, "deeper than 65535 frames"),
    ],
)
def test_what_is_no_collapsed_stack(tmp_path: Path, content: bytes, why: str) -> None:
    head = b"ok;ok 1\n" if b"a;a" in content else b""
    with pytest.raises(SourceError, match=why):
        read(tmp_path, head + content)


def test_a_line_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a line is longer than 16,777,216 bytes"):
        read(tmp_path, b"a 1\n" + b"x" * ((16 << 20) + (3 << 20)))


def test_a_large_file_comes_in_parts_and_says_the_same(tmp_path: Path) -> None:
    lines = [f"p{n % 7};main;f{n % 50};g{n % 900};{'long' * 30}{n % 13} {1 + n % 5}\n" for n in range(20_000)]
    (tmp_path / "x.folded").write_text("".join(lines))
    deltas = list(FileSource(str(tmp_path / "x.folded")).deltas())
    assert len(deltas) > 3 and deltas[-1].last and not any(delta.last for delta in deltas[:-1])
    first = sum(sum(counts.samples) for counts in deltas[0].counts.values())
    assert 0 < first < 60_000 * 0.2, "the first part is small, so that there is something to see soon"
    whole, (half, rest) = Profile(), ("".join(lines[:10_000]), "".join(lines[10_000:]))
    for delta in deltas:
        whole.fold(delta)
    report = build_report(whole, View(kind="samples"))
    assert report.samples == report.total == sum(1 + n % 5 for n in range(20_000)) == 60_000
    stacks = build_report(whole, View(kind="samples"), stacks=True).stacks
    assert stacks is not None and len(stacks) == len({line.rsplit(" ", 1)[0] for line in lines})
    assert encode_folded(whole, "samples") == encode_folded(read(tmp_path, (rest + half).encode()), "samples")
