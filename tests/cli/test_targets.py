"""Options that choose processes: all that is given counts."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from icetop.cli.configuration import config_option
from icetop.cli.options import TargetCommand, target_options
from icetop.profiles.target import Target


@click.command(cls=TargetCommand)
@config_option
@target_options
def chosen(target: Target) -> Target:
    """Give the target."""
    return target


def target(*words: str) -> Target:
    found = click.Group(commands=[chosen]).main(["chosen", *words], standalone_mode=False)
    assert isinstance(found, Target)
    return found


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_options_given_again_add_up() -> None:
    found = target(
        "-c", "web", "-c", "db,cache", "-p", "1", "-p", "2,3", "--cgroup", "/a", "--cgroup", "/b", "-s", "x", "-s", "y"
    )
    assert found.containers == {"web", "db", "cache"}
    assert found.pids == {1, 2, 3}
    assert (found.cgroups, found.services) == ({"/a", "/b"}, {"x", "y"})
    assert str(target("-c", "web", "-c", "db")) == "container db,web"
    assert not target()


def test_namespaces_given_again_hold_for_all_names() -> None:
    assert target("-n", "shop", "-n", "ops", "--pod", "a", "--pod", "b").pods == {"shop/a", "shop/b", "ops/a", "ops/b"}


def test_the_environment_s_text_is_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICETOP_COMM", "Web Content,gunicorn")
    monkeypatch.setenv("ICETOP_PID", "7,8")
    assert (target().comms, target().pids) == ({"Web Content", "gunicorn"}, {7, 8})
    assert target("--comm", "x").comms == {"x"}


def test_a_file_has_lists_texts_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('container = ["web", "db"]\nservice = "a,b"\npid = 9\n')
    found = target("--config", str(tmp_path / "x.toml"))
    assert (found.containers, found.services, found.pids) == ({"web", "db"}, {"a", "b"}, {9})
