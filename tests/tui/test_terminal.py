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
def running(color: str, answers: bool = True, size: tuple[int, int] = (120, 40)) -> Iterator[tuple[Terminal, int]]:
    environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(NAMESPACE)}
    environ.pop("NO_COLOR", None)
    script = str(Path(__file__).with_name("moving_source.py"))
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, script, f"color={color}", "limit=90"], environ)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    try:
        yield Terminal(descriptor, answers), pid
    finally:
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
