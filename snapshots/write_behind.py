"""Writing in a thread of its own: a disk that stalls holds up nobody but those who write more than it takes."""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MOST_WAITING = 6
"""Writes that wait for the disk; more are refused."""

PATIENCE = 0.1
"""Seconds that a write is waited for, so that a failure is mostly told to whoever asked for it."""

LAST_PATIENCE = 30.0
"""Seconds that all writes are waited for in the end."""


@dataclass(slots=True, eq=False)
class _Job:
    run: Callable[[], None]
    error: Exception | None = None
    waited_for: bool = True


class WriteBehind:
    """Runs writes one after the other, in the order in which they came."""

    def __init__(self) -> None:
        self._jobs: deque[_Job] = deque()
        self._late: list[Exception] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, run: Callable[[], None]) -> None:
        """Have a write done. Raises what it raises if it ends soon, and OSError when too many wait already."""
        job = _Job(run)
        with self._changed:
            if len(self._jobs) >= MOST_WAITING:
                raise _stalled()
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._changed.notify_all()
            self._changed.wait_for(lambda: job not in self._jobs, PATIENCE)
            job.waited_for = False
        if job.error is not None:
            raise job.error

    def late_failures(self) -> list[OSError]:
        """What failed after it was no longer waited for, each told once. Raises what is no failure of a disk."""
        with self._changed:
            late, self._late = self._late, []
        for error in late:
            if not isinstance(error, OSError):
                raise error
        return [error for error in late if isinstance(error, OSError)]

    def settle(self) -> None:
        """Wait for all writes, for so long; those that are not done then have failed."""
        with self._changed:
            until = time.monotonic() + LAST_PATIENCE
            while self._jobs and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            self._late += [_stalled() for _ in self._jobs]

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._jobs))
                job = self._jobs[0]
            try:
                job.run()
            except Exception as error:
                job.error = error
            with self._changed:
                self._jobs.popleft()
                if job.error is not None and not job.waited_for:
                    self._late.append(job.error)
                self._changed.notify_all()


def _stalled() -> OSError:
    return OSError(errno.EAGAIN, "the disk is stalled")
