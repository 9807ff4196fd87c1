"""What was saved beside what is live."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from icetop.cli.far import replayed
from icetop.profiles.delta import Context, Counts, Delta
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.source import SourceError
from icetop.profiles.stacks import ROOTS
from icetop.profiles.target import Target
from icetop.profiles.vocabulary import Language
from icetop.sampler.replayed import Replayed
from icetop.sampler.together import Together

from .test_together import BY_HOST, SECOND, Machine, counted, samples_by
from .test_together import tables as tables_of_a_machine

WEB = Target(containers=frozenset(("web",)))


class Saved:
    """A file: two processes, one in a container; half a second, and eight seconds in one bucket."""

    live = False

    def deltas(self) -> Iterator[Delta]:
        yield Delta(
            7, 7,
            locations=[Location(Language.NATIVE, "/bin/x", "ab", 16, (Line("saved_function", "x.c"),))],
            nodes=[(0, 0)],
            series=[Series(5, 99, 5, "web"), Series(6, 99, 6, "db")],
            labels={0: {"process": "web", "container": "web"}, 1: {"process": "db"}},
            context=Context("web-4", "6.1", 2, 7, 99),
        )  # fmt: skip
        for length, samples in ((0.5, (3, 5)), (8, (83, 45))):
            counts = Counts(
                array("I", [ROOTS, ROOTS]), array("I", [0, 1]),
                array("I", samples), array("q", [number * 10_000_001 for number in samples]),
            )  # fmt: skip
            yield Delta(
                7, 7 + int(length * SECOND), counts={"cpu": counts}, expected=sum(samples), lost={"ring_full": 9}
            )

    def stop(self) -> None:
        pass


class Hurried:
    """In the place of an event: lets so many seconds pass at once, then it is set."""

    def __init__(self, seconds: int) -> None:
        self._left = seconds

    def wait(self, _: float) -> bool:
        self._left -= 1
        return self.is_set()

    def is_set(self) -> bool:
        return self._left < 0

    def set(self) -> None:
        self._left = -1


def replay(seconds: int, target: Target | None = None, saved: Saved | None = None) -> Replayed:
    source = Replayed(saved or Saved(), "web-4.pb.gz", target or Target())
    source._stopped = Hurried(seconds)  # type: ignore[assignment]
    return source


def counts_of(source: Replayed) -> list[Delta]:
    return [delta for delta in source.deltas() if delta.counts]


def test_the_seconds_of_a_bucket_add_up_to_it_and_then_it_begins_again() -> None:
    found = counts_of(replay(18))
    assert [delta.end_ns - delta.start_ns for delta in found] == ([SECOND // 2] + [SECOND] * 8) * 2
    for begin in (0, 9):
        first, *rest = (delta.counts["cpu"] for delta in found[begin : begin + 9])
        assert (list(first.samples), list(first.values)) == ([3, 5], [30_000_003, 50_000_005])
        assert [sum(column) for column in zip(*(part.samples for part in rest), strict=True)] == [83, 45]
        assert [sum(column) for column in zip(*(part.values for part in rest), strict=True)] == [
            830_000_083,
            450_000_045,
        ]
        assert max(part.samples[0] for part in rest) - min(part.samples[0] for part in rest) <= 1
    assert sum(delta.expected for delta in found[:9]) == 136
    assert sum(delta.lost["ring_full"] for delta in found[:9]) == 18


def test_what_is_chosen_by_name_counts_and_orders_change_it() -> None:
    source = replay(9, WEB)
    assert {series for delta in counts_of(source) for series in delta.counts["cpu"].series} == {0}
    source = replay(2, WEB)
    deltas = source.deltas()
    first = next(delta for delta in deltas if delta.counts)
    assert (list(first.counts["cpu"].samples), first.expected, first.lost) == ([3], 3, {})
    source.retarget(Target(comms=frozenset(("db",))))
    assert list(next(deltas).counts["cpu"].series) == [1]
    source.retarget(Target(pids=frozenset((1,))))  # numbers are of another machine
    assert list(next(replay(1, Target(pids=frozenset((1,)))).deltas()).series) == Saved().deltas().__next__().series


def test_what_has_no_time_cannot_go_on() -> None:
    class Timeless(Saved):
        def deltas(self) -> Iterator[Delta]:
            for delta in super().deltas():
                yield replace(delta, end_ns=delta.start_ns)

    with pytest.raises(SourceError, match=r"web-4.pb.gz: it does not tell the time"):
        list(replay(9, saved=Timeless()).deltas())


def test_beside_a_machine_each_has_its_host_and_it_ends_with_the_live_one() -> None:
    machine = Machine(tables_of_a_machine("web-3", "a"), counted(4), waits=True)
    source, profile = Together([machine, replay(1000)]), Profile()
    for delta in source.deltas():
        profile.fold(delta)
        if samples_by(profile, BY_HOST).keys() >= {"web-3", "web-4 (saved)"}:
            machine.stop()
    found = samples_by(profile, BY_HOST)
    assert found["web-3"] == 4
    assert found["web-4 (saved) saved_function"] == found["web-4 (saved)"] >= 8
    assert profile.ended and profile.context.cpus == 4
    assert ["shown again and again: 8 s" in notice.what for notice in profile.notices] == [True]


def test_it_does_not_hide_that_all_live_ones_have_failed() -> None:
    source = Together([Machine(failure="no route"), replay(1000)])
    with pytest.raises(SourceError, match="no route"):
        list(source.deltas())


def test_what_cannot_be_read_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "x.pb.gz").write_bytes(b"\x1f\x8b nonsense")
    with pytest.raises(SourceError, match=r"x\.pb\.gz"):
        replayed([str(tmp_path / "x.pb.gz")], Target())
