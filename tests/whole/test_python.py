"""Python's own frames among the native ones: programs of which is known who calls whom, on real interpreters."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from icetop.profiles.delta import Counts
from icetop.profiles.vocabulary import Language
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.limits import DEFAULT_LIMIT, Limits

from .conftest import Icetop, Start

pytestmark = pytest.mark.bpf

PROGRAMS = Path(__file__).parent.parent / "programs" / "python"
Stack = list[dict[str, Any]]
Record = Callable[..., "Seen"]

ENOUGH, ATTEMPTS = 20, 5
"""Samples that a recording has, and how often it is made anew, each time twice as long, on a machine that is busy."""

FEW = 0.002
"""The share of neighbouring frames that may be calls which do not exist."""


MORE = "ICETOP_TEST_PYTHONS"
"""An environment variable with more interpreters: commands with `:` between them, such as `chroot /sid python3.15`."""


def pythons() -> dict[str, str]:
    """An interpreter of each version that is here, the distribution's first."""
    found: dict[str, str] = {}
    places = [*Path("/usr/bin").glob("python3.[0-9]*"), *Path("~/.pyenv/versions").expanduser().glob("3.*/bin/python3")]
    for path in places:
        minor = path.name[8:] if path.parent == Path("/usr/bin") else path.parts[-3].split(".")[1]
        if minor.isdecimal() and int(minor) >= 8:
            found.setdefault(f"3.{minor}", str(path))
    for command in filter(None, os.environ.get(MORE, "").split(":")):
        found[command.rpartition("python")[2]] = command
    return dict(sorted(found.items(), key=lambda entry: int(entry[0][2:])))


def runs(version: str, program: str, *arguments: str) -> list[str]:
    """The command that runs a program of `PROGRAMS`, copied to where the interpreter sees it when that is a chroot."""
    words = pythons()[version].split()
    folder = PROGRAMS
    if words[0] == "chroot":
        folder = Path("/tmp/icetop-programs")
        shutil.copytree(PROGRAMS, words[1] + str(folder), dirs_exist_ok=True)
    return [*words, str(folder / program), *arguments]


VERSIONS = list(pythons())
PYTHON = next(iter(path for path in pythons().values() if path.startswith("/usr/bin")), shutil.which("python3"))
USUAL = {VERSIONS[0], VERSIONS[-1]} if VERSIONS else set()
EACH = [version if version in USUAL else pytest.param(version, marks=pytest.mark.soak) for version in VERSIONS]
"""The oldest and the newest; those between take longer than they tell."""

OLDEST = [VERSIONS[0], *[pytest.param(version, marks=pytest.mark.soak) for version in VERSIONS[1:]]] if VERSIONS else []


class Seen:
    """What was recorded: stacks as (frames root first, samples, how they end)."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report
        self.samples: int = report["samples"]
        frames = report["frames"]
        self.stacks: list[tuple[Stack, int, str]] = [
            ([frames[place] for place in stack["frames"]], stack["samples"], stack["end"]) for stack in report["stacks"]
        ]

    def whole(self) -> Iterator[tuple[Stack, dict[str, Any]]]:
        """Each stack's frames, and all that the report says of it."""
        for (frames, _, _), stack in zip(self.stacks, self.report["stacks"], strict=True):
            yield frames, stack

    def python(self) -> Iterator[tuple[Stack, int]]:
        """The Python frames of stacks whose Python frames are known."""
        for frames, samples, end in self.stacks:
            python = [frame for frame in frames if frame["language"] == "python" and not frame["binary"]]
            if python and end != "python_unresolved":
                yield python, samples

    def names(self) -> Iterator[tuple[list[str], int]]:
        """The same by the last parts of names."""
        for python, samples in self.python():
            yield [frame["name"].rpartition(".")[2] for frame in python], samples

    def share_of(self, condition: Callable[[Stack], bool]) -> float:
        """The share of samples in such stacks."""
        return sum(samples for frames, samples, _ in self.stacks if condition(frames)) / self.samples


@pytest.fixture
def record(icetop: Icetop, start: Start, tmp_path: Path) -> Record:
    """Records a program that says when it is ready, and what its report has."""

    def run(*command: object, seconds: float = 0.8, options: tuple[str, ...] = ()) -> Seen:
        process = start(*command, stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline()
        target = options or ("-p", str(process.pid))
        for attempt in range(ATTEMPTS):
            done = icetop("record", "-F", 999, "-d", seconds * 2**attempt, "-o", "seen.pb.gz", *target)
            assert done.returncode == 0, done.stderr
            report = icetop("report", "seen.pb.gz", "--stacks", "--format", "json")
            assert report.returncode == 0, report.stderr
            seen = Seen(json.loads(report.stdout))
            if seen.samples >= ENOUGH:
                break
        return seen

    return run


@pytest.fixture
def record_command(icetop: Icetop) -> Callable[..., Seen]:
    """Records a command from its first instruction to its end."""

    def run(*command: object) -> Seen:
        done = icetop("record", "-F", 999, "-o", "seen.pb.gz", "--", *command)
        assert done.returncode == 0, done.stderr
        report = icetop("report", "seen.pb.gz", "--stacks", "--format", "json")
        assert report.returncode == 0, report.stderr
        return Seen(json.loads(report.stdout))

    return run


def spent_in(seen: Seen, function: str) -> int:
    return sum(samples for names, samples in seen.names() if function in names)


def known_and_unknown(seen: Seen, of_workers: bool) -> tuple[int, int]:
    """Samples of `prefork.py` whose Python frames are known, and whose are not: its workers', or its parent's."""
    samples: Counter[bool] = Counter()
    workers = {stack["pid"] for frames, stack in seen.whole() if any(f["name"].endswith(".serve") for f in frames)}
    for frames, stack in seen.whole():
        unknown = stack["end"] == "python_unresolved"
        if (stack["pid"] in workers) == of_workers and (unknown or any(f["language"] == "python" for f in frames)):
            samples[unknown] += stack["samples"]
    return samples[False], samples[True]


@pytest.mark.parametrize("version", EACH)
def test_neighbouring_frames_are_calls_that_exist(version: str, record: Record) -> None:
    """Recursion, generators, and Python that C calls: json, re, sorted."""
    seen = record(*runs(version, "known_calls.py"))
    known = {tuple(line.split()) for line in (PROGRAMS / "known_calls.txt").read_text().splitlines()}
    pairs: Counter[tuple[str, str]] = Counter()
    for names, samples in seen.names():
        for pair in itertools.pairwise(names):
            pairs[pair] += samples
    wrong = {pair: number for pair, number in pairs.items() if pair not in known}
    assert sum(pairs.values()) > 50
    assert sum(wrong.values()) <= FEW * sum(pairs.values()), wrong
    assert {("turn", "even"), ("even", "odd"), ("odd", "even")} <= set(pairs)


@pytest.mark.parametrize("version", EACH)
def test_recursion_has_its_true_depth(version: str, record: Record) -> None:
    """Also where it is deeper than the native frames that are kept."""
    for program, depth in (("recursion", 40), ("deep", 900)):
        seen = record(*runs(version, "calls.py", program))
        depths: Counter[int] = Counter()
        for names, samples in seen.names():
            if names[-1] == "spin":
                depths[names.count("descend")] += samples
        assert depths.total() > 3
        # It is on its way down when the recording begins.
        assert depths[depth] >= (1 - FEW) * depths.total() - 3, depths


def test_lines_are_those_of_the_file(record: Record) -> None:
    seen = record(PYTHON, PROGRAMS / "calls.py", "recursion")
    text = (PROGRAMS / "calls.py").read_text().splitlines()
    for frames, _ in seen.python():
        for frame in frames:
            if frame["name"].endswith("descend"):
                assert frame["file"] == str(PROGRAMS / "calls.py")
                assert text[frame["line"] - 1] == "def descend(n):"


def test_threads_with_and_without_the_lock(record: Record) -> None:
    """A thread that computes in C without the interpreter's lock has its Python frames too, and C under them."""
    seen = record(PYTHON, PROGRAMS / "calls.py", "threads")
    digest = [frames for frames, _, _ in seen.stacks if any(f["name"].endswith("digest") for f in frames)]
    assert spent_in(seen, "work") > 0 and len(digest) > 0
    below = {frames[-1]["language"] for frames in digest}
    assert below & {"native", "kernel"}
    assert not [names for names, _ in seen.names() if "work" in names and "digest" in names]


def test_coroutines_have_their_chain(record: Record) -> None:
    seen = record(PYTHON, PROGRAMS / "calls.py", "coroutines")
    chains = [names for names, _ in seen.names() if "spin" in names and "awaited" in names]
    assert chains
    assert all(names[names.index("awaited") - 2 : names.index("awaited")] == ["task", "between"] for names in chains)


@pytest.mark.parametrize("version", OLDEST)
def test_tasks_have_the_names_that_they_were_given(version: str, record_command: Callable[..., Seen]) -> None:
    """Of three that run equally long two have names; the third's is a number, which says nothing."""
    seen = record_command(*runs(version, "named_tasks.py", "0.6"))
    tasks: Counter[str] = Counter()
    for names, samples in seen.names():
        if names[-2:] == ["work", "spin"]:
            tasks[names[names.index("_run") + 1]] += samples
    assert set(tasks) == {"[task fetch prices]", "[task thumbnails]", "work"}, tasks
    # At 999 Hz some 550 samples: a third is 183, and its standard deviation 11.
    assert min(tasks.values()) > 0.2 * tasks.total()


@pytest.mark.soak
@pytest.mark.parametrize("version", VERSIONS)
def test_a_program_that_names_every_request_gets_no_more_names(
    version: str, record_command: Callable[..., Seen]
) -> None:
    seen = record_command(*runs(version, "named_tasks.py", "1.5", "more"))
    found = {frame["name"] for frames, _ in seen.python() for frame in frames if frame["name"].startswith("[task ")}
    assert 10 < len(found) <= 66
    assert spent_in(seen, "once") > 10


@pytest.mark.soak
@pytest.mark.parametrize("version", VERSIONS)
def test_tasks_that_wait_share_the_wait_of_their_loop(version: str, start: Start, icetop: Icetop) -> None:
    """Eight tasks: each has an eighth of the loop's time, below the loop's wait; together they have no more of it."""
    process = start(*runs(version, "waiting_tasks.py"), stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    waits: Counter[tuple[str, ...]] = Counter()
    for _ in range(2):  # the first recording may be the first that ever saw this interpreter
        done = icetop("record", "--kind", "wall", "-d", 3, "-p", process.pid, "-o", "seen.pb.gz")
        assert done.returncode == 0, done.stderr
    report = icetop("report", "seen.pb.gz", "--kind", "wall", "--idle", "--stacks", "--format", "json")
    found = json.loads(report.stdout)
    for stack in found["stacks"]:
        names = [found["frames"][place]["name"] for place in stack["frames"]]
        if "[events]" in names:
            waits[tuple(names[names.index("[events]") + 1 :])] += stack["value"]
    tasks = {stack: value for stack, value in waits.items() if stack}
    sleeping = "[in asyncio.tasks.sleep < waiting_tasks.inner < waiting_tasks.outer]"
    assert set(tasks) == {
        ("[in waiting_tasks.main]",),
        ("[task consumer]", "[in asyncio.tasks.sleep < waiting_tasks.numbers < waiting_tasks.consume]"),
        ("[task pause]", "[in asyncio.tasks.sleep < waiting_tasks.pause]"),
        *((f"[task sleeper {number}]", sleeping) for number in range(5)),
    }
    shares = [value / sum(tasks.values()) for value in tasks.values()]
    assert all(abs(share - 1 / 8) < 0.02 for share in shares), shares
    assert 0.5 < found["total"] / 1e9 / found["duration_s"] < 1.05


def test_what_forked_processes_do_is_one_picture(record: Record, icetop: Icetop) -> None:
    seen = record(PYTHON, PROGRAMS / "calls.py", "fork", options=("--comm", PYTHON.rpartition("/")[2]))
    assert spent_in(seen, "descend") > 3
    report = json.loads(icetop("report", "seen.pb.gz", "--format", "json").stdout)
    assert sum(row["name"].endswith("calls.descend") for row in report["functions"]) == 1
    assert len([row for row in report["processes"] if row["samples"]]) >= 3


@pytest.mark.parametrize("version", EACH)
def test_code_that_is_gone_gets_no_name_of_other_code(version: str, record: Record) -> None:
    """Each function runs once and is gone: its name has the number of its file, or there is none."""
    seen = record(*runs(version, "calls.py", "churn"))
    assert spent_in(seen, "churn") > 3
    for frames, _ in seen.python():
        for frame in frames:
            if "made_" in frame["name"]:
                assert frame["file"].rpartition("_")[2] == frame["name"].rpartition("_")[2]


def test_frames_of_the_interpreter_are_there_when_asked_for(record: Record, icetop: Icetop, tmp_path: Path) -> None:
    record(PYTHON, PROGRAMS / "calls.py", "coroutines")

    def samples_and_interpreter(*options: str) -> tuple[int, bool]:
        found = json.loads(icetop("report", "seen.pb.gz", "--format", "json", "--stacks", *options).stdout)
        binaries = {frame["binary"].rpartition("/")[2] for frame in found["frames"]}
        return found["samples"], any(name.startswith(("python3.", "libpython3.")) for name in binaries)

    def written(form: str, *options: str) -> bool:
        assert icetop("convert", "seen.pb.gz", f"seen{form}", *options).returncode == 0
        return "_PyEval_EvalFrameDefault" in (tmp_path / f"seen{form}").read_text()

    (plain, hidden), (whole, shown) = samples_and_interpreter(), samples_and_interpreter("--interpreter")
    assert plain == whole
    assert not hidden and shown
    for form in (".folded", ".speedscope.json", ".svg"):
        assert not written(form) and written(form, "--interpreter")


@pytest.mark.skipif("3.12" not in pythons(), reason="no Python 3.12 here")
def test_perf_trampolines_do_not_double_frames(record: Record) -> None:
    seen = record(pythons()["3.12"], "-X", "perf", PROGRAMS / "calls.py", "recursion")
    assert {names.count("descend") for names, _ in seen.names() if names[-1] == "spin"} == {40}
    assert not [frame for frames, _ in seen.python() for frame in frames if frame["name"].startswith("py::")]


@pytest.mark.parametrize("version", EACH)
def test_workers_are_complete_from_their_first_sample(version: str, record_command: Callable[..., Seen]) -> None:
    """Eight forked workers: what is known of their parent holds for them, and its program is known before it runs."""
    seen = record_command(*runs(version, "prefork.py", "0.05"))
    known, unknown = known_and_unknown(seen, of_workers=True)
    assert known > 300
    assert len({stack["pid"] for _, stack in seen.whole()}) == 9
    assert unknown <= FEW * known + 3


def test_workers_in_a_pid_namespace_of_their_own(record_command: Callable[..., Seen]) -> None:
    """Their numbers are others there; they are found by what the kernel knows of them."""
    seen = record_command("unshare", "-pf", "--mount-proc", PYTHON, PROGRAMS / "prefork.py", 0.06)
    known, unknown = known_and_unknown(seen, of_workers=True)
    assert known > 300
    assert unknown <= FEW * known + 3


@pytest.mark.parametrize("version", EACH)
def test_code_of_another_interpreter_has_its_callers_in_the_first(
    version: str, record_command: Callable[..., Seen]
) -> None:
    seen = record_command(*runs(version, "busy_interpreters.py", "0.15"))
    chains = Counter[tuple[str, ...]]()
    for names, samples in seen.names():
        if names[-1] == "inner":
            chains[tuple(names)] += samples
    inside = ("outer", "<module>", "middle", "inner")
    whole = {("<module>", *inside), *[chain for chain in chains if chain[-6:] == ("run", "beside", *inside)]}
    assert sum(chains[chain] for chain in whole) >= (1 - FEW) * chains.total() - 2, chains
    assert len(whole & set(chains)) >= 2


def test_greenlets_have_their_own_stacks(record_command: Callable[..., Seen]) -> None:
    """A greenlet is not called by whoever switched to it."""
    pytest.importorskip("greenlet")
    seen = record_command(sys.executable, PROGRAMS / "greenlets.py", 0.3)
    depths: Counter[int] = Counter()
    for names, samples in seen.names():
        if "down" in names:
            assert "run_hub" not in names
            assert names.index("down") == 0
            depths[names.count("down")] += samples
    assert depths.total() > 100
    assert set(depths) == {1, 2, 3, 4}


def test_a_shell_that_becomes_python(record_command: Callable[..., Seen]) -> None:
    """It is known from its first sample on, but for what it imports: code that runs once and is gone.

    The first recording may be the first that ever saw this interpreter; the second knows it before it runs.
    """
    for seconds in (0.002, 0.06):
        words = ("sh", "-c", f"sleep 0.01; exec {PYTHON} {PROGRAMS / 'prefork.py'} {seconds}")
        seen = record_command(*words)
    # A start takes some ten samples, a third of them in such code.
    assert known_and_unknown(seen, of_workers=False)[0] > 0
    known, unknown = known_and_unknown(seen, of_workers=True)
    assert known > 300
    assert unknown <= FEW * known + 3


@pytest.mark.soak
@pytest.mark.parametrize("version", VERSIONS)
def test_waiting_threads_are_as_py_spy_tells_them(version: str, start: Start, icetop: Icetop, tmp_path: Path) -> None:
    """Names and lines of every frame, in stacks of many shapes."""
    if shutil.which("py-spy") is None:
        pytest.skip("py-spy is not installed")
    process = start(*runs(version, "shapes.py"), stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    done = icetop("record", "-p", process.pid, "--kind", "offcpu", "-d", "3", "-o", "seen.pb.gz")
    assert done.returncode == 0, done.stderr
    told = subprocess.run(["py-spy", "dump", "-j", "-p", str(process.pid)], capture_output=True, text=True, check=True)
    seen = longest_stacks(tmp_path / "seen.pb.gz")
    compared = 0
    for thread in json.loads(told.stdout):
        if thread["os_thread_id"] in seen:
            shown = [frame for frame in thread["frames"] if not frame["name"].startswith("<shim")]
            frames = [(frame["name"].rpartition(".")[2], frame["line"]) for frame in shown]
            assert seen[thread["os_thread_id"]] == frames
            compared += len(frames)
    assert compared > 200


def longest_stacks(path: Path) -> dict[int, list[tuple[str, int]]]:
    """For each thread the Python frames, leaf first, in which it waited longest."""
    profile = FileSource(str(path), Limits(DEFAULT_LIMIT)).profile()
    longest: dict[int, tuple[int, list[tuple[str, int]]]] = {}
    for bucket in profile.timeline.buckets(None, None):
        counts = bucket.counts.get("offcpu", Counts())
        for node, series, value in zip(counts.nodes, counts.series, counts.values, strict=True):
            places = [profile.locations[place] for place in profile.stacks.walk(node)]
            lines = [line for place in places if place.language is Language.PYTHON for line in place.lines]
            tid = profile.series[series].tid
            if value > longest.get(tid, (0, []))[0]:
                longest[tid] = value, [(line.function.rpartition(".")[2], line.line) for line in lines]
    return {tid: stack for tid, (_, stack) in longest.items()}
