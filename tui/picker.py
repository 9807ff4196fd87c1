"""The picker of targets: processes, containers and pods of this machine as they run, or those of a saved profile."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.message import Message

from ..profiles.target import Target
from .chooser import Chooser, ChooserScreen, Entry
from .figures import percent, scale_for
from .look import Look
from .place_entries import place_entries, target_of_places
from .process_reader import LiveProcess, ProcessReader

if TYPE_CHECKING:
    from ..profiles.profile import Profile
    from ..profiles.view import View
    from ..targets.places import Places
    from .picture import Picture

HEADS = "    PID    CPU%    Memory  Process"
EVERY = "every"
"""The key of the entry that stands for all processes."""


class PickerScreen(ChooserScreen):
    """The processes that can be picked; those of the profile, in the time of the picture, where this machine is not
    meant. `earlier` are the `places` of the last one."""

    class Came(Message):
        """Processes were read. What they look like in the list is worked out by who read them: it takes its time."""

        def __init__(self, processes: Sequence[LiveProcess]) -> None:
            super().__init__()
            self.entries = entries_of(processes)

    def __init__(
        self,
        look: Look,
        picture: Picture | None,
        live: bool,
        profile: Profile | None = None,
        earlier: Places | None = None,
    ) -> None:
        title = "pick what to sample" if live else "pick what to look at"
        super().__init__(Chooser(look, title, HEADS, several=True))
        self._picture, self._profile = picture, profile
        here = live and (picture is None or picture.context.host in ("", os.uname().nodename))
        self._reader = ProcessReader(lambda found: self.post_message(self.Came(found)), earlier) if here else None

    @property
    def places(self) -> Places | None:
        """What is known of containers and pods; None where this machine is not meant."""
        return self._reader.places if self._reader is not None else None

    def on_mount(self) -> None:
        """Begin to read, or show what the picture has."""
        if self._reader is not None:
            self._reader.start()
        elif self._picture is not None and self._profile is not None:
            self.chooser.offer(entries_of(processes_of(self._profile, self._picture.view)))

    def on_unmount(self) -> None:
        """Read no more."""
        if self._reader is not None:
            self._reader.stop()

    def on_picker_screen_came(self, message: Came) -> None:
        """Offer what was read."""
        self.chooser.remark = self._reader.complaints if self._reader is not None else ""
        self.chooser.offer(message.entries)


def entries_of(processes: Sequence[LiveProcess]) -> list[Entry]:
    """One entry a process, the busiest first; before them one for all, and those of containers and pods."""
    ordered = sorted(processes, key=lambda process: (-(process.cpu_percent or 0.0), -process.memory, process.pid))
    every = Entry(EVERY, f"{'all':>7} {'':>7} {'':>9}", "every process")
    return [
        every,
        *place_entries(processes, _figures),
        *(Entry(process.pid, _figures_of(process), process.name, _more(process)) for process in ordered),
    ]


def target_of(chosen: Sequence[Hashable]) -> Target:
    """The target that the chosen keys stand for."""
    if EVERY in chosen:
        return Target()
    places = target_of_places(chosen)
    return replace(places, pids=frozenset(key for key in chosen if isinstance(key, int)))


def processes_of(profile: Profile, view: View) -> list[LiveProcess]:
    """The processes of a profile in the stretch that a view shows, whomever it looks at; their CPU share is of all
    of that stretch."""
    import numpy as np

    from ..profiles.groups import group_series
    from ..profiles.selection import picked

    rows = picked(profile, replace(view, target=Target(hosts=view.target.hosts)))
    groups, group_of_series = group_series(profile, "process")
    sums = np.bincount(group_of_series[rows.series], rows.values, len(groups)).tolist()
    places = {series.pid: labels for series, labels in zip(profile.series, profile.labels, strict=True)}
    whole = float(rows.values.sum()) or 1.0
    return [
        LiveProcess(group.pid, group.name, group.title, 100 * value / whole, 0, places[group.pid])
        for group, value in zip(groups, sums, strict=True)
        if value and group.pid
    ]


def _figures_of(process: LiveProcess) -> str:
    return _figures(str(process.pid), process.cpu_percent, process.memory)


def _figures(word: str, cpu_percent: float | None, memory: int) -> str:
    share = "-" if cpu_percent is None else percent_of_core(cpu_percent)
    return f"{word:>7} {share:>7} {scale_for('bytes', memory).full(memory) if memory else '':>9}"


def _more(process: LiveProcess) -> str:
    """The title, the container that it runs in, and its number there."""
    inside = f"pid {process.inside} there" if process.inside else ""
    return "  ".join(filter(None, (process.title, process.place.get("container"), inside)))


def percent_of_core(share: float) -> str:
    """A share of one core in percent, which may be more than 100."""
    return f"{share:.0f}" if share >= 100 else percent(share)
