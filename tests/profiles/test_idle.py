"""Threads that wait for work are set aside, and their sum is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from icetop.profiles.delta import Context, Counts, Delta
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.report import build_report
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.view import View
from icetop.profiles.vocabulary import WAITING, Language

STACKS = {
    ("main", "serve", "epoll_wait", "do_epoll_wait", "[events]"): 700,
    ("main", "handler", "recv", "tcp_recvmsg", "[network]"): 200,
    ("main", "ProcSleep", "WaitLatch", "ep_poll", "[events]"): 50,
    ("concurrent.futures.thread._worker", "do_futex", "futex_wait", "[lock]"): 300,
    ("consume", "queue.Queue.get", "threading.Condition.wait", "futex_wait", "[lock]"): 100,
    ("concurrent.futures.thread._worker", "shop.views.search", "recv", "tcp_recvmsg", "[network]"): 150,
}


def profile() -> Profile:
    names = sorted({name for stack in STACKS for name in stack})
    nodes, counts, ran = [], Counts(), Counts()
    for stack, value in STACKS.items():
        parent = 0
        for name in stack:
            nodes.append((parent, names.index(name)))
            parent = ROOTS + len(nodes) - 1
        counts.add(parent, 0, 1, value)
    ran.add(parent - 1, 0, 1, 30)  # in futex_wait, of a worker
    locations = [
        Location(
            Language.PYTHON if "." in name else Language.NATIVE,
            WAITING if name[0] == "[" else "/b",
            "",
            at,
            (Line(name),),
        )
        for at, name in enumerate(names)
    ]
    found = Profile(Context(kinds=("cpu", "offcpu")))
    series = [Series(1, 1, 1, "app", "")]
    found.fold(Delta(0, 1, locations, nodes, series, counts={"offcpu": counts, "cpu": ran}))
    return found


@pytest.mark.parametrize(("kind", "total"), [("offcpu", 400), ("wall", 430)])
def test_what_waits_for_work_is_no_part_of_the_total_and_is_said(kind: str, total: int) -> None:
    report = build_report(profile(), View(kind=kind))
    assert (report.total, report.set_aside) == (total, 1100)
    assert {row.frame.name for row in report.functions} >= {"handler", "ProcSleep", "shop.views.search"}
    assert "serve" not in {row.frame.name for row in report.functions}


def test_all_of_it_when_asked_for() -> None:
    report = build_report(profile(), replace(View(kind="offcpu"), idle=True))
    assert (report.total, report.set_aside) == (1500, 0)


def test_time_on_a_cpu_is_never_set_aside() -> None:
    assert build_report(profile(), View(kind="cpu")).total == 30
