"""The processes of this machine for the picker, read by a thread of its own in small bites."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from ..targets.namespaces import innermost_pid
from ..targets.places import Places
from ..targets.processes import read_process

if TYPE_CHECKING:
    import psutil

ROUND = 2.0
"""Seconds between two readings: what the CPU shares are means over."""

BITE, BREATH = 16, 0.004
"""Processes read in one go, and the seconds of pause after them, in which the screen's thread gets its turn."""

FIRST_LOOK = 400
"""Processes after which what there is so far is shown, in the first round."""


@dataclass(frozen=True, slots=True)
class LiveProcess:
    """One process. `cpu_percent` is of one core (None: not known yet), `memory` resident bytes.

    `place` has the labels of its container and pod, as series have them; `marks` are the container's or pod's own
    (`app=web tier=front`), to be searched. `inside` is its number in its own container, else 0.
    """

    pid: int
    name: str
    title: str
    cpu_percent: float | None
    memory: int
    place: Mapping[str, str] = field(default_factory=dict)
    marks: str = ""
    inside: int = 0


class ProcessReader:
    """Reads all processes over and over from `start` until `stop`; `tell` is called in the thread.

    Names of containers and pods that the `places` of an earlier one were told are known at once.
    """

    def __init__(self, tell: Callable[[list[LiveProcess]], object], earlier: Places | None = None) -> None:
        self._tell = tell
        self._stopped = Event()
        self._names: dict[tuple[int, float], tuple[str, str, str, int]] = {}
        self.places = Places()
        if earlier is not None:
            self.places.remember(earlier)
        self._thread = Thread(target=self._run, name="icetop-processes", daemon=True)

    def start(self) -> None:
        """Begin reading."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more. Does not wait."""
        self._stopped.set()
        self.places.close()

    def _run(self) -> None:
        first = True
        while not self._stopped.is_set():
            self._read_all(first)
            self._stopped.wait(ROUND / 2 if first else ROUND)
            first = False

    def _read_all(self, first: bool) -> None:
        import psutil

        found: list[LiveProcess] = []
        self.places.news()
        known = self._names
        self._names = {}
        for number, process in enumerate(psutil.process_iter(), 1):
            self._add(process, found, known, first)
            if number % BITE == 0 and self._stopped.wait(BREATH):
                return
            if first and number % FIRST_LOOK == 0:
                self._tell(found.copy())
        self._tell(found)

    @property
    def complaints(self) -> str:
        """In one line, who tells no names of containers and pods, and why; empty while all do."""
        told = list(self.places.complaints.items())
        return "; ".join(f"no names: {why}; {address}" for address, why in told)

    def _add(
        self,
        process: psutil.Process,
        found: list[LiveProcess],
        known: dict[tuple[int, float], tuple[str, str, str, int]],
        first: bool,
    ) -> None:
        import psutil

        try:
            with process.oneshot():
                share, memory, born = process.cpu_percent(None), process.memory_info().rss, process.create_time()
        except (psutil.Error, OSError):
            return
        who = (process.pid, born)
        names = known.get(who) or _names_of(process.pid)
        if names is not None:
            self._names[who] = names
            name, title, cgroup, inside = names
            cpu_percent = None if first or who not in known else share
            self.places.ask(cgroup)
            place, marks = self.places.labels(cgroup), self.places.marks(cgroup)
            found.append(LiveProcess(process.pid, name, title, cpu_percent, memory, place, marks, inside))


def _names_of(pid: int) -> tuple[str, str, str, int] | None:
    """Name, title and control group of a process, and its number in its own container."""
    info = read_process(pid)
    if info is None:
        return None
    return info.name, "" if info.title == info.name else info.title, info.cgroup, innermost_pid(pid)
