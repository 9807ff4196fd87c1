"""Collapsed stacks, written and read."""

from __future__ import annotations

import gzip
import random
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
from icetop.snapshots import folded_lines
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


PLAIN = b"ab(<;:[]_09~"


def plain_line(choose: random.Random) -> bytes:
    frames = [bytes(choose.choice(PLAIN) for _ in range(choose.randint(1, 6))) for _ in range(choose.randint(1, 6))]
    return b";".join(frames) + b" %d" % choose.randrange(10 ** choose.randint(1, 18))


ODD = (
    *(
        b"",
        b" ",
        b"a",
        b"a b",
        b"a 5;",
        b"a;b 5;7",
        b"a;b",
        b" a;b 1",
        b"a;b 1 ",
        b"a;b  1",
        b"a;b\t1",
        b"a;b 1.5",
        b"a;b -1",
        b"a; 1",
        b"; 1",
    ),
    *(b"a;;b 1", b"a;b 1\r", "a;b\u00e9 1".encode(), b"a;\xff 1", b"a;b 1234567890123456789", b"a;b \xb2", b"a b;c5"),
    *(
        b"a;[truncated: too_deep];b 3",
        b"a;[truncated: nothing];b 3",
        b"a;operator new;b c 3",
        b"1",
        b" 1",
        b"a 1;b",
        b"a \n",
    ),
)


@pytest.mark.parametrize("seed", range(40))
def test_lines_taken_apart_at_once_say_the_same_as_one_by_one(seed: int) -> None:
    choose = random.Random(seed)
    lines = [plain_line(choose) for _ in range(choose.randint(1, 30))]
    if seed % 2:
        lines.insert(choose.randint(0, len(lines)), ODD[seed // 2 % len(ODD)])
        lines.insert(choose.randint(0, len(lines)), choose.choice(ODD))
    else:
        assert folded_lines._all_at_once(b"\n".join(lines)) is not None, "plain lines have a way of their own"
    found, wanted = folded_lines.take_apart(b"\n".join(lines)), folded_lines._one_by_one(lines)
    for lines_taken in (found, wanted):
        assert len(lines_taken.processes) == len(lines_taken.roots) == len(lines_taken.lengths)
    assert list(found.processes) == list(wanted.processes) and list(found.frames) == list(wanted.frames)
    assert found.roots.tolist() == wanted.roots.tolist() and found.lengths.tolist() == wanted.lengths.tolist()
    assert (found.numbers, found.bad) == (wanted.numbers, wanted.bad)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_line_between_plain_ones_is_read_as_if_alone(odd: bytes) -> None:
    lines = [b"x;y 1", odd, b"x;z 2"]
    found, wanted = folded_lines.take_apart(b"\n".join(lines)), folded_lines._one_by_one(b"\n".join(lines).split(b"\n"))
    assert list(found.processes) == list(wanted.processes) and list(found.frames) == list(wanted.frames)
    assert found.lengths.tolist() == wanted.lengths.tolist()
    assert (found.numbers, found.bad) == (wanted.numbers, wanted.bad)
