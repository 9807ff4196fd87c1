"""Profiles for tests, made of names: `maker.sample("root;middle;leaf", 5)`."""

from __future__ import annotations

import random
from collections.abc import Sequence

from icetop.profiles.delta import Context, Counts, Delta, Notice, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS, StackTable
from icetop.profiles.vocabulary import Language, StackEnd
from icetop.tests.stack_builder import StackBuilder

START = 1_790_000_000_000_000_000
SECOND = 1_000_000_000
PERIOD = 10_101_010
MAIN = Series(100, 5_000, 100, "main")


class ProfileMaker:
    """Builds a profile through deltas, as a source would: one a second, cut by `tick`."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self.now = START
        self.locations: dict[Location, int] = {}
        self.series: dict[Series, int] = {}
        self._sent = [0, 0, 0]
        self._table = StackTable()
        self._builder = StackBuilder(self._table)
        self._counts: dict[str, Counts] = {}
        self._samples = 0
        self._labels: dict[int, dict[str, str]] = {}

    def location(self, name: str) -> Location:
        """`k:name` is a kernel frame, `p:name` Python, `?12` has no name, `a^b` is b with a inlined into it."""
        if name.startswith("?"):
            return Location(Language.NATIVE, "/usr/lib/libsecret.so", "5ec2e7", int(name[1:], 16))
        kind, rest = (name[0], name[2:]) if name[1:2] == ":" and name[0] in "kp" else ("", name)
        lines = tuple(Line(part, f"/src/{part}.c", 12, 10) for part in rest.split("^"))
        offset = 0x2000 + sum(map(ord, rest))
        if kind == "k":
            return Location(Language.KERNEL, "[kernel]", "", 0xFFFFFFFF81000000 + offset, (Line(rest),))
        if kind == "p":
            return Location(Language.PYTHON, "/app/shop.py", "", offset, (Line(rest, "/app/shop.py", 12, 10),))
        return Location(Language.NATIVE, "/usr/bin/program", "b111d", offset, lines)

    def node(self, stack: str, end: StackEnd = StackEnd.COMPLETE) -> int:
        """The node of a stack of names, root first, separated by `;`."""
        return self.node_of([self.location(name) for name in stack.split(";") if name], end)

    def node_of(self, stack: Sequence[Location], end: StackEnd = StackEnd.COMPLETE) -> int:
        """The node of a stack of locations, root first."""
        places = [self.locations.setdefault(place, len(self.locations)) for place in stack]
        return self._builder.node(end, places)

    def who(self, series: Series, **labels: str) -> int:
        """The id of a series, given labels."""
        place = self.series.setdefault(series, len(self.series))
        if labels:
            self._labels.setdefault(place, {}).update(labels)
        return place

    def sample(
        self,
        stack: str,
        samples: int = 1,
        series: Series = MAIN,
        value: int | None = None,
        kind: str = "cpu",
        end: StackEnd = StackEnd.COMPLETE,
        **labels: str,
    ) -> ProfileMaker:
        """Count samples in the second that is being made."""
        self.add(self.node(stack, end), self.who(series, **labels), samples, value, kind)
        return self

    def add(self, node: int, series: int, samples: int = 1, value: int | None = None, kind: str = "cpu") -> None:
        """Count samples of a node and series by id."""
        value = samples * PERIOD if value is None else value
        self._counts.setdefault(kind, Counts()).add(node, series, samples, value)
        self._samples += samples if kind == "cpu" else 0

    def tick(self, length: int = SECOND, **more: object) -> Profile:
        """Fold what was counted as a delta of `length` nanoseconds; gives the profile."""
        lost = more.get("lost", {})
        assert isinstance(lost, dict)
        delta = Delta(
            self.now,
            self.now + length,
            locations=list(self.locations)[self._sent[0] :],
            nodes=list(zip(self._table.parents, self._table.locations, strict=True))[ROOTS + self._sent[1] :],
            series=list(self.series)[self._sent[2] :],
            counts=self._counts,
            labels=self._labels,
            **{"expected": self._samples + sum(lost.values()), **more},  # type: ignore[arg-type]
        )
        self.profile.fold(delta)
        self._sent = [len(self.locations), len(self._table) - ROOTS, len(self.series)]
        self.now += length
        self._counts, self._samples, self._labels = {}, 0, {}
        return self.profile


def rich_profile(seconds: int = 20, rows: int = 40, seed: int = 1) -> Profile:
    """A profile with everything in it that a file has to keep: processes, languages, ways to end, losses."""
    rng = random.Random(seed)
    maker = ProfileMaker()
    hostile = "evil\x1b[31m[bold]red[/bold]\n;\u202etxt 😀"
    processes = [
        (Series(100, 5_000, 100, "main"), {"process": "shop", "title": "shop.wsgi", "container": "web"}),
        (Series(100, 5_000, 101, "worker"), {"process": "shop", "title": "shop.wsgi", "container": "web"}),
        (
            Series(200, 7_000, 200, "postgres", "/system.slice/pg.service"),
            {"service": "pg", "pod": "a", "namespace": "n"},
        ),
        (Series(300, 9_000, 300, "e\x1b[2J", "/x"), {"process": hostile, "title": "a;b\t[red]", "team": "ünïcode"}),
        (Series(0, 0, 0, "hidden"), {}),
    ]
    frames = [
        "main",
        "loop",
        "a^b^c",
        "parse",
        "k:do_syscall_64",
        "k:read",
        "p:view",
        "p:search",
        "?1a0",
        "?2b0",
        hostile,
    ]
    context = Context("web-3", "6.18", 4, START, 99, "host", ("cpu",), "0.1.0", {"frequency": "99"})
    vitals = Vitals(1.75, 0.25, {"cpu": 1.5}, 0.5, 0.0125, 34_000_000)
    for second in range(seconds):
        for _ in range(rows):
            stack = ";".join(["main", *rng.choices(frames, k=rng.randint(0, 8))])
            series, labels = rng.choice(processes)
            end = rng.choice([StackEnd.COMPLETE] * 6 + [StackEnd.NO_FRAME_POINTER, StackEnd.TOO_DEEP])
            maker.add(maker.node(stack, end), maker.who(series, **labels), rng.randint(1, 9))
        maker.add(maker.node("", StackEnd.PROCESS_GONE), maker.who(processes[0][0]), 1)
        maker.tick(
            SECOND + rng.randint(-5, 5) * 1_000_000,
            lost={"ring_full": second % 3} if second % 3 else {},
            waits_lost={"map_full": second % 2} if second % 2 else {},
            vitals=vitals,
            context=context,
            notices=(Notice("warning", f"second {second}", "because", "mend"),) if second == 3 else (),
        )
    return maker.profile
