"""The screen here, the collector at the other end of a command's pipes."""

from __future__ import annotations

import random
import shlex
import subprocess
import sys
from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import msgpack
import pytest
from icetop.cli.far import folded
from icetop.profiles.delta import Context, Counts, Delta
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.source import SourceError
from icetop.profiles.stacks import ROOTS
from icetop.profiles.target import Target
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language
from icetop.sampler.agent_source import AgentSource, far_agent
from icetop.sampler.options import CollectOptions
from icetop.sampler.wire import HEAD, MAGIC, VERSION, BadMessage, pack_delta, unpack_delta, write_message
from icetop.tui.picture import Camera

AGENT = shlex.join([sys.executable, "-m", "icetop", "agent"])
THROUGH_A_SHELL = shlex.join(
    [sys.executable, "-c", "import os, sys; os.execvp('sh', ['sh', '-c', ' '.join(sys.argv[1:])])"]
)
"""Does with its words what ssh does."""


def icetop(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "icetop", *words], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.bpf
def test_a_report_from_elsewhere_with_the_target_handed_on(shares: Path) -> None:
    via = f"{THROUGH_A_SHELL} {AGENT}"
    words = ["sh", "-c", f"exec {shares} 3; echo 'not; this'"]
    done = icetop("--via", via, "-d", "2", "-F", "499", "--", *words)
    assert done.returncode == 0, done.stderr
    assert "burn_sixty" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.bpf
def test_the_far_end_s_errors_come_through() -> None:
    done = icetop("--via", AGENT, "-p", "4194000")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no process 4194000" in done.stderr


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("sh -c 'echo Permission denied, please try again. >&2; exit 255'", "Permission denied, please try again."),
        ("echo Welcome to web-3, have a nice day", "does not speak icetop's language"),
        ("true", "exit status 0"),
        ("sh -c 'kill -9 $$'", "killed by signal 9"),
        ("/nonexistent/ssh web-3", "cannot run /nonexistent/ssh"),
    ],
)
def test_what_is_no_collector_is_said(command: str, why: str) -> None:
    done = icetop("--via", command)
    assert (done.returncode, done.stdout) == (1, "")
    assert why in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["", "   ", "ssh 'web"])
def test_what_is_no_command_is_a_wrong_call(command: str) -> None:
    assert icetop("--via", command).returncode == 2


def test_two_far_ends_are_shown_as_one_and_a_third_that_fails_is_said(tmp_path: Path) -> None:
    far_ends = []
    for host, function in (("web-3", "of_three"), ("web-4", "of_four")):
        counts = Counts(array("I", [ROOTS]), array("I", [0]), array("I", [50]), array("q", [500_000_000]))
        location = Location(Language.NATIVE, "/bin/x", "ab", 16, (Line(function),))
        delta = Delta(7, 8, [location], [(0, 0)], [Series(5, 9, 5, "x")], counts={"cpu": counts}, expected=50)
        with (tmp_path / host).open("wb") as file:
            write_message(file, {"delta": pack_delta(replace(delta, context=Context(host, "6.1", 2), last=True))})
        far_ends += ["--via", f"sh -c 'cat {tmp_path / host}'"]
    done = icetop(*far_ends, "--via", "sh -c 'echo no such key >&2; exit 255'", "-d", "1")
    assert done.returncode == 0, done.stderr
    assert "host web-3 + web-4" in done.stdout or "host web-4 + web-3" in done.stdout
    assert {"of_three", "of_four"} <= set(done.stdout.split())
    assert "no such key" in done.stderr


def test_what_to_compare_with_elsewhere_goes_with_one_far_end_alone() -> None:
    done = icetop("--via", "x", "--via", "y", "--baseline-via", "z")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--baseline-via goes with one --via" in done.stderr


def said(path: Path, *deltas: Delta, tail: bytes = b"") -> AgentSource:
    """A far end that says these deltas and then the tail, and waits."""
    with path.open("wb") as file:
        for delta in deltas:
            write_message(file, {"delta": pack_delta(delta)})
        file.write(tail)
    return far_agent(f"sh -c 'cat {path}'", CollectOptions())


def test_another_version_is_said_once_and_a_cut_off_pipe_keeps_what_was_had(tmp_path: Path) -> None:
    first = Delta(1, 2, expected=3, context=Context(version="9.9\x1b[31m"))
    source, profile, notices = said(tmp_path / "x", first, first, tail=b"ice"), Profile(), []
    source.greet()
    with pytest.raises(SourceError, match="the far end ended") as error:
        for delta in source.deltas():
            profile.fold(delta)
            notices += delta.notices
    assert "cut short" in str(error.value)
    assert len(notices) == 1
    assert "9.9" in notices[0].what
    assert "\x1b" not in notices[0].what
    assert profile.timeline.end_ns == 2


@pytest.mark.parametrize("head", [HEAD.pack(MAGIC, VERSION + 1, 1) + b"x", HEAD.pack(MAGIC, VERSION, 1 << 31)])
def test_another_wire_and_lying_sizes_are_refused(tmp_path: Path, head: bytes) -> None:
    with pytest.raises(SourceError, match=r"version|too large"):
        said(tmp_path / "x", tail=head).greet()


def test_orders_carry_names(tmp_path: Path) -> None:
    from icetop.sampler.wire import pack_target, unpack_target

    target = Target(frozenset((1,)), *(frozenset((word,)) for word in "abcdef"))
    assert unpack_target(pack_target(target)) == target
    assert unpack_target({"pids": [1], "comms": ["a"], "cgroups": []}) == Target(frozenset((1,)), frozenset(("a",)))


def test_seconds_count_from_where_the_far_end_begins_to_sample() -> None:
    class Late:
        live = True

        def __init__(self) -> None:
            self.over, self.early = Event(), False

        def stop(self) -> None:
            self.over.set()

        def deltas(self) -> Iterator[Delta]:
            yield Delta(1, 1, stage="starting")
            self.early = self.over.wait(0.3)
            yield Delta(1, 2, context=Context())
            yield Delta(2, 3, context=Context(target="another"))
            self.over.wait(60)
            yield Delta(3, 4, last=True)

    source = Late()
    assert folded(source, 0.05).timeline.end_ns == 4
    assert source.over.is_set() and not source.early


HOSTILE = [
    None, -1, 0, 2**31, 2**32 - 1, 2**32, 2**63 - 1, -(2**63), 2**64 - 1, 1e308, float("inf"), float("nan"), True,
    "", "x" * 100_000, "\x1b[31m\0\x07[bold]\u202e", b"", b"\xff" * 7, b"\xff" * 8, [], {}, [[]],
]  # fmt: skip


def paths_in(node: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    if path:
        yield path
    rows = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, below in rows:
        yield from paths_in(below, (*path, key))


def spoilt(message: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The message with up to three of its values replaced by such as nobody expects."""
    for _ in range(chance.randint(1, 3)):
        *way, last = chance.choice(list(paths_in(message)))
        node: Any = message
        for key in way:
            node = node[key]
        node[last] = chance.choice(HOSTILE)
    return message


def test_a_hostile_far_end_is_refused_or_drawn_and_never_more() -> None:
    counts = Counts(array("I", [ROOTS]), array("I", [0]), array("I", [3]), array("q", [30]))
    delta = replace(
        Delta(1, 2, expected=4, context=Context("h", "6.1", 2, 1, 99), lost={"ring_full": 1}, counts={"cpu": counts}),
        locations=[Location(Language.NATIVE, "/bin/x", "ab", 16, (Line("f", "f.c", 7, 5),))],
        nodes=[(0, 0)],
        series=[Series(5, 99, 6, "x", "/a")],
        labels={0: {"process": "x", "container": "c"}},
    )
    drawn = 0
    for seed in range(300):
        message = msgpack.unpackb(msgpack.packb(pack_delta(delta)), strict_map_key=False)
        profile = Profile()
        try:
            profile.fold(unpack_delta(spoilt(message, random.Random(seed))))
        except (BadMessage, ValueError):
            continue
        Camera().take(profile, View())
        drawn += 1
    assert 10 < drawn < 290
