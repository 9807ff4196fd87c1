"""Knowing at once when processes end, by their pidfds (kernel 5.3)."""

from __future__ import annotations

import os
from collections.abc import Iterable


class NoSuchProcess(Exception):
    """A pid that no process has."""


class Lives:
    """Watches processes until the last of them has ended."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids: dict[int, int] = {}
        for pid in pids:
            try:
                self._pids[os.pidfd_open(pid)] = pid
            except OSError as error:
                self.close()
                raise NoSuchProcess(f"no process {pid}") from error

    @property
    def descriptors(self) -> list[int]:
        """Descriptors that become readable when a process ends."""
        return list(self._pids)

    @property
    def over(self) -> bool:
        """Whether all have ended."""
        return not self._pids

    def ended(self, descriptor: int) -> bool:
        """Take note of an end; whether the descriptor was one of these."""
        if self._pids.pop(descriptor, None) is None:
            return False
        os.close(descriptor)
        return True

    def close(self) -> None:
        """Watch no more."""
        for descriptor in list(self._pids):
            self.ended(descriptor)
