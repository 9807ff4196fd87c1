"""The Kubernetes API asked by a process of its own, `python -m icetop.targets.cluster_names`, which tells on a pipe.

The client is large, and parts of it may neither be stopped nor be left alone when an interpreter ends: a process can be
killed at any time. It ends with its reader.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from .cluster_access import find_access
from .informant import Informant, Told
from .titles import clean

if TYPE_CHECKING:
    import subprocess

LONGEST_LINE = 1 << 16


class ClusterNames(Informant):
    """What `KubernetesPods` tells, from a child."""

    _child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Ask no more: the child is killed."""
        super().stop()
        if self._child is not None:
            self._child.kill()

    def _follow(self) -> None:
        words = [sys.executable, "-m", __name__]
        import subprocess

        pipe = subprocess.PIPE
        with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as child:
            self._child = child
            if self._stopped.is_set():
                child.kill()
            assert child.stdout is not None
            try:
                while (line := child.stdout.readline(LONGEST_LINE)) and not self._stopped.is_set():
                    self._take(*json.loads(line))
            finally:
                child.kill()
        raise ChildProcessError

    def _take(self, who: str, told: dict[str, str] | str) -> None:
        """One line: a container or pod and its labels, or nobody and what goes wrong."""
        if isinstance(told, dict):
            self._tell(who, told)
        else:
            self._fail(self.address, told)
            self.answered.set()

    def _reason(self, error: Exception) -> str:
        return f"the process that asks it ended ({clean(type(error).__name__)})"


def cluster_names(tell: Told, fail: Callable[[str, str], None]) -> Informant | None:
    """Who tells of the pods of this node; None where there is no way to an API."""
    access = find_access()
    return ClusterNames(access.address, tell, fail) if access is not None else None


def main() -> None:
    """Ask, and write a line for each thing that there is to tell, until nobody listens any more."""
    from .kubernetes_pods import KubernetesPods

    access = find_access()
    if access is None:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = os.dup(1)
    os.dup2(2, 1)  # what a client or a program that gives it a token prints is not for the reader

    def tell(who: str, told: dict[str, str] | str) -> None:
        try:
            os.write(output, json.dumps((who, told)).encode() + b"\n")
        except OSError:
            os._exit(0)

    KubernetesPods(access, tell, lambda _, why: tell("", why)).start()
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
