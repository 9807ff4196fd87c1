"""The app on a real pseudo terminal: what it sends, and how it leaves."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NAMESPACE = Path(__file__).parents[2] / ".namespace"
ASK, ANSWER = b"\x1b[6n", b"\x1b[1;1R"


class Terminal:
    """A process on a pseudo terminal, which answers where its cursor is, or nothing at all."""

    def __init__(self, descriptor: int, answers: bool) -> None:
        self._descriptor = descriptor
        self._answers = answers
        self.output = b""

    def type(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def read_until(self, wanted: Callable[[bytes], bool], patience: float = 20) -> bytes:
        """All output from now on until it satisfies `wanted`."""
        start, end = len(self.output), time.monotonic() + patience
        while not wanted(self.output[start:]):
            if time.monotonic() > end:
                raise AssertionError(f"not seen in {self.output[start:][-2000:]!r}")
            self.pump(0.1)
        return self.output[start:]

    def pump(self, seconds: float) -> bool:
        """Read what comes; False at the end."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:
            return False
        self.output += data
        if self._answers:
            os.write(self._descriptor, ANSWER * data.count(ASK))
        return bool(data)

    def quiet(self) -> None:
        """Read until nothing has come for a while."""
        before = -1
        while before != len(self.output):
            before = len(self.output)
            self.pump(0.3)


@contextmanager
def running(
    color: str, answers: bool = True, size: tuple[int, int] = (120, 40), limit: int = 90
) -> Iterator[tuple[Terminal, int]]:
    environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(NAMESPACE)}
    environ.pop("NO_COLOR", None)
    script = str(Path(__file__).with_name("moving_source.py"))
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, script, f"color={color}", f"limit={limit}"], environ)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    try:
        yield Terminal(descriptor, answers), pid
    finally:
        with suppress(OSError):
            os.close(descriptor)
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@pytest.mark.parametrize("color", ["truecolor", "16"])
def test_a_key_sends_little_and_quitting_restores_the_terminal(color: str) -> None:
    with running(color) as (terminal, pid):
        terminal.read_until(lambda text: b"ended" in text)
        terminal.quiet()
        terminal.type(b"j")
        sent = terminal.read_until(lambda text: b"gunicorn" in text)
        terminal.quiet()
        assert len(sent) < 1500, "one box, one line, and no more"
        assert (b"38;2;" in terminal.output) == (color == "truecolor")
        terminal.type(b"q")
        terminal.read_until(lambda text: b"\x1b[?1049l" in text)
        while terminal.pump(5):
            pass
        assert b"\x1b[?25h" in terminal.output
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_terminal_that_answers_nothing_gets_the_picture_all_the_same() -> None:
    with running("256", answers=False) as (terminal, _):
        terminal.read_until(lambda text: b"ended" in text and b"gunicorn" in text)
        terminal.type(b"j")
        terminal.read_until(lambda text: b"4021" in text)
        terminal.type(b"q")
        terminal.read_until(lambda text: b"\x1b[?1049l" in text)


def test_escape_sequences_of_names_never_reach_the_terminal() -> None:
    with running("16") as (terminal, _):
        terminal.read_until(lambda text: b"ended" in text)
        terminal.type(b"/" + b"\x1b[200~[red]\x05\x1b[201~")
        terminal.read_until(lambda text: b"[red]" in text)
        terminal.quiet()
        assert b"\x05" not in terminal.output


def test_keys_that_come_all_at_once_are_taken_in_order() -> None:
    with running("16") as (terminal, _):
        terminal.read_until(lambda text: b"ended" in text)
        terminal.type(b"/qsw run\r")
        terminal.read_until(lambda text: b"/qsw run/" in text)
        terminal.type(b"\x1b")
        terminal.quiet()
        terminal.type(b"jj/query\rq")
        terminal.read_until(lambda text: b"/query/" in text and b"\x1b[?1049l" in text)


def end_of(pid: int, patience: float = 20) -> int:
    """The exit status of a process that is to end by itself."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    raise AssertionError("it goes on without its terminal")


def saved_histories(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "data" / "icetop" / "hangups").glob("*.pb.gz"))


@pytest.mark.parametrize("how", ["vanishes", "is hung up while it stays"])
def test_when_the_terminal_goes_the_history_is_kept_and_the_next_start_says_where(how: str, tmp_path: Path) -> None:
    with running("16", limit=10**9) as (terminal, pid):
        terminal.read_until(lambda text: b"gunicorn" in text)
        if how == "vanishes":
            os.close(terminal._descriptor)
        else:
            os.kill(pid, signal.SIGHUP)
            terminal.read_until(lambda text: b"\x1b[?1049l" in text)
        assert end_of(pid) == 129
    saved = saved_histories(tmp_path)
    assert len(saved) == 1 and saved[0].stat().st_size > 500
    with running("16") as (terminal, _):
        terminal.read_until(lambda text: b"the terminal went away" in text and b"icetop open" in text)


def test_a_file_that_was_only_looked_at_is_not_saved_again(tmp_path: Path) -> None:
    with running("16") as (terminal, pid):
        terminal.read_until(lambda text: b"ended" in text)
        terminal.type(b"q")
        terminal.read_until(lambda text: b"\x1b[?1049l" in text)
        assert end_of(pid) == 0
    assert saved_histories(tmp_path) == []


class SlowLink:
    """Reads a terminal as a link of `rate` bytes a second does; what is typed and answered takes `delay` seconds."""

    def __init__(self, descriptor: int, rate: int, delay: float) -> None:
        self._descriptor, self._rate, self._delay = descriptor, rate, delay
        self._typed: list[tuple[float, bytes]] = []
        self.output = b""

    def type(self, keys: bytes) -> None:
        self._typed.append((time.monotonic() + self._delay, keys))

    def run(self, until: Callable[[], bool], patience: float) -> None:
        end, step = time.monotonic() + patience, 0.02
        while not until():
            assert time.monotonic() < end, self.output[-500:]
            begin = time.monotonic()
            while self._typed and self._typed[0][0] <= begin:
                os.write(self._descriptor, self._typed.pop(0)[1])
            if select.select([self._descriptor], [], [], step)[0]:
                data = os.read(self._descriptor, max(int(self._rate * step), 1))
                self.output += data
                for _ in range((self.output[-len(data) - len(ASK) + 1 :]).count(ASK)):
                    self.type(ANSWER)
            time.sleep(max(begin + step - time.monotonic(), 0))


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_behind_a_slow_link_keys_work_and_nothing_piles_up() -> None:
    with running("16", size=(80, 24), limit=10**9) as (terminal, pid):
        link = SlowLink(terminal._descriptor, rate=4000, delay=0.3)
        link.run(lambda: b"gunicorn" in link.output and b"last 30 s" in link.output, patience=20)
        before, start = resident(pid), time.monotonic()
        for key, effect in ((b"j", b"4021"), (b"w", b"last 5 min"), (b"w", b"all of it"), (b"\t", b"Flat%")):
            place = len(link.output)
            link.type(key)
            link.run(lambda effect=effect, place=place: effect in link.output[place:], patience=8)
        link.run(lambda: time.monotonic() > start + 6, patience=10)
        assert resident(pid) - before < 24_000_000
