"""What is kept between starts, and when it is not trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from icetop.sampler.loader import kept
from icetop.sampler.loader.kept import Keeper, default_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "cache")


def test_what_is_written_is_read_again(keeper: Keeper) -> None:
    assert keeper.read("form") is None
    keeper.write("form", {"a": 1})
    assert keeper.read("form") == {"a": 1}
    assert keeper.complaints == []
    assert [path.name for path in keeper.folder.iterdir()] == ["form.json"]


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_not_used_and_that_is_said(keeper: Keeper, mode: int) -> None:
    keeper.write("form", {"a": 1})
    (keeper.folder / "form.json").chmod(mode)
    assert keeper.read("form") is None
    assert "can be written by others" in keeper.complaints[0]


def test_a_folder_that_others_can_write_is_neither_read_nor_written(keeper: Keeper) -> None:
    keeper.write("form", {"a": 1})
    keeper.folder.chmod(0o777)
    assert keeper.read("form") is None
    keeper.write("other", {"a": 1})
    assert len(keeper.complaints) == 2
    assert not (keeper.folder / "other.json").exists()


@as_root
@pytest.mark.parametrize("which", ["file", "folder"])
def test_what_belongs_to_another_user_is_not_used(keeper: Keeper, which: str) -> None:
    keeper.write("form", {"a": 1})
    os.chown(keeper.folder / "form.json" if which == "file" else keeper.folder, 12345, 0)
    assert keeper.read("form") is None
    assert "belongs to user 12345" in keeper.complaints[0]


def test_a_link_is_not_followed(keeper: Keeper, tmp_path: Path) -> None:
    keeper.write("form", {"a": 1})
    (keeper.folder / "form.json").rename(tmp_path / "elsewhere.json")
    (keeper.folder / "form.json").symlink_to(tmp_path / "elsewhere.json")
    assert keeper.read("form") is None
    assert keeper.complaints


@pytest.mark.parametrize("text", ["", "{", "[1]", '"a"', "[" * 100_000, '{"a": "' + "x" * kept.LARGEST + '"}'])
def test_a_damaged_file_is_not_used_and_that_is_said(keeper: Keeper, text: str) -> None:
    keeper.write("form", {"a": 1})
    (keeper.folder / "form.json").write_text(text)
    assert keeper.read("form") is None
    assert "form.json" in keeper.complaints[0]


def test_a_folder_that_cannot_be_made_is_said_and_nothing_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    keeper = Keeper(tmp_path / "file" / "cache")
    keeper.write("form", {"a": 1})
    assert "nothing is kept" in keeper.complaints[0]


@as_root
def test_root_never_keeps_in_a_users_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICETOP_CACHE", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/somebody/.cache")
    assert default_folder() == Path("/var/cache/icetop")
