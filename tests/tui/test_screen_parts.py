"""Header, strip, choices, flow and the reasons for an empty screen: pure decisions about what is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from icetop.profiles.delta import Context, Delta, Notice, Vitals
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.profiles.view import Stretch, View
from icetop.tests.tui.tree_maker import box_named, picture_of
from icetop.tui.choices import Choices
from icetop.tui.flow import ALLOWED, ASK, NARROW, PATIENCE, PIECE, SLOW, Flow
from icetop.tui.header import end_of
from icetop.tui.header_parts import Part, fit_parts, vital_parts
from icetop.tui.keys import KEYS, bindings, footer_entries, help_lines, markdown
from icetop.tui.loads import Load
from icetop.tui.picture import Account, Camera
from icetop.tui.search import Names, find_matches
from icetop.tui.self_cost import SelfCost
from icetop.tui.situation import no_samples, nothing_came, starting, waiting
from icetop.tui.time_strip import _before, columns_in, columns_of, heights, peak_of

SECOND = 1_000_000_000


# --- header


def full_picture():
    picture = picture_of({"a": SECOND})
    context = Context("web-3.example.org", "6.18.0-2-amd64", 4, 0, 99)
    vitals = Vitals(1.84, 0.34, {"cpu": 3.0}, 0.25, 0.01, 0)
    loads = [Load(0, SECOND, 1.84)]
    account = Account(1000, 990, 10, 0.996)
    return replace(picture, context=context, vitals=vitals, loads=loads, account=account, shown_ns=(0, SECOND))


def header(width: int) -> str:
    return " · ".join(text for text, _ in fit_parts(vital_parts(full_picture(), 0.8), width))


def test_a_wide_header_says_everything() -> None:
    assert header(300) == (
        "web-3.example.org · 6.18.0-2-amd64 · 99 Hz · busy 1.84 of 4 cores · run queue 0.3 s/s · pressure 3 % · "
        "throttled 25 % · complete 99.6 % · lost 10 · self 0.8 %"
    )


@pytest.mark.parametrize("width", range(170))
def test_a_narrow_header_drops_whole_statements_only(width: int) -> None:
    allowed = {form for part in vital_parts(full_picture(), 0.8) for form in part.forms}
    text = header(width)
    assert len(text) <= width
    assert not text or set(text.split(" · ")) <= allowed


def test_the_most_important_statements_stay_longest() -> None:
    assert header(58) == "busy 1.84/4 · throttled 25 % · complete 99.6 % · lost 10"
    assert header(12) == "busy 1.84/4"


def test_a_statement_shrinks_before_a_lesser_one_is_missed() -> None:
    parts = [Part(("long form", "short"), 5), Part(("other",), 1)]
    assert [text for text, _ in fit_parts(parts, 13)] == ["short", "other"]


def test_tones_tell_good_from_bad() -> None:
    tones = {part.forms[0].split()[0]: part.tone for part in vital_parts(full_picture(), None)}
    assert tones["complete"] == "good" and tones["lost"] == "bad" and tones["throttled"] == "bad"
    poor = replace(full_picture(), account=Account(10, 10, 0, 0.4))
    tones = {part.forms[0].split()[0]: part.tone for part in vital_parts(poor, None)}
    assert tones["complete"] == "bad" and tones["lost"] == "band"


# --- keys


def test_every_key_is_bound_once() -> None:
    names = [key for entry in KEYS for key in entry.keys]
    assert len(names) == len(set(names)) == len(bindings())


def test_every_key_is_on_the_help_page_and_in_the_readme_list() -> None:
    helped = {text for _, text in help_lines()}
    assert all(entry.help in helped and entry.help in markdown() for entry in KEYS)
    assert all(" ".join(key).isascii() for key in help_lines(ascii_only=True))
    assert ("space", "pause") in footer_entries()


def test_every_action_exists() -> None:
    from icetop.tui.app import IcetopApp

    assert all(hasattr(IcetopApp, f"action_{entry.action.split('(')[0]}") for entry in KEYS)


# --- choices


def profile_until(seconds: int) -> Profile:
    profile = Profile()
    for second in range(seconds):
        profile.fold(Delta(second * SECOND, (second + 1) * SECOND, expected=1))
    return profile


def test_the_window_follows_the_data_until_it_is_paused() -> None:
    choices, profile = Choices(View()), profile_until(100)
    assert choices.view_of(profile).stretch == Stretch(70 * SECOND, None)
    paused = choices.toggle_pause(profile.timeline.end_ns, 5.0)
    profile.fold(Delta(100 * SECOND, 101 * SECOND, expected=1))
    assert paused.view_of(profile).stretch == Stretch(70 * SECOND, 100 * SECOND)
    assert paused.toggle_pause(0, 0).view_of(profile).stretch == Stretch(71 * SECOND, None)


def test_the_window_goes_round_and_everything_keeps_a_given_stretch() -> None:
    choices = Choices(View(stretch=Stretch(3, 4)), window=None)
    assert choices.view_of(profile_until(10)).stretch == Stretch(3, 4)
    lengths = []
    for _ in range(4):
        choices = choices.next_window()
        lengths.append(choices.window)
    assert lengths == [5, 30, 300, None]


def test_remarks_say_what_differs() -> None:
    choices = Choices(View())
    assert choices.remarks() == []
    changed = choices.toggle_kernel().toggle_inverted().next_first_level().next_tint()
    assert changed.remarks() == ["no kernel", "leaf first", "by thread", "colour by binary"]


# --- strip


def test_the_strip_moves_by_whole_columns() -> None:
    first, step = columns_of((0, 400 * SECOND), 90)
    assert step % SECOND == 0 and first % step == 0
    assert first + 90 * step >= 400 * SECOND > first + 89 * step
    assert columns_of((0, 400 * SECOND + 1), 90)[1] == step


@pytest.mark.parametrize("kept", [1, 3, 14, 15, 16, 40, 61, 119])
def test_a_young_strip_is_half_full_at_least(kept: int) -> None:
    first, step = columns_of((5 * SECOND, (5 + kept) * SECOND), 97)
    assert (SECOND % step == 0 or step % SECOND == 0) and first + 97 * step >= (5 + kept) * SECOND
    filled = sum(load > 0 for load in heights([Load(5 * SECOND, (5 + kept) * SECOND, 1.0)], first, step, 97))
    assert filled >= min(kept * 8, 45)


def test_columns_are_means_of_the_seconds_in_them() -> None:
    loads = [Load(0, SECOND, 1.0), Load(SECOND, 2 * SECOND, 3.0), Load(2 * SECOND, 6 * SECOND, 2.0)]
    assert heights(loads, 0, 2 * SECOND, 4) == [2.0, 2.0, 2.0, 0.0]
    assert heights([Load(-5 * SECOND, 100 * SECOND, 1.5)], 0, SECOND, 3) == [1.5] * 3


def test_the_peak_is_the_first_of_the_highest_columns_and_words_leave_it_free() -> None:
    assert peak_of([0.0, 1.0, 1.999, 2.001, 0.5]) == 2
    assert peak_of([0.0, 0.0]) is None
    assert [_before(20, 6, taken) for taken in (set(), {2}, {7}, {12}, {4, 10})] == [7, 7, 8, 6, 11]
    assert _before(8, 6, {3}) == 1


def test_the_shown_stretch_is_marked() -> None:
    shown = (20 * SECOND, 50 * SECOND)
    assert columns_in(shown, 0, 10 * SECOND, 8) == (2, 5)
    assert columns_in(shown, 30 * SECOND, 10 * SECOND, 8) == (0, 2)
    assert columns_in(shown, 0, 10 * SECOND, 1) == (1, 1)


# --- flow


def test_a_terminal_that_keeps_up_gets_everything() -> None:
    flow = Flow()
    for paint in range(100):
        assert flow.clear(paint) and flow.sent(5000, paint) == ASK
        flow.answered(0.0)


def test_paints_wait_for_a_slow_terminal_but_keys_fit_in() -> None:
    flow = Flow()
    flow.sent(100, 0.0)
    flow.answered(0.0)
    flow.sent(ALLOWED + 1, 0.0)
    assert not flow.clear(5.0)
    flow.answered(0.0)
    assert flow.clear(5.0)
    for _ in range(4):
        flow.sent(400, 6.0)
        assert flow.clear(6.1)


def test_a_terminal_that_never_answers_is_not_waited_for() -> None:
    flow = Flow()
    flow.sent(9000, 0.0)
    assert not flow.clear(PATIENCE / 2)
    assert flow.clear(PATIENCE + 0.1) and flow.sent(9000, 2.0) == "" and flow.clear(2.0)
    flow.answered(0.0)
    assert flow.sent(1, 3.0) == ASK


def test_a_slow_link_gets_pieces_until_it_is_quick_again() -> None:
    flow = Flow()
    assert flow.piece is None
    whole, piece, key, busy = 6000, PIECE, 50, SLOW + 0.1
    for size, took, wanted in (
        (whole, busy, None),  # so much in so little time: the machine was busy, the link is wide
        (key, busy, None),
        (whole, whole / NARROW + 0.1, PIECE),
        (key, busy, PIECE),
        (piece, piece / NARROW + 0.2, PIECE),
        (key, SLOW - 0.1, None),
    ):
        flow.sent(size, 10.0)
        flow.answered(10.0 + took)
        assert flow.piece == wanted, (size, took)


def test_what_is_sent_while_more_is_under_way_arrives_behind_it() -> None:
    flow = Flow()
    for _ in range(4):
        flow.sent(600, 0.0)
    for took in (0.1, 0.2, 0.26, 0.29):
        flow.answered(took)
    assert flow.piece is None, "2,400 in 0.29 s"


# --- search, cost, reasons


def test_the_matched_share_counts_a_stack_once() -> None:
    picture = picture_of({"main;find;refind": 30, "main;find": 10, "main;other": 60})
    matches = find_matches(picture.tree, Names("FIND", picture.tree.frames, []))
    assert matches.share == pytest.approx(40)
    assert {picture.tree.name(box) for box in matches.boxes.nonzero()[0].tolist()} == {"find", "refind"}
    assert matches.beside(0, 1) == box_named(picture, "find")
    assert matches.beside(box_named(picture, "refind"), 1) == box_named(picture, "find")
    assert matches.beside(box_named(picture, "find"), -1) == box_named(picture, "refind")
    nothing = find_matches(picture.tree, Names("absent", picture.tree.frames, []))
    assert nothing.share == 0 and nothing.beside(0, 1) is None


def test_own_cost_is_collector_and_screen_together() -> None:
    cost = SelfCost()
    assert cost.percent is None
    for second in range(6):
        cost.add(Delta(0, 1, vitals=Vitals(profiler_cpu_s=0.01)), float(second), 1.0 + 0.005 * second)
    assert cost.percent == pytest.approx(1.5)


def test_an_empty_screen_says_why() -> None:
    empty = Camera().take(profile_until(40), View(stretch=Stretch(10 * SECOND, None)))
    assert no_samples(empty, live=True)[0] == "no samples in 30 s"
    idle = replace(empty, context=Context(cpus=4), loads=[Load(20 * SECOND, 21 * SECOND, 0.02)])
    assert no_samples(idle, live=True) == ["no samples in 30 s: this machine is idle", "", "0.02 of 4 cores are busy"]
    assert waiting(idle) == "0.5 % busy: time is spent waiting, 2 shows for what"
    asleep = replace(idle, view=View(target=Target(pids=frozenset((5,)))), shown_ns=(0, 10 * SECOND))
    assert waiting(asleep) == "0.0 % of a core: time is spent waiting, 2 shows for what"
    targeted = replace(idle, context=Context(cpus=4, target="pid 42"))
    assert no_samples(targeted, live=True)[0] == "no samples of pid 42 in 30 s"
    waits = replace(empty, view=View(kind="cpu", causes=("run queue",)), anything=True)
    assert no_samples(waits, live=True)[0] == "no waits for run queue in 30 s"
    focused = replace(empty, view=View(focus="serve"), anything=True)
    assert no_samples(focused, live=True)[0] == "no samples of serve in 30 s"
    lost = replace(empty, account=Account(50, 0, 50, None))
    assert "all 50 were lost" in no_samples(lost, live=True)[0]
    filtered = replace(empty, anything=True, view=View(target=Target(pids=frozenset((5,)))))
    assert "pid 5" in no_samples(filtered, live=True)[0] and "others" in no_samples(filtered, live=True)[2]
    other = replace(empty, anything=True, view=View(kind="offcpu"))
    assert no_samples(other, live=False)[0] == "no offcpu samples are in here"
    assert no_samples(other, live=True)[0] == "threads are followed from now on"


def test_a_start_and_an_end_without_samples_say_what_happened() -> None:
    assert starting("compiling", 0.5) == ["starting: compiling"]
    assert starting("", 12)[-1] == "12 s so far"
    assert nothing_came([]) == ["no samples: the source ended without any"]
    notices = [Notice("error", "cannot attach", "no \x1bright", "run with sudo"), Notice("info", "later")]
    assert nothing_came(notices) == ["no samples", "", "cannot attach", "no \\eright", "mend: run with sudo"]


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (44, "pod team-01/web000-6f9bc4d5x7-x7k2p"),
        (35, "pod team-01/web000-6f9bc4d5x7-x7k2p"),
        (24, "pod …00-6f9bc4d5x7-x7k2p"),
        (12, "pod …7-x7k2p"),
        (8, "pod team-01/web000-6f9bc4d5x7-x7k2p"),
    ],
)
def test_of_a_long_target_the_end_is_shown(room: int, text: str) -> None:
    assert end_of("pod team-01/web000-6f9bc4d5x7-x7k2p", room, "…") == text
    assert end_of("host", room, "…") == "host"
