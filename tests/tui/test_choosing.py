"""Choosing by typing: the list itself, processes, commands."""

from __future__ import annotations

import pytest
from icetop.profiles.delta import Context
from icetop.profiles.target import Target
from icetop.profiles.view import Stretch, View
from icetop.tests.profile_maker import rich_profile
from icetop.themes.glyphs import ASCII
from icetop.tui.chooser import Chooser, Entry
from icetop.tui.keys import KEYS
from icetop.tui.look import make_look
from icetop.tui.palette import palette_screen
from icetop.tui.picker import EVERY, entries_of, processes_of, target_of
from icetop.tui.process_reader import LiveProcess, ProcessReader
from icetop.tui.steering import Steering

LOOK = make_look("dark", "none", ASCII)


def chooser(*names: str, several: bool = True) -> Chooser:
    made = Chooser(LOOK, "things", several=several)
    made.offer([Entry(name, "1", name) for name in names])
    return made


def press(made: Chooser, *keys: str) -> str:
    outcome = ""
    for key in keys:
        outcome = made.take(key, key if len(key) == 1 else None)
    return outcome


def test_typing_narrows_down_to_what_has_all_the_words() -> None:
    made = chooser("gunicorn shop", "gunicorn admin", "postgres shop")
    assert press(made, *"SHOP gun") == "choosing"
    assert made.chosen == ["gunicorn shop"]
    assert press(made, "ctrl+u", *"nothing like it", "enter") == "choosing", "nothing is there to be taken"


def test_several_are_marked_and_stay_marked_when_the_filter_changes() -> None:
    made = chooser("a1", "a2", "b1")
    press(made, "b", "tab", "backspace", "down", "tab")
    assert made.chosen == ["b1", "a2"]
    press(made, "up", "tab")
    assert press(made, "enter") == "chosen" and "b1" in made.chosen


def test_one_is_taken_where_only_one_can_be() -> None:
    made = chooser("a", "b", several=False)
    press(made, "tab", "down")
    assert made.chosen == ["b"]
    assert press(made, "escape") == "dropped"


def test_the_cursor_stays_on_its_entry_while_others_come_and_go() -> None:
    made = chooser("a", "b", "c")
    press(made, "down")
    made.offer([Entry(name, "9", name) for name in ("c", "new", "b", "a")])
    assert made.chosen == ["b"]
    press(made, "down", "down")
    assert made.chosen == ["new"], "what is new comes last, so that nothing moves under the cursor"
    made.offer([])
    assert made.chosen == [] and press(made, "enter") == "choosing"


def test_before_the_cursor_moves_the_order_is_that_of_the_news() -> None:
    made = chooser("a", "b")
    made.offer([Entry("b", "", "b"), Entry("a", "", "a")])
    assert made.chosen == ["b"]


def test_pasting_takes_one_line_and_no_control_characters_act() -> None:
    made = chooser("x")
    made.paste("x\x1b[31m\nrest")
    assert made.chosen == []


def test_processes_are_listed_busiest_first_with_all_before_them() -> None:
    processes = [
        LiveProcess(5, "idle", "", 0.0, 10**6),
        LiveProcess(7, "postgres", "shop", 93.4, 3 * 10**9),
        LiveProcess(9, "new", "", None, 0),
    ]
    entries = entries_of(processes)
    assert [entry.key for entry in entries] == [EVERY, 7, 5, 9]
    assert entries[1].left.split() == ["7", "93.4", "3.00", "GB"] and entries[1].more == "shop"
    assert entries[3].left.split() == ["9", "-"]
    assert len({len(entry.left) for entry in entries}) == 1


def test_what_is_chosen_becomes_a_target() -> None:
    assert target_of([7, 9]) == Target(pids=frozenset((7, 9)))
    assert target_of([7, EVERY]) == Target()


def test_a_saved_profile_offers_all_of_its_processes_whomever_it_shows() -> None:
    """Also while one of them is looked at, or threads or binaries are: the way from one to the next is one key."""
    profile = rich_profile(seconds=20)
    everybody = processes_of(profile, View())
    assert len(everybody) > 2 and 50 < sum(process.cpu_percent or 0 for process in everybody) < 100, (
        "some has no number"
    )
    one = Target(pids=frozenset((everybody[0].pid,)))
    assert processes_of(profile, View(target=one, first_level="binary")) == everybody
    assert processes_of(profile, View(stretch=Stretch(0, 1))) == []


def test_the_reader_finds_this_process() -> None:
    import os

    found: list[list[LiveProcess]] = []
    reader = ProcessReader(found.append)
    reader._read_all(first=True)
    reader._read_all(first=False)
    ours = [process for process in found[-1] if process.pid == os.getpid()]
    assert len(ours) == 1 and ours[0].memory > 10**6 and ours[0].cpu_percent is not None
    assert ours[0].name
    reader.stop()
    before = len(found)
    reader._read_all(first=False)
    assert len(found) <= before + 1


def test_the_palette_has_every_key_but_its_own() -> None:
    screen = palette_screen(LOOK, ascii_only=True)
    made = screen.chooser
    assert len(made._entries) == len(KEYS) - 1
    press(made, *"leaf first")
    assert made.chosen == ["choose('toggle_inverted')"]


# --- steering


class Steered:
    live = True

    def __init__(self) -> None:
        self.orders: list[object] = []

    def deltas(self):
        yield from ()

    def stop(self) -> None: ...

    def retarget(self, target: Target) -> None:
        self.orders.append(target)

    def set_rate(self, frequency_hz: int) -> None:
        self.orders.append(frequency_hz)


def test_an_order_stands_until_the_source_says_that_it_holds() -> None:
    source = Steered()
    steering = Steering(source)
    target = Target(pids=frozenset((42,)))
    steering.retarget(target)
    assert source.orders == [target] and steering.target == target
    steering.arrived(Context(target="host"))
    assert steering.target == target
    steering.arrived(Context(target="pid 42"))
    assert steering.target is None


@pytest.mark.parametrize(
    ("now", "step", "expected"),
    [(99, 1, 199), (99, -1, 49), (100, 1, 199), (100, -1, 99), (999, 1, None), (19, -1, None), (5, 1, 19)],
)
def test_rates_go_by_the_list(now: int, step: int, expected: int | None) -> None:
    source = Steered()
    assert Steering(source).change_rate(now, step) == expected
    assert source.orders == ([] if expected is None else [expected])


def test_rates_pressed_quickly_add_up_and_the_last_one_counts() -> None:
    steering = Steering(Steered())
    assert [steering.change_rate(99, 1), steering.change_rate(99, 1)] == [199, 499]
    assert not steering.arrived(Context(frequency_hz=199)) and steering.frequency_hz == 499
    assert steering.arrived(Context(frequency_hz=499)) and steering.frequency_hz is None


def test_a_file_takes_no_orders() -> None:
    class File:
        live = False

    steering = Steering(File())  # type: ignore[arg-type]
    steering.retarget(Target())
    assert not steering.possible and steering.target is None and steering.change_rate(99, 1) is None
