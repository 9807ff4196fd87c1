"""A program on a pseudo terminal, and an emulator that says what a person would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import pyte

PATIENCE = 60.0
"""Seconds to wait for what has to come; a machine that does much else takes its time."""

LEFT = b"\x1b[?1049l"
"""What a program sends when it gives the terminal back."""


class Terminal:
    """What a program writes becomes a screen.

    `mute` terminals answer no question; `answers` has what is answered beside where the cursor is.
    """

    def __init__(
        self, descriptor: int, size: tuple[int, int], mute: bool = False, answers: Mapping[bytes, bytes] | None = None
    ) -> None:
        self.descriptor = descriptor
        self.output = b""
        self._answers = dict(answers or {})
        self._whole = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        if not mute:
            self._screen.write_process_input = lambda data: self.answer(data.encode())

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self._screen.display)

    def ground_at(self, x: int, y: int) -> str:
        """The ground of a cell: six hexadecimal digits, or a colour's name."""
        return str(self._screen.buffer[y][x].bg)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.descriptor, keys)

    def answer(self, data: bytes) -> None:
        """Give the terminal's own answer to a question."""
        os.write(self.descriptor, data)

    def show(self, data: bytes) -> None:
        """Take what the program wrote."""
        self.output += data
        self._whole += data
        for question in [question for question in self._answers if question in self.output]:
            self.answer(self._answers.pop(question))
        whole = re.sub(rb"\x1bP.*?\x1b\\\\", b"", self._whole, flags=re.DOTALL)  # strings that are not shown
        begun = re.search(rb"\x1bP[^\x1b]*\x1b?\Z|\x1b\Z", whole)
        self._whole = begun.group() if begun else b""
        self._stream.feed(whole[: begun.start()] if begun else whole)

    def sees(self, wanted: str | Callable[[str], bool]) -> str:
        """Wait until it stands on the screen; gives the screen."""
        return self._until(lambda: wanted in self.text if isinstance(wanted, str) else wanted(self.text))

    def is_left(self) -> None:
        """Wait until the program has given the terminal back."""
        self._until(lambda: LEFT in self.output)

    def quiet(self, seconds: float = 0.5) -> None:
        """Read until nothing has come for so long."""
        while self.pump(seconds):
            pass

    def pump(self, seconds: float) -> bool:
        """Read what comes within so many seconds; False where that is nothing, or the end."""
        ready, _, _ = select.select([self.descriptor], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self.show(data)
        return bool(data)

    def _until(self, there: Callable[[], bool]) -> str:
        end = time.monotonic() + PATIENCE
        while not there():
            if time.monotonic() > end:
                raise AssertionError(f"it did not come:\n{self.text}\n{self.output[-2000:]!r}")
            self.pump(0.1)
        return self.text


@contextmanager
def on_a_terminal(
    words: list[str],
    environ: dict[str, str],
    size: tuple[int, int] = (120, 40),
    mute: bool = False,
    answers: Mapping[bytes, bytes] | None = None,
) -> Iterator[tuple[Terminal, int]]:
    """Runs a program on a terminal of so many columns and rows; gives that and the program's process id."""
    pid, descriptor = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        os.execvpe(words[0], words, environ)
    try:
        yield Terminal(descriptor, size, mute, answers), pid
    finally:
        with suppress(OSError):
            os.close(descriptor)
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def end_of(pid: int) -> int:
    """The exit status of a process that is to end by itself."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    raise AssertionError("it goes on")
