"""A source at the other end of a command's pipes: the collector of this machine, or any other that speaks the wire."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from .. import __version__
from ..profiles.delta import Context, Delta, Notice
from ..profiles.printable import printable
from ..profiles.source import SourceError
from ..profiles.target import CHOICES, Target
from .agent_words import safe_words
from .options import CollectOptions
from .wire import BadMessage, pack_target, read_messages, unpack_delta, write_message

LONGEST_COMPLAINT = 300
PATIENCE_SECONDS = 5.0
ENDS_WITHIN_SECONDS = 1.0


class AgentSource:
    """Starts the command at once; its deltas are read by whoever iterates over `deltas`.

    `before` are deltas of what went before, without tables, and of what is compared with; the collector's come after
    them. `name` is what complaints call it. `apart` gives it a session of its own, where it has no terminal to ask at,
    and the kernel counts its priority against all others.
    """

    live = True
    heard_every_s = 1.0

    def __init__(
        self,
        command: Sequence[str],
        before: Iterable[Delta] = (),
        name: str = "the collector",
        apart: bool = False,
    ) -> None:
        self._command = list(command)
        self._name = name
        self._messages: Iterator[dict[str, Any]] = iter(())
        self._version = __version__
        self._before = before
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                start_new_session=apart,
            )
        except OSError as error:
            raise SourceError(Notice("error", f"cannot run {self._command[0]}", error.strerror or "")) from error
        assert self._child.stdout is not None
        self._messages = read_messages(self._child.stdout)
        self._stopped = False

    def greet(self) -> None:
        """Wait for the first message, while the command may still ask its user something on the terminal.

        Raises SourceError when the command ends without one.
        """
        try:
            first = next(self._messages)
        except StopIteration:
            self._end()
            raise SourceError(self._death("")) from None
        except BadMessage as error:
            self._end()
            raise SourceError(self._death(str(error))) from error
        self._messages = chain((first,), self._messages)

    def context(self) -> Context:
        """Wait for what the collector says of its machine; `deltas` still begins at the beginning. Raises SourceError
        when it cannot sample."""
        read: list[dict[str, Any]] = []
        found: Context | None = None
        try:
            while found is None and "failure" not in (message := next(self._messages)):
                read.append(message)
                found = unpack_delta(message["delta"]).context
        except StopIteration:
            self._end()
            raise SourceError(self._death("")) from None
        except (BadMessage, KeyError, TypeError) as error:
            self._end()
            raise SourceError(self._death(str(error))) from error
        if found is None:
            self._end()
            raise SourceError(Notice(*(str(part) for part in message["failure"])))
        self._messages = chain(read, self._messages)
        return found

    def deltas(self) -> Iterator[Delta]:
        """The collector's deltas; ends after the last one. Raises SourceError when the collector fails or dies."""
        last = False
        yield from self._before
        try:
            for message in self._messages:
                if "failure" in message:
                    raise SourceError(Notice(*(str(part) for part in message["failure"])))
                delta = self._compared(unpack_delta(message["delta"]))
                last = delta.last
                yield delta
        except (BadMessage, KeyError, TypeError) as error:
            if not self._stopped:
                raise SourceError(self._death(str(error))) from error
        finally:
            self._end()
        if not last and not self._stopped:
            raise SourceError(self._death(""))

    def _compared(self, delta: Delta) -> Delta:
        """The delta, with a notice where another version of icetop begins to speak."""
        if delta.context is None or delta.context.version in ("", self._version):
            return delta
        self._version = delta.context.version
        what = f"{self._name} is icetop {printable(self._version, 40)}, this is {__version__}"
        notice = Notice("warning", what, "they understand each other so far", "install the same version on both sides")
        return replace(delta, notices=(*delta.notices, notice))

    def retarget(self, target: Target) -> None:
        """Sample something else from now on; the first delta of it has the new context."""
        self._order(pack_target(target))

    def set_rate(self, frequency_hz: int) -> None:
        """Sample at another rate from now on."""
        self._order({"order": "rate", "hz": frequency_hz})

    def follow_waits(self) -> None:
        """Sample time off the CPU as well."""
        self._order({"order": "waits"})

    def ask_java_for_names(self) -> None:
        """Ask JVMs for the names of their code from now on."""
        self._order({"order": "java_maps"})

    def stop(self) -> None:
        """Ask the collector to end; `deltas` then yields what is left."""
        self._stopped = True
        self._order({"order": "stop"})

    def _order(self, message: dict[str, Any]) -> None:
        """Send an order; a collector that is gone takes none."""
        assert self._child.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            write_message(self._child.stdin, message)

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        try:
            self._child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _death(self, why: str) -> Notice:
        """What to say of a collector that ended without a last delta: its last complaint, or how it ended."""
        self._complaints.seek(0)
        complaint = self._complaints.read()[-LONGEST_COMPLAINT:].decode(errors="replace").strip().splitlines()
        reason = ": ".join(filter(None, (why, complaint[-1] if complaint else "", self._how_it_ended())))
        return Notice("error", f"{self._name} ended", reason, "what was seen so far stays; start icetop again to go on")

    def _how_it_ended(self) -> str:
        """Its signal or exit status, which may come shortly after the end of what it wrote; nothing while it lives."""
        try:
            status = self._child.wait(ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            return ""
        return f"killed by signal {-status}" if status < 0 else f"exit status {status}"


def local_agent(options: CollectOptions, before: Iterable[Delta] = ()) -> AgentSource:
    """The collector of this machine, as a process of its own. Raises SourceError when it cannot be started."""
    return AgentSource([sys.executable, "-m", "icetop", "agent", *agent_arguments(options)], before, apart=True)


def far_agent(command: str, options: CollectOptions, before: Iterable[Delta] = ()) -> AgentSource:
    """The collector that a command starts elsewhere: `ssh web-3 sudo icetop agent`, after which come these options.

    Raises SourceError when the command cannot be started, ValueError for what is no command.
    """
    words = shlex.split(command)
    if not words:
        raise ValueError("it is empty")
    return AgentSource([*words, *safe_words(agent_arguments(options))], before, "the far end")


def agent_arguments(options: CollectOptions) -> list[str]:
    """The words of `icetop agent` that stand for these options."""
    target, words = options.target, ["-F", str(options.frequency_hz), "--max-frames", str(options.frames)]
    for name, entries in options.map_sizes.items():
        words += ["--map-size", f"{name}={entries}"]
    if target.pids:
        words += ["-p", ",".join(str(pid) for pid in sorted(target.pids))]
    for choice in CHOICES[1:]:
        if getattr(target, choice):
            words += [f"--{choice.removesuffix('s')}", ",".join(sorted(getattr(target, choice)))]
    if options.small:
        words.append("--small")
    if options.java_maps:
        words.append("--java-maps")
    words += ["--kind", ",".join(options.kinds)]
    if not options.kernel:
        words.append("--no-kernel")
    return [*words, "--", *target.command] if target.command else words
