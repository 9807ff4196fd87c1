"""What leaves the screen: the verdict, the clipboard, the history after the terminal's end."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from pathlib import Path

import pytest
from icetop.profiles.profile import Profile
from icetop.profiles.target import Target
from icetop.profiles.view import View
from icetop.tests.tui.tree_maker import box_named, picture_of, profile_of
from icetop.tui.choices import Choices
from icetop.tui.clipboard import copy_sequences, give_to_tmux
from icetop.tui.hangup import KEPT, notice_of_last_end, save_for_next_start
from icetop.tui.picture import Camera
from icetop.tui.saving import data_folder
from icetop.tui.target_words import target_words
from icetop.tui.verdict import verdict


def test_three_lines_say_where_what_and_the_top() -> None:
    picture = picture_of({"main;work;read": 600, "main;work": 200, "main;idle": 200})
    lines = verdict(picture, box_named(picture, "work"))
    assert len(lines) == 3
    assert lines[0].startswith("**host**") and "3 samples at 99 Hz" in lines[0]
    assert lines[1].startswith("`app` › `work`: **80.0 %** of cpu") and lines[1].endswith("itself 20.0 %")
    assert lines[2] == "top: `read` 60.0 %, `work` 20.0 %, `idle` 20.0 %"


def test_names_cannot_break_out_of_a_verdict() -> None:
    name = "a`b\x1b]52_c_x\x07\n" + "y" * 5000
    picture = picture_of({name: 5})
    text = "\n".join(verdict(picture, box_named(picture, name)))
    assert text.count("\n") == 2 and "\x1b" not in text and "a'b" in text and len(text) < 1000


def test_the_clipboard_is_asked_for_by_osc_52_and_passed_on_by_multiplexers() -> None:
    plain = copy_sequences("né\n", {"TERM": "xterm"})
    assert base64.b64decode(re.fullmatch(r"\x1b]52;c;(.+)\x07", plain).group(1)).decode() == "né\n"
    tmux = copy_sequences("né\n", {"TERM": "tmux-256color"})
    assert tmux.startswith(plain) and "\x1bPtmux;\x1b\x1b]52;c;" in tmux and tmux.endswith("\x1b\\")
    screen = copy_sequences("x" * 2000, {"TERM": "screen.xterm"})
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", screen, re.DOTALL)
    assert "".join(pieces) == copy_sequences("x" * 2000, {}) and all(len(piece) <= 250 for piece in pieces)
    assert not give_to_tmux("x", {}) and not give_to_tmux("x", {"TMUX": "/nowhere,1,0"})


def test_a_history_saved_at_the_terminals_end_is_told_once() -> None:
    profile = profile_of({"main": 5})
    assert notice_of_last_end() is None
    save_for_next_start(profile, datetime(2026, 11, 21, 14, 3, 12), "the terminal went away")
    notice = notice_of_last_end()
    assert (
        notice is not None
        and "the terminal went away at 2026-11-21 14:03:12" in str(notice)
        and notice_of_last_end() is None
    )
    path = Path(notice.mend.removeprefix("icetop open "))
    assert path.stat().st_size > 100
    save_for_next_start(profile, datetime(2026, 11, 21, 14, 4, 12), "")
    for file in data_folder("hangups").iterdir():
        file.unlink()
    assert notice_of_last_end() is None, "what is gone is not told of"


def test_only_the_last_histories_are_kept() -> None:
    for minute in range(KEPT + 4):
        save_for_next_start(Profile(), datetime(2026, 11, 21, 14, minute), "")
    assert len(list(data_folder("hangups").iterdir())) == KEPT


@pytest.mark.parametrize("note", [b"", b"\xff\xfe\n", b"one line", b"a\nb\nc\n", b"x" * 10_000])
def test_a_note_that_is_none_says_nothing(note: bytes) -> None:
    from platformdirs import user_state_path

    path = user_state_path("icetop", appauthor=False) / "last-hangup"
    path.parent.mkdir(parents=True)
    path.write_bytes(note)
    assert notice_of_last_end() is None


# --- choices that change what is listed


def test_sorting_turns_round_and_shares_add_up_from_the_new_top() -> None:
    profile = profile_of({"a": 10, "b": 30, "c": 60})
    choices = Choices(View(), window=None)
    turned = choices.turn_sort()
    assert (turned.sort, turned.backwards) == ("flat", True) and not turned.turn_sort().backwards
    assert (turned.next_sort().sort, turned.next_sort().backwards) == ("cum", False)
    rows = Camera().take(profile, View(), "flat", backwards=True).rows
    assert [row.frame.name for row in rows] == ["a", "b", "c"]
    assert [round(row.sum_percent) for row in rows] == [10, 40, 100]


def test_leaving_functions_out_takes_names_as_they_are() -> None:
    choices = Choices(View()).leave_out("operator[]").leave_out("operator[]").leave_out("b*")
    assert len(choices.view.hidden) == 2
    profile = profile_of({"main;operator[];x": 5, "main;b*": 5, "main;bc": 5})
    names = {row.frame.name for row in Camera().take(profile, choices.view).rows}
    assert names == {"main", "x", "bc"}
    assert choices.leave_nothing_out().view.hidden == ()
    assert choices.leave_out("c").remarks() == ["without 3 functions"]


def test_the_smallest_share_goes_round() -> None:
    choices, seen = Choices(View()), []
    for _ in range(5):
        choices = choices.next_share()
        seen.append(choices.view.minimum_share)
    assert seen == [0.001, 0.005, 0.01, 0.05, 0.0]


def test_the_target_is_named() -> None:
    picture = picture_of({"main": 5})
    assert target_words(Target(), picture) == "host"
    assert target_words(Target(pids=frozenset((7,))), picture) == "pid 7  app"
    assert target_words(Target(pids=frozenset(range(1, 9))), picture) == "8 processes: app"
    assert target_words(Target(), None) == ""
