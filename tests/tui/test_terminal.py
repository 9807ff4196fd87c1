"""The app on a real pseudo terminal: what it sends, and how it leaves."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from icetop.tests.tui.pseudo_terminal import Terminal, end_of, on_a_terminal
from icetop.tests.tui.slow_link import SlowLink
from icetop.tui.answers import ASK_COLORS, ASK_GROUND

NAMESPACE = Path(__file__).parents[2] / ".namespace"
READY = "ended 01:30"


@contextmanager
def running(
    color: str, size: tuple[int, int] = (120, 40), limit: int = 90, term: str = "xterm-256color", **terminal: Any
) -> Iterator[tuple[Terminal, int]]:
    environ = {**os.environ, "TERM": term, "PYTHONPATH": str(NAMESPACE)}
    for name in ("NO_COLOR", "COLORTERM", "COLORFGBG"):
        environ.pop(name, None)
    script = str(Path(__file__).with_name("moving_source.py"))
    words = [sys.executable, script, f"color={color}", f"limit={limit}"]
    with on_a_terminal(words, environ, size, **terminal) as started:
        yield started


@pytest.mark.parametrize("color", ["truecolor", "16"])
def test_a_key_sends_little_and_quitting_restores_the_terminal(color: str) -> None:
    with running(color) as (terminal, pid):
        terminal.sees(READY)
        terminal.quiet()
        before = len(terminal.output)
        terminal.type(b"j")
        terminal.sees("gunicorn: shop.wsgi   flat")
        terminal.quiet()
        assert len(terminal.output) - before < 1500, "one box, one line, and no more"
        assert (b"38;2;" in terminal.output) == (color == "truecolor")
        terminal.type(b"q")
        terminal.is_left()
        assert end_of(pid) == 0
        terminal.quiet()
        assert b"\x1b[?25h" in terminal.output


def test_a_terminal_that_answers_nothing_gets_the_picture_all_the_same() -> None:
    with running("256", mute=True) as (terminal, _):
        terminal.sees(lambda text: READY in text and "gunicorn: shop.wsgi" in text)
        terminal.type(b"j")
        terminal.sees("pid 4021")
        terminal.type(b"q")
        terminal.is_left()


WHITE, FULL = b"\x1b]11;rgb:ffff/ffff/ffff\x07", b"\x1bP1$r0;48:2::1:2:3m\x1b\\"
ASKED = {ASK_GROUND.encode(): WHITE, ASK_COLORS.encode(): b"\x1bP0+r524742\x1b\\" + FULL}
LIGHT_GROUND = {"truecolor": b"48;2;251;250;247", "256": b"48;5;255"}


def test_a_terminal_that_says_what_it_is_gets_what_fits_and_its_answers_are_no_keys() -> None:
    with running("auto", term="xterm", answers=ASKED) as (terminal, _):
        terminal.sees(lambda text: READY in text and LIGHT_GROUND["truecolor"] in terminal.output)
        terminal.type(b"j")
        text = terminal.sees("pid 4021")
        assert "last 30 s" in text and "/" not in text.splitlines()[1], "no key but the one was taken"


@pytest.mark.parametrize("term", ["tmux-256color", "screen-256color"])
def test_a_multiplexer_is_asked_itself_and_asked_to_ask(term: str) -> None:
    with running("auto", term=term, answers={b"\x1bP": WHITE}) as (terminal, _):
        terminal.sees(lambda text: READY in text and LIGHT_GROUND["256"] in terminal.output)
        assert ASK_GROUND.encode() in terminal.output and ASK_COLORS.encode() not in terminal.output


@pytest.mark.parametrize(("color", "term"), [("auto", "linux"), ("none", "dumb")])
def test_a_terminal_that_might_show_the_question_is_not_asked(color: str, term: str) -> None:
    with running(color, term=term, answers=ASKED) as (terminal, _):
        terminal.sees(READY)
        assert ASK_GROUND.encode() not in terminal.output and b"\x1bP" not in terminal.output


def test_bytes_that_are_no_text_are_no_keys_and_no_end() -> None:
    with running("16") as (terminal, _):
        terminal.sees(READY)
        terminal.type(b"\xff\xfe\xc3j")
        terminal.sees("gunicorn: shop.wsgi   flat")


def test_escape_sequences_of_names_never_reach_the_terminal() -> None:
    with running("16") as (terminal, _):
        terminal.sees(READY)
        terminal.type(b"/" + b"\x1b[200~[red]\x05\x1b[201~")
        terminal.sees("/[red]")
        terminal.quiet()
        assert b"\x05" not in terminal.output


def test_keys_that_come_all_at_once_are_taken_in_order() -> None:
    with running("16") as (terminal, _):
        terminal.sees(READY)
        terminal.type(b"/qsw run\r")
        terminal.sees("/qsw run/")
        # An answer of the terminal comes right behind them.
        terminal.type(b"\x1bwjj/query\r\x1b[9;9R")
        terminal.sees(lambda text: "/query/" in text and "last 5 min" in text)
        terminal.type(b"/x y\rq")
        terminal.is_left()


def saved_histories(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "data" / "icetop" / "hangups").glob("*.pb.gz"))


ENDS = {
    "vanishes": (signal.SIGHUP, "the terminal went away"),
    "is hung up while it stays": (signal.SIGHUP, "the terminal went away"),
    "stays, and icetop is told to end": (signal.SIGTERM, "icetop was told to end"),
}


@pytest.mark.parametrize("how", ENDS)
def test_when_the_terminal_goes_the_history_is_kept_and_the_next_start_says_where(how: str, tmp_path: Path) -> None:
    number, words = ENDS[how]
    with running("16", limit=10**9) as (terminal, pid):
        terminal.sees("gunicorn: shop.wsgi")
        if how == "vanishes":
            os.close(terminal.descriptor)
        else:
            os.kill(pid, number)
            terminal.is_left()
        assert end_of(pid) == 128 + number
    saved = saved_histories(tmp_path)
    assert len(saved) == 1 and saved[0].stat().st_size > 500
    with running("16", size=(300, 40)) as (terminal, _):
        terminal.sees(lambda text: words in text and f"icetop open {saved[0]}" in text)


def test_a_file_that_was_only_looked_at_is_not_saved_again(tmp_path: Path) -> None:
    with running("16") as (terminal, pid):
        terminal.sees("ended")
        terminal.type(b"q")
        terminal.is_left()
        assert end_of(pid) == 0
    assert saved_histories(tmp_path) == []


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_behind_a_slow_link_keys_work_and_nothing_piles_up() -> None:
    with running("16", size=(80, 24), limit=10**9) as (terminal, pid):
        link = SlowLink(terminal, rate=4000, delay=0.3)
        link.run(lambda: "gunicorn: shop.wsgi" in terminal.text and "last 30 s" in terminal.text)
        before = resident(pid)
        for key, effect in ((b"j", "pid 4021"), (b"w", "last 5 min"), (b"w", "all of it"), (b"\t", "Flat%")):
            link.type(key)
            link.sees(effect)
        link.wait(2)
        assert resident(pid) - before < 24_000_000


@pytest.mark.soak
def test_five_minutes_behind_a_slow_link_take_no_more_memory() -> None:
    with running("256", limit=10**9) as (terminal, pid):
        link = SlowLink(terminal, rate=4000, delay=0.3)
        link.sees("last 30 s")
        link.wait(30)
        before, start, waits = resident(pid), time.monotonic(), []
        while time.monotonic() < start + 300:
            typed = time.monotonic()
            link.type(b"w")
            link.sees(("last 5 min", "all of it", "last 5 s", "last 30 s")[len(waits) % 4])
            waits.append(time.monotonic() - typed)
            link.wait(2)
        grown, slow = resident(pid) - before, sorted(waits)[int(len(waits) * 0.95)]
        print(
            f"{before / 1e6:.1f} MB, then {grown / 1e6:+.1f} MB; keys: median {median(waits):.2f} s, p95 {slow:.2f} s"
        )
        assert grown < 12_000_000
        assert slow < 2
