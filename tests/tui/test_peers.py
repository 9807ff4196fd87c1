"""Waits on the screen: causes, and the way to who is at the other end."""

from __future__ import annotations

import pytest
from icetop.profiles.delta import Context, Counts, Delta
from icetop.profiles.locations import Line, Location
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.target import Target
from icetop.profiles.view import View
from icetop.profiles.vocabulary import PEER, WAITING, Language
from icetop.tests.tui.test_app import FixedSource, running

SECOND = 1_000_000_000
NAMES = [
    Location(Language.NATIVE, "/b", "", 1, (Line("main"),)),
    Location(Language.KERNEL, WAITING, "network", 0, (Line("[network]"),)),
    Location(Language.KERNEL, PEER, "812", 1, (Line("[to postgres 812]"),)),
    Location(Language.KERNEL, WAITING, "lock", 0, (Line("[lock]"),)),
    Location(Language.KERNEL, PEER, "7/9", 2, (Line("[woken by worker 9]"),)),
]
NODES = [(0, 0), (ROOTS, 1), (ROOTS + 1, 2), (ROOTS, 3), (ROOTS + 3, 4)]


class Steered(FixedSource):
    """Notes what it is told to sample."""

    def __init__(self) -> None:
        counts = Counts()
        counts.add(ROOTS + 2, 0, 3, 6 * SECOND)
        counts.add(ROOTS + 4, 0, 5, 2 * SECOND)
        counts.add(ROOTS + 4, 1, 1, SECOND)
        context = Context("h", "6.1", 2, kinds=("cpu", "offcpu"))
        series = [Series(7, 1, 7, "app"), Series(7, 1, 9, "worker")]
        super().__init__([Delta(0, SECOND, NAMES, NODES, series, counts={"offcpu": counts}, context=context)])
        self.targets: list[Target] = []

    def retarget(self, target: Target) -> None:
        self.targets.append(target)

    def set_rate(self, frequency_hz: int) -> None: ...


@pytest.mark.parametrize(("way", "pid", "level"), [((), 812, "process"), (("l",), 7, "thread")])
async def test_enter_goes_to_the_other_end(way: tuple[str, ...], pid: int, level: str) -> None:
    """From a socket to its process, from a lock to the thread that let go of it; and shows all of its time."""
    source = Steered()
    async with running(source, view=View(kind="offcpu")) as person:
        await person.sees("[to postgres 812]")
        await person.press("j", "j", "j", *way, "j", "enter")
        await person.sees(lambda _: bool(source.targets))
        assert source.targets == [Target(pids=frozenset((pid,)))]
        view = person.app._choices.view
        assert (view.target, view.kind, view.first_level) == (source.targets[0], "wall", level)


async def test_causes_are_a_column_a_filter_and_a_colour() -> None:
    async with running(Steered(), view=View(kind="offcpu")) as person:
        text = await person.sees("[to postgres 812]")
        assert "Cause" in text and "1 cpu  2 offcpu  3 wall  5 lock" in text
        assert any(line.split()[-2:] == ["lock", "▎"] or " lock ▎" in line for line in text.splitlines())
        await person.press("C")
        text = await person.sees("waits for network alone")
        assert "[lock]" not in text
        await person.press("C", "5")
        text = await person.sees("of waiting for locks")
        assert "[to postgres 812]" not in text and "3.00 s" in text
        await person.press(*"ttttt")
        await person.sees("colour by cause")
