"""Writing whole or not at all, and which format a name means."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from icetop.snapshots import atomic
from icetop.snapshots.atomic import write_whole
from icetop.snapshots.formats import FileSink, UnknownFormat, encoder_for, save
from icetop.tests.profile_maker import rich_profile


def test_a_new_file_is_there_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.pb.gz"
    write_whole(str(path), b"content")
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["x.pb.gz"]


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_whole(str(path), b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o644)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_whole(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("fails", ["fsync", "replace", "fchmod"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, fails, fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_where_nothing_can_be_written_it_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(str(tmp_path / "none" / "x"), b"")
    with pytest.raises(IsADirectoryError):
        write_whole(str(tmp_path), b"")
    with pytest.raises(OSError, match="No space left"):
        write_whole("/dev/full", b"x")


def test_what_is_no_ordinary_file_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(str(pipe), b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_whole("-", b"\x1f\x8b")
    assert capfdbinary.readouterr().out == b"\x1f\x8b"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_under_sudo_a_new_file_belongs_to_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "nonsense")
    write_whole(str(tmp_path / "x"), b"")
    found = (tmp_path / "x").stat()
    assert (found.st_uid, found.st_gid) == (12345, 0)


def test_the_ending_says_the_format(tmp_path: Path) -> None:
    profile = rich_profile(2)
    for name, begin in (
        ("x.pb.gz", b"\x1f\x8b"),
        ("x.folded", b"evil"),
        ("x.svg", b"<?xml"),
        ("x.speedscope.json", b'{"$schema"'),
        ("x.json", b'{"schema"'),
    ):
        save(profile, str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(begin)
    assert encoder_for("-") is encoder_for("a.pb.gz")
    for name in ("x.png", "x", "x.pb", "folded"):
        with pytest.raises(UnknownFormat, match=r"there are \.pb\.gz, \.folded"):
            encoder_for(name)


def test_a_file_sink_keeps_the_last_window(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "x.folded"))
    sink.write(rich_profile(1))
    one = (tmp_path / "x.folded").read_bytes()
    sink.write(rich_profile(2))
    sink.close()
    assert (tmp_path / "x.folded").read_bytes() != one
    with pytest.raises(UnknownFormat):
        FileSink("x.txt")
