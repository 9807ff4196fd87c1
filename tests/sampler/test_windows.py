"""Recording in windows: where they are cut, what is said when one cannot be kept, and that tables go on."""

from __future__ import annotations

import random

from icetop.profiles.delta import Counts, Delta, Notice
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.vocabulary import Language
from icetop.sampler.windows import Windows
from icetop.snapshots.folded import encode_folded

START, SECOND = 1_790_000_000_000_000_000, 1_000_000_000


class Shelf:
    """A sink that keeps what each window says; it is full while `full` is set."""

    def __init__(self) -> None:
        self.windows: list[tuple[int, int, str, list[str]]] = []
        self.full = False
        self.late: list[OSError] = []
        self.later: list[OSError] = []

    def late_failures(self) -> list[OSError]:
        late, self.late = self.late, []
        return late

    def settle(self) -> None:
        self.late, self.later = self.later, []

    def write(self, window: Profile) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        line = window.timeline
        notices = [str(notice) for notice in window.notices]
        self.windows.append((line.start_ns, line.end_ns, encode_folded(window, "cpu").decode(), notices))

    def close(self) -> None:
        pass


def delta(second: float, name: str = "", length: float = 1.0, node: int = ROOTS, reset: bool = False) -> Delta:
    """A second in which node `node` was sampled; with a name, the function that is that node comes with it."""
    counts = Counts()
    counts.add(node, 0, 2, 20)
    return Delta(
        START + round(second * SECOND),
        START + round((second + length) * SECOND),
        locations=[Location(Language.NATIVE, "/bin/x", "", 1, (Line(name),))] if name else [],
        nodes=[(0, node - ROOTS)] if name else [],
        series=[Series(1, 1, 1, "x")] if node == ROOTS and name else [],
        counts={"cpu": counts},
        expected=3,
        lost={"ring_full": 1},
        reset=reset,
    )


def test_a_window_is_as_long_as_asked_and_none_is_lost() -> None:
    shelf = Shelf()
    windows = Windows(shelf, 5 * SECOND, print)
    rng, at = random.Random(1), 0.0
    for number in range(23):
        length = 1 + rng.uniform(-0.05, 0.05)
        windows.fold(delta(at, "f" if not number else "", length))
        at += length
    windows.flush()
    assert [text for *_, text, _ in shelf.windows] == ["x;f 10\n"] * 4 + ["x;f 6\n"]
    assert all(abs(end - start - 5 * SECOND) < SECOND / 2 for start, end, *_ in shelf.windows[:4])
    assert [start for start, *_ in shelf.windows[1:]] == [end for _, end, *_ in shelf.windows[:-1]]
    assert (windows.tally.kept, windows.tally.expected, windows.tally.lost) == (5, 69, 23)


def test_what_was_named_in_an_earlier_window_has_its_name_in_a_later_one() -> None:
    shelf = Shelf()
    windows = Windows(shelf, SECOND, print)
    windows.fold(delta(0, "first"))
    windows.fold(delta(1, "second", node=ROOTS + 1))
    windows.fold(delta(2))
    windows.fold(delta(3, "anew", reset=True))
    assert [text for *_, text, _ in shelf.windows] == ["x;first 2\n", "x;second 2\n", "x;first 2\n", "x;anew 2\n"]


def test_a_clock_that_is_set_begins_a_new_window() -> None:
    shelf = Shelf()
    windows = Windows(shelf, 10 * SECOND, print)
    windows.fold(delta(0, "f"))
    windows.fold(delta(1))
    windows.fold(delta(-3600))
    windows.fold(delta(-3599))
    windows.fold(delta(7200))
    windows.flush()
    assert [(start - START) // SECOND for start, *_ in shelf.windows] == [0, -3600, 7200]
    assert [(end - start) // SECOND for start, end, *_ in shelf.windows] == [2, 2, 1]


def test_a_full_disk_drops_windows_says_so_and_goes_on() -> None:
    shelf, said = Shelf(), list[Notice]()
    windows = Windows(shelf, SECOND, said.append)
    windows.fold(delta(0, "f"))
    shelf.full = True
    for second in (1, 2, 3):
        windows.fold(delta(second))
    shelf.full = False
    windows.fold(delta(4))
    windows.fold(delta(5))
    assert len(shelf.windows) == 3
    assert [notice.what for notice in said] == ["a window was dropped", "3 windows before this were dropped"]
    assert shelf.windows[1][3] == ["3 windows before this were dropped: No space left on device"]
    assert shelf.windows[2][3] == []
    assert (windows.tally.kept, windows.tally.dropped) == (3, 3)


def test_the_end_says_whether_the_last_window_was_kept() -> None:
    shelf = Shelf()
    windows = Windows(shelf, 10 * SECOND, lambda notice: None)
    assert windows.flush()
    windows.fold(delta(0, "f"))
    shelf.full = True
    assert not windows.flush()


def test_a_window_that_turns_out_not_to_be_kept_counts_as_dropped() -> None:
    shelf, said = Shelf(), list[Notice]()
    windows = Windows(shelf, SECOND, said.append)
    windows.fold(delta(0, "f"))
    windows.fold(delta(1))
    shelf.late = [OSError(5, "Input/output error")]
    windows.fold(delta(2))
    assert [notice.what for notice in said] == ["a window was dropped", "the window before this one was dropped"]
    assert shelf.windows[2][3] == ["the window before this one was dropped: Input/output error"]
    assert (windows.tally.kept, windows.tally.dropped) == (2, 1)
    shelf.later = [OSError(11, "the disk is stalled")]
    assert not windows.finish()
    assert (windows.tally.kept, windows.tally.dropped) == (1, 2)
