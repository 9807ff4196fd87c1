"""Asking somebody for names of containers and pods, again and again, in a thread of its own.

Who is asked may be slow, dead, forbidden or hostile: nobody waits for it longer than they want to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SECONDS = 3
"""How long one answer may take."""

SHORTEST_REST, LONGEST_REST = 2.0, 60.0
"""Seconds until one that failed is asked again: twice as long each time."""

Told = Callable[[str, dict[str, str]], None]
"""Is told the id of a container or the uid of a pod, and its labels."""


class Informant:
    """Asks from `start` on. `tell` is told what there is, `fail` what goes wrong (nothing: it is well again), both in
    the thread.

    `answered` is set when everything was told for the first time, or when there was no answer.
    """

    def __init__(self, address: str, tell: Told, fail: Callable[[str, str], None]) -> None:
        self.address = address
        self.answered = threading.Event()
        self._tell = tell
        self._fail = fail
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="icetop-names", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more. Does not wait."""
        self._stopped.set()

    def _all_told(self) -> None:
        """Everything there is was told: from now on it is news."""
        self.answered.set()
        self._fail(self.address, "")

    def _run(self) -> None:
        rest = SHORTEST_REST
        while not self._stopped.is_set():
            since = time.monotonic()
            try:
                self._follow()
            except Exception as error:  # whatever a client makes of what came: who answers is not trusted
                if not self._stopped.is_set():
                    self._fail(self.address, self._reason(error))
            self.answered.set()
            rest = SHORTEST_REST if time.monotonic() - since > LONGEST_REST else min(2 * rest, LONGEST_REST)
            self._stopped.wait(rest)

    def _follow(self) -> None:
        """Tell everything there is, then news for as long as it comes."""
        raise NotImplementedError

    def _reason(self, error: Exception) -> str:
        """Why there were no names, in a few words."""
        raise NotImplementedError


def plain_reason(error: Exception) -> str:
    """What every client's errors have in common: the innermost cause that says anything; empty where none does."""
    seen: BaseException | None = error
    for _ in range(10):
        if isinstance(seen, PermissionError):
            return "permission denied"
        if isinstance(seen, TimeoutError):
            return f"no answer within {SECONDS} s"
        if isinstance(seen, ConnectionRefusedError):
            return "nobody answers there"
        if isinstance(seen, FileNotFoundError):
            return "there is no such socket"
        following = seen.__cause__ or seen.__context__ if seen is not None else None
        if following is None:
            break
        seen = following
    return f"no answer within {SECONDS} s" if "timed out" in str(error).lower() else ""
