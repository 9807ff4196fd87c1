"""The app's keys for whom to look at, and how often."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..profiles.delta import Notice
from ..profiles.target import Target, joined
from ..profiles.vocabulary import PEER
from .moving import MovingApp

if TYPE_CHECKING:
    from ..targets.places import Places


class WhomApp(MovingApp):
    """Steers the source: its target, its rate, what it asks of those that it samples."""

    _sought = 0
    """The thread to go to when it shows."""

    _picked_from: Places | None = None
    """What the last picker knew of containers and pods."""

    def action_pick(self) -> None:
        """Pick what to sample, or of a saved profile what to look at."""
        from .picker import PickerScreen

        live, profile = self._live and not self._ended, self._keeper.profile
        picker = PickerScreen(self._look, self._picture, live, profile, self._picked_from)
        self._picked_from = picker.places
        self.push_screen(picker, self._picked)

    def _picked(self, chosen: list[Hashable] | None) -> None:
        from .picker import target_of

        if chosen:
            self._look_at(target_of(chosen))

    def _look_at(self, target: Target) -> None:
        """Sample and show something else."""
        target = replace(target, hosts=self._choices.view.target.hosts)
        if not self._ended:
            self._steering.retarget(self._sampled(target))
        self._choose(self._choices.of_target(target))

    def _peer(self) -> tuple[int, int]:
        """The process that the box under the cursor names as the other end of a wait, and its thread; 0 for none."""
        frame = self._picture.tree.frame(self._board.icicle.box) if self._picture is not None else None
        words = frame.build_id.split("/") if frame is not None and frame.binary == PEER else []
        numbers = [int(word) for word in words if word.isdecimal()]
        return (numbers[0] if numbers else 0, numbers[1] if len(numbers) > 1 else 0)

    def _go_to_peer(self, pid: int, thread: int) -> None:
        """Look at the other end of a wait: at all its time, running or not; at a thread of it, among the threads."""
        target = Target(pids=frozenset((pid,)), hosts=self._choices.view.target.hosts)
        if not self._ended and self._choices.view.target != target:
            self._steering.retarget(self._sampled(target))
        choices = self._choices.of_target(target).of_kind("wall")
        self._sought = thread
        self._choose(
            replace(choices, view=replace(choices.view, causes=(), first_level="thread" if thread else "process"))
        )

    def _show_picture(self) -> None:
        super()._show_picture()
        tree = self._picture.tree if self._picture is not None else None
        if not self._sought or tree is None or self._picture is None or self._picture.view.first_level != "thread":
            return
        for box in tree.children(0):
            group = tree.group(box)
            if group is not None and group.tid == self._sought:
                self._sought = 0
                self._board.icicle.go_to(box)
                return

    def _sampled(self, target: Target) -> Target:
        """What is to be sampled for a target to be shown: also what it is compared with. Each machine knows but itself;
        what the same processes are called on another, the profile tells."""
        base = self._choices.baseline
        if base is not None and base.target is not None and not base.beside:
            target = Target() if base.elsewhere and target.pids else joined(target, base.target)
        return replace(target, hosts=frozenset())

    def action_rate(self, step: int) -> None:
        """Sample more often, or less."""
        hz = self._keeper.profile.context.frequency_hz
        rate = self._steering.change_rate(hz, step) if hz and not self._ended else None
        if rate is not None:
            cost = self._cost.percent
            why = "" if cost is None else f"at {hz} Hz icetop takes {cost:.1f} % of a core"
            self._board.notice.say(Notice("info", f"sampling at {rate} Hz from now on", why))
        self._show_header()

    def action_java_maps(self) -> None:
        """Ask JVMs for the names of their functions."""
        if not self._ended and self._steering.ask_java_for_names():
            self._board.notice.say(Notice("info", "JVMs are asked for the names of their functions from now on"))
