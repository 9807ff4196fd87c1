"""Where options get their values: command line, environment, config.toml, in this order."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from icetop.profiles.printable import printable
from icetop.snapshots.formats import save
from icetop.tests.profile_maker import rich_profile

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    save(rich_profile(2), str(tmp_path / "x.pb.gz"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ICETOP_", "XDG_"))}
    environment = {**kept, "HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT / ".namespace")}

    def call(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "icetop", *args],
            capture_output=True, text=True, cwd=tmp_path, env={**environment, **variables},
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    return call


def rows(done: subprocess.CompletedProcess[str]) -> int:
    """How many functions a text report lists."""
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Flat"))
    return len([line for line in lines[start + 1 :] if not line.startswith("…")])


def configure(folder: Path, text: str | bytes, name: str = "home/.config/icetop/config.toml") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(run: Run, tmp_path: Path) -> None:
    assert rows(run("report", "x.pb.gz")) > 5
    configure(tmp_path, "top = 5\n")
    assert rows(run("report", "x.pb.gz")) == 5
    assert rows(run("report", "x.pb.gz", ICETOP_TOP="4")) == 4
    assert rows(run("report", "x.pb.gz", "--top", "3", ICETOP_TOP="4")) == 3
    assert rows(run("report", "x.pb.gz", ICETOP_TOP="")) == 5


def test_a_table_is_for_its_command_alone_and_wins_over_the_top(run: Run, tmp_path: Path) -> None:
    configure(tmp_path, "top = 5\nno-kernel = true\n[report]\ntop = 2\n[open]\nmin_samples = 1\n")
    assert rows(run("report", "x.pb.gz")) == 2
    configure(tmp_path, "[open]\nmin-samples = 1000000\n")
    assert rows(run("report", "x.pb.gz")) > 5
    assert rows(run("open", "x.pb.gz")) == 0


def test_another_file_can_be_named_on_either_side_of_the_command_or_in_the_environment(
    run: Run, tmp_path: Path
) -> None:
    configure(tmp_path, "top = 5\n")
    configure(tmp_path, "top = 2\n", "other.toml")
    assert rows(run("report", "x.pb.gz", "--config", "other.toml")) == 2
    assert rows(run("--config", "other.toml", "report", "x.pb.gz")) == 2
    assert rows(run("report", "x.pb.gz", ICETOP_CONFIG="other.toml")) == 2


def test_values_of_all_sorts(run: Run, tmp_path: Path) -> None:
    for text in ("pid = 200\n", 'pid = "200"\n', "pid = [200, 12345]\n", 'pid = "200,12345"\n'):
        configure(tmp_path, text)
        assert "target pid 200" in run("report", "x.pb.gz").stdout
    configure(tmp_path, 'comm = ["postgres", "x"]\nno-kernel = true\nmin-share = 0.5\nhide = ["m*", "evil*"]\n')
    done = run("report", "x.pb.gz")
    assert "target comm postgres,x" in done.stdout
    assert "do_syscall_64" not in done.stdout
    assert "do_syscall_64" in run("report", "x.pb.gz", ICETOP_NO_KERNEL="0").stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tpo = 5\n", "config.toml: there is no setting 'tpo' (did you mean top?)"),
        ("[report]\nformatt = 5\n", "config.toml: there is no setting 'formatt' in [report] (did you mean format?)"),
        ("[convert]\ntop = 5\n", "config.toml: there is no setting 'top' in [convert]"),
        ("[reprot]\ntop = 5\n", "config.toml: there is no setting 'reprot'"),
        ("config = 'x'\n", "config.toml: there is no setting 'config'"),
        ("top = 2026-01-01\n", "config.toml: the setting 'top' is not a text, a number, true or false, or a list"),
        ("top = {a = 1}\n", "config.toml: the setting 'top' is not a text"),
        ("top = \n", "config.toml: it is not valid TOML: "),
        ("top = 1\ntop = 2\n", "config.toml: it is not valid TOML: "),
        (b"\xff\xfe", "config.toml: it is not valid TOML: "),
        (b"a = " + b"[" * 100_000, "config.toml: it is not valid TOML: "),
        (b"#" * (2 << 20), "config.toml: it is no configuration file"),
        ("top = 'many'\n", "'many' is not a valid integer range (set by top in the configuration file)"),
        ("top = 0\n", "(set by top in the configuration file)"),
        ("sort = 'size'\n", "(set by sort in the configuration file)"),
        ("pid = ['x']\n", "is not a process id"),
    ],
)
def test_a_broken_file_is_one_line(run: Run, tmp_path: Path, text: str | bytes, why: str) -> None:
    configure(tmp_path, text)
    done = run("report", "x.pb.gz")
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("icetop: ")
    assert done.stderr == printable(done.stderr[:-1]) + "\n"


def test_a_named_file_must_be_there(run: Run) -> None:
    done = run("report", "x.pb.gz", "--config", "none.toml")
    assert (done.returncode, done.stderr) == (
        2,
        "icetop: none.toml: No such file or directory (icetop report --help)\n",
    )


def test_a_broken_value_in_the_environment_is_named(run: Run) -> None:
    done = run("report", "x.pb.gz", ICETOP_TOP="many")
    assert done.returncode == 2
    assert done.stderr.endswith("(set by ICETOP_TOP in the environment)\n")


def test_every_option_of_every_command_is_a_setting() -> None:
    import click
    from icetop.cli.configuration import Setting
    from icetop.cli.live import live
    from icetop.cli.main import cli

    assert cli.commands["live"] is live
    for name, command in cli.commands.items():
        for option in command.params:
            if isinstance(option, click.Option) and option.name != "help" and "--config" not in option.opts:
                assert isinstance(option, Setting), f"{name} {option.opts}"
                assert option.envvar == "ICETOP_" + option.file_key.upper().replace("-", "_")
