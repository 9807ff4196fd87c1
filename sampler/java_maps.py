"""Asking JVMs for their perf maps, when told to: now and then as they compile, and never held up by them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..profiles.delta import Notice
from ..profiles.mends import JAVA_NAMES
from .jit_code import ProcessKey

if TYPE_CHECKING:
    import subprocess

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
"""Seconds until a JVM is asked again while it has code without names; each pause is twice the one before."""

MOST_AT_ONCE = 4
MOST_KNOWN = 256
PATIENCE_SECONDS = 12.0
LAST_SECONDS = 3.0
"""Bounds: JVMs that are asked at once, those remembered, seconds for an answer, seconds that the end waits for one."""


@dataclass(slots=True)
class Asked:
    """When a JVM may be asked again, and who is asking it now."""

    next_at: float
    pause: float
    child: subprocess.Popen[bytes] | None = None
    gives_up_at: float = 0.0


class JavaMaps:
    """Asks JVMs once `wanted` is true. `command` is what asks the JVM whose pid is added to it."""

    def __init__(
        self,
        wanted: bool,
        command: Sequence[str] = (sys.executable, "-m", "icetop.targets.java_attach"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wanted = wanted
        self._command = command
        self._clock = clock
        self._asked: dict[ProcessKey, Asked] = {}

    def ask(self, unnamed: Iterable[tuple[ProcessKey, str]], last: bool = False) -> list[Notice]:
        """Ask those JVMs (with their names) that have code without names, if it is time; what came of earlier asking.

        `last` asks all of them once more, and waits for a moment.
        """
        if not self.wanted:
            return []
        named = dict(unnamed)
        for key in named:
            self._begin(key, last)
        if last:
            self._wait(self._clock() + LAST_SECONDS)
        return [notice for key in list(self._asked) if (notice := self._end(key, named.get(key, "a JVM"))) is not None]

    def close(self) -> None:
        """End whoever is still asking."""
        for asked in self._asked.values():
            if asked.child is not None:
                _finish(asked.child)
        self._asked.clear()

    def _begin(self, key: ProcessKey, at_once: bool) -> None:
        now = self._clock()
        asked = self._asked.get(key)
        if asked is None:
            if len(self._asked) >= MOST_KNOWN:
                return
            asked = self._asked[key] = Asked(now, FIRST_PAUSE)
        running = sum(other.child is not None for other in self._asked.values())
        if asked.child is not None or running >= MOST_AT_ONCE or (asked.next_at > now and not at_once):
            return
        asked.next_at, asked.pause = now + asked.pause, min(2 * asked.pause, LONGEST_PAUSE)
        asked.gives_up_at = now + PATIENCE_SECONDS
        import subprocess

        asked.child = subprocess.Popen(
            [*self._command, str(key[0])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _wait(self, until: float) -> None:
        import subprocess

        for asked in self._asked.values():
            if asked.child is not None:
                try:
                    asked.child.wait(max(until - self._clock(), 0.001))
                except subprocess.TimeoutExpired:
                    return

    def _end(self, key: ProcessKey, name: str) -> Notice | None:
        """What to say of the asking of a JVM that has ended, badly; None otherwise."""
        asked = self._asked[key]
        if asked.child is None:
            return None
        status = asked.child.poll()
        if status is None and self._clock() < asked.gives_up_at:
            return None
        why = _finish(asked.child) if status != 0 else ""
        asked.child = None
        if status == 0:
            return None
        return Notice("warning", f"{name}: the JVM gave no perf map", why or "no answer", JAVA_NAMES)


def _finish(child: subprocess.Popen[bytes]) -> str:
    """End a child; gives what it said."""
    if child.poll() is None:
        child.kill()
    return child.communicate()[0][:300].decode(errors="replace").strip()
