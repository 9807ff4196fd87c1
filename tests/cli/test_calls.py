"""The command as people call it: what it prints, what it refuses, how it exits."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.series import Series
from icetop.profiles.target import Target
from icetop.profiles.view import Stretch, View
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.formats import save
from icetop.snapshots.pprof_writer import encode_pprof
from icetop.tests.profile_maker import SECOND, START, ProfileMaker, rich_profile

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ICETOP_", "XDG_"))}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT / ".namespace")}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Run:
    def call(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "icetop", *args],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    return call


@pytest.fixture
def saved(tmp_path: Path) -> str:
    save(rich_profile(8), str(tmp_path / "x.pb.gz"))
    return "x.pb.gz"


def refused(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line on stderr of a call that came to nothing."""
    assert done.returncode == status, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 2, done.stderr
    assert lines[0].startswith("icetop: ")
    assert "Traceback" not in done.stderr
    return lines[0].removeprefix("icetop: ")


def test_the_report_of_a_file_is_the_report_of_its_profile(run: Run, saved: str) -> None:
    done = run("report", saved, "--format", "json", "--stacks")
    assert done.returncode == 0
    assert json.loads(done.stdout) == report_json(build_report(rich_profile(8), View(), stacks=True))
    assert done.stderr == "icetop: second 3: because (mend)\n"


def test_a_part_of_a_report(run: Run, saved: str) -> None:
    options = ("--range", "2..-2", "-p", "100,200", "--comm", "hidden", "--sort", "cum", "--top", "3", "--no-kernel")
    done = run("report", saved, "--format", "json", *options)
    profile = rich_profile(8)
    view = View(
        stretch=Stretch(START + 2 * SECOND, profile.timeline.end_ns - 2 * SECOND),
        target=Target(pids=frozenset((100, 200)), comms=frozenset(("hidden",))),
        kernel=False,
    )
    assert json.loads(done.stdout) == report_json(build_report(profile, view, "cum", 3))


def test_a_part_by_container_pod_and_service(run: Run, tmp_path: Path) -> None:
    maker = ProfileMaker()
    for pid, name in enumerate(("app", "sidecar"), 1):
        labels = {"container": name, "pod": "web-1", "namespace": "shop", "service": "web"}
        maker.sample("main", 3 * pid, Series(pid, 1, pid, name), **labels)
    save(maker.tick(), str(tmp_path / "pods.pb.gz"))
    for options, samples in (
        (("-c", "app"), 3),
        (("-n", "shop", "-c", "sidecar"), 6),
        (("--pod", "shop/web-1"), 9),
        (("-s", "web"), 9),
    ):
        done = run("report", "pods.pb.gz", "--format", "json", *options)
        assert json.loads(done.stdout)["samples"] == samples
    why = refused(run("report", "pods.pb.gz", "--pod", "other/web-1"), 1)
    assert why == "pods.pb.gz: it has no pod 'other/web-1' (it has web-1)"
    assert "it has app, sidecar" in refused(run("convert", "pods.pb.gz", "x.folded", "-c", "ap"), 1)


def test_the_text_is_whole_without_a_terminal(run: Run, saved: str) -> None:
    done = run("report", saved)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Total CPU time: ")
    assert any(line.split() == ["Flat", "Flat%", "Sum%", "Cum", "Cum%", "Name"] for line in lines)
    assert "\x1b" not in done.stdout
    assert done.stdout == run("open", saved).stdout


def test_text_is_cut_to_the_top_and_json_is_not(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.folded").write_text("".join(f"p;main;f{number} {number + 1}\n" for number in range(90)))
    assert "… 51 more (--top 91 shows all)" in run("report", "x.folded").stdout
    assert "more (--top" not in run("report", "x.folded", "--top", "91").stdout
    assert len(json.loads(run("report", "x.folded", "--format", "json").stdout)["functions"]) == 91


def test_converting_there_and_back(run: Run, saved: str, tmp_path: Path) -> None:
    assert run("convert", saved, "a.folded").returncode == 0
    assert run("convert", "a.folded", "b.pb.gz").returncode == 0
    assert run("convert", "b.pb.gz", "c.folded").returncode == 0
    assert (tmp_path / "a.folded").read_text() == (tmp_path / "c.folded").read_text()
    assert run("convert", saved, "part.pb.gz", "--range", "0..3", "-p", "200").returncode == 0
    part = json.loads(run("report", "part.pb.gz", "--format", "json").stdout)
    whole = json.loads(run("report", saved, "--range", "0..3", "-p", "200", "--format", "json").stdout)
    assert part == whole


def test_converting_to_stdout(saved: str, tmp_path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "icetop", "convert", saved, "-"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60)
    assert done.stdout == encode_pprof(FileSource(str(tmp_path / saved)).profile())


def test_what_comes_through_a_pipe(run: Run, tmp_path: Path, environment: dict[str, str], saved: str) -> None:
    def piped(path: str) -> subprocess.CompletedProcess[str]:
        words = ["sh", "-c", f'cat "$0" | {sys.executable} -m icetop report -', path]
        return subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60)

    assert piped(saved).stdout == run("report", saved).stdout != ""
    (tmp_path / "text").write_bytes(b"hello\n")
    assert refused(piped("text"), 1).endswith("/stdin: it is none of the formats that icetop reads")


def test_bad_files(run: Run, tmp_path: Path, saved: str) -> None:
    content = (tmp_path / saved).read_bytes()
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    (tmp_path / "text").write_bytes(b"hello\n")
    (tmp_path / "bomb").write_bytes(gzip.compress(gzip.decompress(content) + b"\x32\x80\x80\x40" + bytes(1 << 20)))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10 << 30)
    for name, why in (
        ("empty", "it is empty"),
        ("cut", "it is cut off"),
        ("text", "it is none of the formats that icetop reads"),
        ("sparse", "it holds more than 536,870,912 bytes (--file-limit 2048MiB takes larger ones)"),
        ("none", "No such file or directory"),
        ("home", "the folder holds no recording (icetop record -o FOLDER makes one)"),
    ):
        assert refused(run("report", name), 1) == f"{name}: {why}"
        if name in ("cut", "home"):
            for command in (("open", name), ("report", "--format", "json", name), ("convert", name, "out.folded")):
                assert refused(run(*command), 1) == f"{name}: {why}"
    assert refused(run("report", "bomb", "--file-limit", "1MiB"), 1).startswith(
        "bomb: it holds more than 1,048,576 bytes"
    )
    assert not (tmp_path / "out.folded").exists()


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("frobnicate",), "there is no command 'frobnicate' (by name: --comm frobnicate; to start it: -- frobnicate)"),
        (("x.pb.gz",), "'x.pb.gz' is not a command (to look at a file: icetop open x.pb.gz)"),
        (("-F", "9", "sleep", "1"), "a command to start stands after --"),
        (("record", "--"), "no command after --"),
        (("report",), "Missing argument 'FILE|FOLDER...' (icetop report --help)"),
        (("report", "x.pb.gz", "--nonsense"), "No such option"),
        (("report", "x.pb.gz", "--sort", "size"), "Invalid value for '--sort'"),
        (("report", "x.pb.gz", "--sort", "delta"), "--sort delta is the order of a comparison"),
        (("report", "x.pb.gz", "--baseline", "nowhere.pb.gz"), "--baseline: no such file"),
        (("report", "x.pb.gz", "--top", "0"), "Invalid value for '--top'"),
        (("report", "x.pb.gz", "-p", "abc"), "'abc' is not a process id, or several with commas between"),
        (("report", "x.pb.gz", "-p", "1,,2"), "'1,,2' is not a process id"),
        (("report", "x.pb.gz", "-p", "0"), "'0' is not a process id"),
        (("report", "x.pb.gz", "--range", "5"), "--range: '5' is not A..B"),
        (("report", "x.pb.gz", "--range", "9..3"), "--range: '9..3' ends before it begins"),
        (("report", "x.pb.gz", "--file-limit", "lots"), "'lots' is not a size such as 512MiB"),
        (("report", "x.pb.gz", "--file-limit", "0"), "'0' is not a size"),
        (("report", "x.pb.gz", "--color", "mauve"), "Invalid value for '--color'"),
        (
            ("convert", "x.pb.gz", "x.gif"),
            "x.gif: its ending says no known format: there are .pb.gz, .folded, .speedscope.json, .svg, .json",
        ),
        (("convert", "x.pb.gz"), "Missing argument 'OUT'"),
    ],
)
def test_wrong_calls(run: Run, saved: str, args: tuple[str, ...], why: str) -> None:
    assert why in refused(run(*args), 2)


def test_what_could_not_be_done(run: Run, saved: str) -> None:
    assert refused(run("convert", saved, "no/where.folded"), 1) == "no/where.folded: No such file or directory"
    assert refused(run("report", saved, "--kind", "alloc"), 1) == "x.pb.gz: it has no kind 'alloc' (it has cpu)"
    assert refused(run("convert", saved, "y.folded", "--kind", "alloc"), 1).startswith("x.pb.gz: it has no kind")


def test_hostile_names_stay_harmless_on_every_way_out(run: Run, saved: str, tmp_path: Path) -> None:
    for args in (("report", saved), ("convert", saved, "x.folded"), ("report", "\x1b[31m\n"), ("\x1b]0;x\x07",)):
        done = run(*args)
        assert not set(done.stdout + done.stderr) & {"\x1b", "\x07", "\u202e"}
    assert not set((tmp_path / "x.folded").read_text()) & {"\x1b", "\u202e"}


def test_common_options_may_stand_before_the_command(run: Run, saved: str) -> None:
    plain = run("report", saved)
    assert run("--ascii", "--color", "none", "report", saved).stdout == plain.stdout
    assert run("--color=none", "report", saved, "--ascii").stdout == plain.stdout


def test_help_and_version(run: Run) -> None:
    version = run("--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("icetop ")
    for args in (("--help",), ("-h",), ("report", "--help"), ("open", "-h"), ("convert", "-h"), ("doctor", "-h")):
        done = run(*args)
        assert done.returncode == 0
        assert done.stdout.startswith("Usage: icetop")
    for word in ("open", "report", "convert", "doctor", "--color", "--ascii", "--config"):
        assert word in run("--help").stdout


def test_the_doctor_is_a_command(run: Run) -> None:
    done = run("doctor", "--format", "json")
    assert done.returncode in (0, 1)
    assert json.loads(done.stdout)["checks"]


def test_a_reader_that_goes_away_is_no_error(saved: str, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "big.folded").write_text("".join(f"p;main;{'f' * 200}{number} 1\n" for number in range(5000)))
    command = f"{sys.executable} -m icetop report big.folded --top 5000 | head -c 10"
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"Total samp", b"")


def test_a_full_disk_is_said(saved: str, tmp_path: Path, environment: dict[str, str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "icetop", "report", saved, "--range", "4.."],
            cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "icetop: output: No space left on device"


def test_an_interrupt_ends_quietly(tmp_path: Path, environment: dict[str, str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = subprocess.Popen(
        [sys.executable, "-m", "icetop", "report", "pipe"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # who runs the tests may ignore it
    )  # fmt: skip
    with open(tmp_path / "pipe", "wb") as pipe:
        pipe.write(b"x")
        pipe.flush()
        time.sleep(0.5)  # a signal in the microseconds right before a read is looked at after it, and this one lasts
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (out, error.strip()) == ("", "")


def test_what_nobody_foresaw_is_one_line_and_a_traceback_only_when_asked_for(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    script = (
        "import sys, icetop.snapshots.file_source as f\n"
        "f.FileSource.profile = lambda self: {}['surprise']\n"
        "from icetop.cli.main import run\n"
        "sys.exit(run(['report', 'x']))"
    )

    def call(**variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", script], env={**environment, **variables}, capture_output=True, text=True, timeout=60
        )

    assert refused(call(), 1) == "unexpected: KeyError: 'surprise' (ICETOP_DEBUG=1 shows where)"
    loud = call(ICETOP_DEBUG="1")
    assert loud.returncode == 1
    assert "Traceback" in loud.stderr


@pytest.mark.parametrize("command", [["open"], ["report"], ["convert"]])
def test_files_need_no_linux(saved: str, tmp_path: Path, environment: dict[str, str], command: list[str]) -> None:
    args = [*command, saved, *(["y.folded"] if command == ["convert"] else [])]
    script = f"import sys; sys.platform = 'darwin'\nfrom icetop.cli.main import run\nsys.exit(run({args!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_version_and_a_start_are_light(environment: dict[str, str]) -> None:
    script = (
        "import sys\nfrom icetop.cli.main import run\nrun(['--version'])\n"
        "print([m for m in ('numpy', 'textual', 'psutil', 'asyncio', 'google.protobuf', 'bcc') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done
