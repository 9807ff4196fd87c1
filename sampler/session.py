"""One collection from start to end, the command it profiles included: what `record` and `agent` share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from ..profiles.delta import Delta, Notice
from ..profiles.target import Target
from .collector import Collector
from .command import Command
from .context import collect_context
from .lives import Lives
from .options import CollectOptions
from .priority import raise_priority


class Session:
    """Starts the command held back, attaches, lets it go, and yields deltas until the target has ended.

    `exit_status` is the command's once it has ended (None without one). Raises NoSuchProcess, CannotStart, and what
    `KernelSide` raises.
    """

    def __init__(self, options: CollectOptions, stage: Callable[[str], None], *, end_with_target: bool) -> None:
        target = options.target
        self._end_with_target = end_with_target or bool(target.command)
        self.exit_status: int | None = None
        self._closing = False
        self._lives = Lives(target.pids)
        self._command = Command(target.command, options.show_command_output) if target.command else None
        self._priority = raise_priority(whole_session=not (target.command and options.show_command_output))
        try:
            self._collector = Collector(options, collect_context(options), stage)
        except BaseException:
            self._lives.close()
            if self._command is not None:
                self._command.terminate()
            raise

    def deltas(self, seconds: float | None = None) -> Iterator[Delta]:
        """The deltas of the collection; the first one says at what priority it runs."""
        lives = self._lives if self._end_with_target else None
        if self._command is not None:
            lives = Lives([self._command.pid])
            self._collector.kernel.add_target_pid(self._command.pid)
            self._command.go()
        elif not self._lives.descriptors:
            lives = None
        notice = Notice("info", self._priority)
        for delta in self._collector.deltas(seconds, lives):
            yield delta if delta.context is None else with_notice(delta, notice)

    @property
    def counters(self) -> Counter[str]:
        """What happened while stacks were finished in user space: see `Finisher`."""
        return self._collector.counters

    @property
    def is_awaited(self) -> bool:
        """Whether a command was started that has not ended yet."""
        return self._command is not None and self._command.running()

    def retarget(self, target: Target) -> None:
        """Ask, from any thread, to sample something else."""
        self._collector.retarget(target)

    def set_rate(self, frequency_hz: int) -> None:
        """Ask, from any thread, for another rate."""
        self._collector.set_rate(frequency_hz)

    def follow_waits(self) -> None:
        """Ask, from any thread, to sample time off the CPU as well."""
        self._collector.follow_waits()

    def ask_java_for_names(self) -> None:
        """Ask, from any thread, JVMs for the names of their code."""
        self._collector.ask_java_for_names()

    def stop(self) -> None:
        """Ask for the end, from any thread or a signal handler; once it has come, the command is asked that goes on."""
        if not self._closing:
            self._collector.stop()
        elif self._command is not None:
            self._command.terminate()

    def close(self, terminate: bool = True) -> None:
        """Take everything down and wait for the command to end, which is asked for with `terminate`."""
        self._closing = True
        self._collector.close()
        self._lives.close()
        if self._command is not None:
            if terminate or not self._command.started:
                self._command.terminate()
            self.exit_status = self._command.wait()


def with_notice(delta: Delta, notice: Notice) -> Delta:
    """The delta with one notice more."""
    return replace(delta, notices=(*delta.notices, notice))
