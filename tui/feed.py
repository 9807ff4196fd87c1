"""The worker thread that reads a source: it hands deltas and failures to the app, and never touches the screen."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import BoundedSemaphore, Event, Thread

from textual.message import Message

from ..profiles.delta import Delta, Notice
from ..profiles.source import Source, SourceError

IN_FLIGHT = 64
"""Deltas handed over but not yet folded; then the source has to wait, so that memory stays bounded."""

FIRST_PATIENCE = 0.5
"""Seconds that a file is not read on while the first picture of it is drawn, which would then take twice as long."""


class Feed:
    """Reads a source in a thread of its own, from `start` until it ends or `stop`."""

    class Arrived(Message):
        """A delta came."""

        def __init__(self, delta: Delta) -> None:
            super().__init__()
            self.delta = delta

    class Ended(Message):
        """Nothing more will come; `notice` says why, where it was not simply the end."""

        def __init__(self, notice: Notice | None) -> None:
            super().__init__()
            self.notice = notice

    def __init__(self, source: Source, post: Callable[[Message], object]) -> None:
        self._source = source
        self._post = post
        self._room = BoundedSemaphore(IN_FLIGHT)
        self._stopped = Event()
        self._shown = Event()
        self._thread = Thread(target=self._run, name="icetop-feed", daemon=True)

    def start(self) -> None:
        """Begin reading."""
        self._thread.start()

    def shown(self) -> None:
        """Say that a picture stands on the screen."""
        self._shown.set()

    def folded(self) -> None:
        """Say that a delta has been dealt with."""
        self._room.release()

    def stop(self, patience: float = 3.0) -> None:
        """Ask the source to end and wait for it, `patience` seconds at most."""
        self._stopped.set()
        self._shown.set()
        self._source.stop()
        if self._thread.is_alive():
            self._thread.join(patience)

    def _run(self) -> None:
        notice: Notice | None = None
        try:
            for delta in self._source.deltas():
                counted = any(len(counts) for counts in delta.counts.values())
                if counted:
                    _prepare()
                while not self._stopped.is_set() and not self._room.acquire(timeout=0.2):
                    pass
                if not self._stopped.is_set():
                    self._post(self.Arrived(delta))
                    _prepare()
                if counted and not self._source.live:
                    self._shown.wait(FIRST_PATIENCE)
                    self._shown.set()
        except SourceError as error:
            notice = error.notice
        except Exception as error:  # whatever fails in a source, the screen goes on with what it has
            notice = Notice("error", "the source failed", f"{type(error).__name__}: {error}")
        if not self._stopped.is_set():
            self._post(self.Ended(notice))


def _prepare() -> None:
    """Import what the first picture needs, numpy above all: here, so that the screen's thread does not wait for it, and
    as soon as the source has begun to speak, so that samples do not either.
    """
    # numpy's linear algebra is not used; without its threads numpy is there in half the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from ..profiles import top_table, tree_builder  # noqa: F401
    from . import icicle_layout  # noqa: F401
