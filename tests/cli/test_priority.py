"""A collector's priority is raised before its imports, and never for a command that it starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from icetop.cli.priority import hurry
from icetop.sampler import priority


@pytest.mark.parametrize(
    ("words", "raised"),
    [
        (["agent", "-F", "99"], True),
        (["record", "-o", "x"], True),
        (["record", "--", "make"], False),
        (["open", "record"], False),
        ([], False),
    ],
)
def test_only_a_collector_without_a_command(words: list[str], raised: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda *given: calls.append(given))
    hurry(words)
    assert bool(calls) == raised


def test_that_it_may_not_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    hurry(["agent"])


def test_a_session_is_raised_by_its_leader_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    group = tmp_path / "autogroup"
    monkeypatch.setattr(os, "setpriority", lambda *given: None)
    monkeypatch.setattr(priority, "AUTOGROUP", str(group))
    monkeypatch.setattr(os, "getsid", lambda pid: os.getppid())
    priority.raise_priority()
    monkeypatch.setattr(os, "getsid", lambda pid: os.getpid())
    priority.raise_priority(whole_session=False)
    assert not group.exists()
    priority.raise_priority()
    assert group.read_text() == str(priority.NICE)
