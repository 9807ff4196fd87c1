"""`go tool pprof` reads the files and says the same as the report."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from icetop.profiles.delta import Context
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.series import Series
from icetop.profiles.view import Baseline, View
from icetop.profiles.vocabulary import Language, StackEnd
from icetop.profiles.with_baseline import WithBaseline
from icetop.snapshots.file_source import FileSource, whole_profile
from icetop.snapshots.formats import save
from icetop.tests.profile_maker import MAIN, START, ProfileMaker

GO = shutil.which("go")
pytestmark = pytest.mark.skipif(GO is None, reason="Go is not installed: no `go tool pprof` to compare with")

ROW = re.compile(r"\s*(-?[\d.]+)(\w*)\s+\S+%\s+\S+%\s+(-?[\d.]+)(\w*)\s+\S+%  (.*)")


def go_top(path: str, *options: str, binaries: str = "/nowhere") -> dict[str, tuple[int, int]]:
    """Flat and cum of each function as `go tool pprof -top` has them, in units of the profile."""
    assert GO is not None
    done = subprocess.run(
        [GO, "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0", "-edgefraction=0", *options, path],
        capture_output=True,
        text=True,
        env={**os.environ, "PPROF_BINARY_PATH": binaries, "PPROF_TMPDIR": binaries},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    head = ["flat", "flat%", "sum%", "cum", "cum%"]
    table = lines[next(n for n, line in enumerate(lines) if line.split() == head) + 1 :]
    rows = [match.groups() for match in map(ROW.fullmatch, table) if match]
    assert len(rows) == len(table)
    # Functions that were only ever inlined carry this mark.
    return {row[4].removesuffix(" (inline)"): (round(float(row[0])), round(float(row[2]))) for row in rows}


def recording() -> Profile:
    """Inlining, recursion, kernel frames, several processes, truncated stacks."""
    rng = random.Random(4)
    maker = ProfileMaker(Profile(Context("h", "6", 2, START, 99, "host", ("cpu",), "0.1.0")))
    names = ["main", "loop", "in1^in2^out", "parse(int, char)", "std::vector<int, std::allocator<int> >::push_back",
             "k:do_syscall_64", "k:vfs_read", "p:view", "p:search", "fib", "fib", "fib", "<lambda>",
             "?1a0", "?2b0"]  # fmt: skip
    for _ in range(5):
        for pid in (1, 2, 3):
            for _ in range(60):
                stack = ["_start", *rng.choices(names, k=rng.randint(0, 12))]
                end = rng.choice([StackEnd.COMPLETE, StackEnd.COMPLETE, StackEnd.NO_FRAME_POINTER])
                maker.sample(";".join(stack), rng.randint(1, 40), Series(pid, pid, pid, f"p{pid}"), end=end)
        maker.sample("", 3, end=StackEnd.PROCESS_GONE).tick(lost={"ring_full": 2})
    return maker.profile


def test_go_tool_pprof_says_what_the_report_says(tmp_path: Path) -> None:
    path = str(tmp_path / "x.pb.gz")
    save(recording(), path)
    for profile in (recording(), FileSource(path).profile()):
        report = build_report(profile, View())
        ours = {row.frame.name: (row.flat, row.cum) for row in report.functions}
        assert len(ours) == len(report.functions) == 16
        assert go_top(path, "-unit=ns") == ours
    counts = {row.frame.name: (row.flat_samples, row.cum_samples) for row in report.functions}
    assert go_top(path, "-sample_index=samples") == counts


def test_go_tool_pprof_reads_every_kind(tmp_path: Path) -> None:
    maker = ProfileMaker(Profile(Context(kinds=("cpu", "offcpu", "inuse"), start_ns=START, frequency_hz=99)))
    maker.sample("main;a", 2).sample("main;wait", 3, kind="offcpu", value=2_500_000_000)
    maker.sample("main;keep", 1, kind="inuse", value=4096).sample("main;free", 5, kind="inuse", value=-1024)
    path = str(tmp_path / "x.pb.gz")
    save(maker.tick(), path)
    for kind, unit in (("cpu", "ns"), ("offcpu", "ns"), ("inuse", "B")):
        rows = build_report(maker.profile, View(kind=kind)).functions
        found = go_top(path, f"-sample_index={kind}", f"-unit={unit}")
        assert {name: pair for name, pair in found.items() if pair != (0, 0)} == {
            row.frame.name: (row.flat, row.cum) for row in rows
        }
    assert go_top(path, "-sample_index=offcpu_samples")["wait"] == (3, 3)


def test_go_tool_pprof_reads_what_was_collapsed_stacks(tmp_path: Path) -> None:
    text, path = tmp_path / "x.folded", str(tmp_path / "x.pb.gz")
    text.write_text("main;a 3\nmain;b;a 2\n")
    profile = FileSource(str(text)).profile()
    save(profile, path)
    kind = profile.kinds()[0]
    found = go_top(path, f"-sample_index={kind}")
    assert (found["a"], found["b"]) == ((5, 5), (0, 2))
    again = FileSource(path).profile()
    assert again.kinds() == profile.kinds()
    assert build_report(again, View(kind=kind)).samples == build_report(profile, View(kind=kind)).samples


def test_go_tool_pprof_subtracts_as_a_comparison_does(tmp_path: Path) -> None:
    before, after = str(tmp_path / "before.pb.gz"), str(tmp_path / "after.pb.gz")
    maker = ProfileMaker()
    maker.sample("main;a;b", 7).sample("main;old", 5).sample("fib;fib;fib", 3)
    save(maker.tick(), before)
    maker = ProfileMaker()
    maker.sample("main;a;b", 9).sample("main;a", 2).sample("main;fresh;b", 4).sample("fib;fib", 3)
    save(maker.tick(), after)
    source = WithBaseline(FileSource(after), FileSource(before))
    report = build_report(whole_profile(source, after), View(baseline=Baseline(beside=True)))
    ours = {row.frame.name: (row.flat - row.change.flat.was, row.cum - row.change.cum.was) for row in report.functions}
    assert {name: pair for name, pair in ours.items() if any(pair)} == {
        name: pair for name, pair in go_top(after, "-unit=ns", f"-diff_base={before}").items() if any(pair)
    }


def test_go_tool_pprof_filters_and_writes_a_file_that_opens_again(tmp_path: Path) -> None:
    assert GO is not None
    path, kept = str(tmp_path / "x.pb.gz"), str(tmp_path / "kept.pb.gz")
    save(recording(), path)
    subprocess.run([GO, "tool", "pprof", "-proto", "-output", kept, path], check=True, capture_output=True, timeout=120)
    before, after = build_report(recording(), View()), build_report(FileSource(kept).profile(), View())
    assert after.functions[0].frame == before.functions[0].frame
    assert Counter({row.frame: row.flat for row in after.functions}) == Counter(
        {row.frame: row.flat for row in before.functions}
    )
    assert (after.samples, after.lost, after.truncated_by) == (before.samples, before.lost, before.truncated_by)
    assert len(FileSource(kept).profile().timeline) == 5


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed: no program to name addresses of")
@pytest.mark.parametrize("link", ["-pie", "-no-pie"])
def test_go_tool_pprof_names_addresses_that_have_no_name_here(tmp_path: Path, link: str) -> None:
    source, program = tmp_path / "x.c", tmp_path / "program"
    source.write_text("int hidden(int x) { return x * 7 + 1; }\nint main(int c, char **v) { return hidden(c); }\n")
    subprocess.run(
        ["gcc", "-g", "-O0", "-fPIE" if link == "-pie" else "-fno-pie", link, "-o", program, source], check=True
    )
    from elftools.elf.elffile import ELFFile

    with program.open("rb") as file:
        elf = ELFFile(file)
        symbol = next(s for s in elf.get_section_by_name(".symtab").iter_symbols() if s.name == "hidden")
        segment = next(
            s
            for s in elf.iter_segments()
            if s["p_type"] == "PT_LOAD" and 0 <= symbol["st_value"] - s["p_vaddr"] < s["p_filesz"]
        )
        offset = symbol["st_value"] - segment["p_vaddr"] + segment["p_offset"] + 4
    maker = ProfileMaker()
    maker.add(maker.node_of([Location(Language.NATIVE, str(program), "", offset)]), maker.who(MAIN), 3)
    path = str(tmp_path / "x.pb.gz")
    save(maker.tick(), path)
    assert go_top(path, "-sample_index=samples", binaries=str(tmp_path)) == {"hidden": (3, 3)}
    named = Location(Language.NATIVE, str(program), "", offset, (Line("ours"),))
    maker = ProfileMaker()
    maker.add(maker.node_of([named]), maker.who(MAIN), 3)
    save(maker.tick(), path)
    assert go_top(path, "-sample_index=samples", binaries=str(tmp_path)) == {"ours": (3, 3)}
