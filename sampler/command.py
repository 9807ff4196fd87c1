"""A command that icetop starts to profile it: held back until sampling is on, so that nothing of it is missed."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Sequence


class CannotStart(Exception):
    """The command could not be run; `status` is what a shell would give (127: not found, 126: not allowed)."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


class Command:
    """A child that waits, before its first instruction, for `go`.

    One that does not show its output has no part in the terminal, nor in the priority of who starts it: it has a
    session of its own.
    """

    def __init__(self, words: Sequence[str], show_output: bool = True) -> None:
        self.words = tuple(words)
        self._status: int | None = None
        gate, self._open_gate = os.pipe2(os.O_CLOEXEC)
        self._failure, failure = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if not self.pid:
            self._become(gate, failure, show_output)
        os.close(gate)
        os.close(failure)

    @property
    def started(self) -> bool:
        """Whether it was let go."""
        return self._open_gate < 0

    def go(self) -> None:
        """Let it run. Raises CannotStart when there is no such command."""
        os.write(self._open_gate, b"g")
        self._close_gate()
        with os.fdopen(self._failure, "rb") as pipe:
            answer = pipe.read()
        if answer:
            self.wait()
            number = int(answer)
            raise CannotStart(f"{self.words[0]}: {os.strerror(number)}", 127 if number == errno.ENOENT else 126)

    def running(self) -> bool:
        """Whether it has not ended yet."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
        return self._status is None

    def wait(self) -> int:
        """Wait for its end; gives its exit status as a shell would (128 + signal)."""
        if self._status is None:
            with contextlib.suppress(ChildProcessError):  # a signal's handler has found its end meanwhile
                self._status = os.waitpid(self.pid, 0)[1]
        assert self._status is not None
        code = os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else 128 - code

    def terminate(self) -> None:
        """Ask it to end; when it was never let go it ends without having run."""
        if not self.started:
            self._close_gate()
            os.close(self._failure)
        elif self.running():
            os.kill(self.pid, signal.SIGTERM)

    def _close_gate(self) -> None:
        os.close(self._open_gate)
        self._open_gate = -1

    def _become(self, gate: int, failure: int, show_output: bool) -> None:
        """The child's side: wait, and turn into the command; a failure's number goes to the parent."""
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.close(self._open_gate)
            if not os.read(gate, 1):
                os._exit(127)
            if not show_output:
                os.setsid()
                nowhere = os.open(os.devnull, os.O_RDWR)
                for descriptor in (0, 1, 2):
                    os.dup2(nowhere, descriptor)
            os.execvp(self.words[0], self.words)
        except OSError as error:
            os.write(failure, str(error.errno).encode())
        finally:
            os._exit(127)
