"""The wheel and the sdist: one import name, every data file, and use without bcc."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
BPF_DATA = ("bpf/**/*.h", "bpf/**/*.bpf.c", "bpf/**/*.json")
DATA = (*BPF_DATA, "themes/**/*.toml", "tui/**/*.tcss", "snapshots/*.pb.gz", "**/py.typed")
ROOMS = ("cli", "tui", "themes", "sampler", "bpf", "snapshots", "unwinding", "symbols", "targets", "profiles")


def build(kind: str, folder: Path, project: Path = PROJECT) -> Path:
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = (path for path in folder.iterdir() if path.suffix in (".whl", ".gz"))
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_one_name_at_the_top(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names_in(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"icetop"}


def test_every_module_and_data_file_is_in(wheel: Path) -> None:
    wanted = {path.relative_to(PROJECT) for room in ROOMS for path in (PROJECT / room).rglob("*.py")}
    wanted |= {path.relative_to(PROJECT) for path in PROJECT.glob("*.py")}
    wanted |= {
        path.relative_to(PROJECT)
        for pattern in DATA
        for room in ROOMS
        for path in (PROJECT / room).rglob(pattern.rpartition("/")[2])
        if pattern.startswith((room, "**"))
    }
    found = names_in(wheel)
    assert {f"icetop/{path}" for path in wanted} <= found
    assert any(name.endswith(".bpf.c") for name in found) and any(name.endswith("kconfig.h") for name in found)


def test_nothing_else_is_in(wheel: Path) -> None:
    stray = re.compile(r"(^|/)(tests|benchmarks|deploy|\.\w+|__pycache__|Makefile)(/|$)")
    assert [name for name in names_in(wheel) if stray.search(name)] == []


def test_the_wheel_built_from_the_sdist_is_the_same(wheel: Path, tmp_path: Path) -> None:
    source = build("sdist", tmp_path / "sdist")
    with tarfile.open(source) as archive:
        assert not any("/.namespace" in name or "/.venv" in name for name in archive.getnames())
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(tmp_path)
    again = build("wheel", tmp_path / "wheel", next(tmp_path.glob("icetop-*")))
    assert names_in(again) == names_in(wheel)


def run_without_bcc(unpacked: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code against the unpacked wheel and icetop's dependencies, in a python that has no bcc."""
    paths = [str(unpacked), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    start = f"import sys; sys.path[:0] = {paths!r}\n"
    command = [sys.executable, "-S", "-I", "-c", start + code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=unpacked, stdin=subprocess.DEVNULL)


IMPORT_ALL = """
import icetop, importlib, pkgutil
assert icetop.__file__.startswith(sys.path[0]), icetop.__file__
try:
    import bcc
except ImportError:
    pass
else:
    raise SystemExit("bcc is here")
names = [m.name for m in pkgutil.walk_packages(icetop.__path__, "icetop.") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_module_imports_without_bcc(unpacked: Path) -> None:
    done = run_without_bcc(unpacked, IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


MAIN = "sys.argv[0] = 'icetop'; from icetop.__main__ import main; sys.exit(main())"
FOLDED = "main;compute;scan 60\nmain;compute;sort 30\nmain;idle 10\n"


def test_convert_and_report_without_bcc(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "x.folded").write_text(FOLDED)
    converted = run_without_bcc(unpacked, MAIN, "convert", str(tmp_path / "x.folded"), str(tmp_path / "x.pb.gz"))
    assert converted.returncode == 0, converted.stderr
    reported = run_without_bcc(unpacked, MAIN, "report", str(tmp_path / "x.pb.gz"))
    assert reported.returncode == 0, reported.stderr
    assert "scan" in reported.stdout and "60" in reported.stdout


@pytest.mark.skipif(not (PROJECT / "snapshots/sample.pb.gz").exists(), reason="there is no sample recording yet")
def test_the_sample_recording_is_reported_without_bcc(unpacked: Path) -> None:
    sample = unpacked / "icetop/snapshots/sample.pb.gz"
    done = run_without_bcc(unpacked, MAIN, "report", str(sample))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 5


def test_the_doctor_runs_without_bcc(unpacked: Path) -> None:
    done = run_without_bcc(unpacked, "from icetop.sampler.doctor import run; sys.exit(run('json', 'none', True))")
    assert done.returncode in (0, 1), done.stderr
    assert json.loads(done.stdout)["checks"]


def make(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return done.stdout + done.stderr


def test_make_knows_its_targets() -> None:
    help_text = make("help")
    for target in ("run", "test", "soak", "bench", "setup"):
        assert f"make {target}" in help_text


def test_ci_ends_with_the_tests() -> None:
    script = PROJECT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash")
    planned = make("--dry-run", "test")
    steps = [planned.find(step) for step in ("ruff check", "ruff format", "mypy", "lint-imports", "-m pytest")]
    assert -1 not in steps and steps == sorted(steps)
