"""Options that several commands share, and what their values may be."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar

import click

from .configuration import config_option, setting
from .profiles.target import Target
from .profiles.view import View

COLORS = ("auto", "truecolor", "256", "16", "none")
COMMAND_KEY = "icetop.command"
"""Where a call's context keeps the command given after `--`."""

Function = TypeVar("Function", bound=Callable[..., Any])


class TargetCommand(click.Command):
    """A command that can start what it profiles: `-- COMMAND [ARG...]` at its end becomes a part of the target."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Cut off what follows the first `--`."""
        if "--" in args:
            place = args.index("--")
            ctx.meta[COMMAND_KEY] = tuple(args[place + 1 :])
            if place + 1 == len(args):
                raise click.UsageError("no command after --", ctx)
            args = args[:place]
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if type(error) is click.UsageError and "extra argument" in error.message:
                raise click.UsageError(f"{error.message}; a command to start stands after --", ctx) from None
            raise


class PidList(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """PID[,PID...] as a set of numbers."""

    name = "pids"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[int]:
        """The set; anything else than numbers from 1 on is a wrong call."""
        if isinstance(value, frozenset):
            return value
        parts = value if isinstance(value, list) else str(value).split(",")
        try:
            pids = frozenset(int(part) for part in parts)
        except (ValueError, TypeError):
            pids = frozenset((0,))
        if not pids or min(pids) < 1 or max(pids) > 1 << 22:
            self.fail(f"'{value}' is not a process id, or several with commas between", param, ctx)
        return pids


class Words(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """WORD[,WORD...] as a set."""

    name = "words"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        """The set of words that are not empty."""
        if isinstance(value, frozenset):
            return value
        return frozenset(filter(None, map(str, value) if isinstance(value, list) else str(value).split(",")))


class Size(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """Bytes, with a unit: `512MiB`, `1GiB`."""

    name = "size"
    UNITS = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9}  # noqa: RUF012

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        text = str(value).strip().lower()
        digits = text.rstrip("kmgib ")
        unit = text[len(digits) :].strip()
        if not digits.isdecimal() or len(digits) > 15 or unit not in self.UNITS or not int(digits):
            self.fail(f"'{value}' is not a size such as 512MiB", param, ctx)
        return int(digits) * self.UNITS[unit]


def common_options(function: Function) -> Function:
    """The options that every command has: --color, --ascii, --config."""
    for option in (
        config_option,
        setting("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters alone."),
        setting("--color", type=click.Choice(COLORS), default="auto", show_default=True, help="Colours to draw with."),
    ):
        function = option(function)
    return function


def target_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose processes, handed on as one `target`; with the command after `--`, where there is one."""

    def with_target(pid: Any, comm: Any, cgroup: Any, **more: Any) -> Any:
        command = click.get_current_context().meta.get(COMMAND_KEY, ())
        empty: frozenset[Any] = frozenset()
        target = Target(pids=pid or empty, comms=comm or empty, cgroups=cgroup or empty, command=command)
        return function(target=target, **more)

    wrapped: Callable[..., Any] = update_wrapper(with_target, function)
    for option in (
        setting("--cgroup", type=Words(), metavar="PATH", help="The control group PATH and those below it."),
        setting("--comm", type=Words(), metavar="NAME", help="Processes and threads of this name."),
        setting("-p", "--pid", type=PidList(), metavar="PID[,PID]", help="These processes."),
    ):
        wrapped = option(wrapped)
    return wrapped


def view_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what of a profile to look at, handed on as one `view`. Its kind is empty when not given."""

    def with_view(
        target: Target, kind: str, no_kernel: bool, hide: Any, min_samples: int, min_share: float, **more: Any
    ) -> Any:
        view = View(
            kind=kind,
            target=target,
            kernel=not no_kernel,
            hidden=tuple(sorted(hide or ())),
            minimum_samples=min_samples,
            minimum_share=min_share / 100,
        )
        return function(view=view, **more)

    wrapped: Callable[..., Any] = update_wrapper(with_view, function)
    for option in (
        setting(
            "--min-share", type=click.FloatRange(0, 100), default=0.0, metavar="PERCENT", help="Leave out smaller ones."
        ),
        setting("--min-samples", type=click.IntRange(1), default=1, metavar="N", help="Leave out rarer functions."),
        setting("--hide", type=Words(), metavar="PATTERN", help="Leave out functions by name, such as 'runtime.*'."),
        setting("--no-kernel", is_flag=True, help="Leave out kernel frames."),
        setting("--kind", default="", metavar="KIND", help="What to look at: cpu, offcpu ... (default: the first)."),
    ):
        wrapped = option(wrapped)
    return target_options(wrapped)


def file_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that read files: how much they may hold, handed on as `limits`."""

    def with_limits(file_limit: int | None, **more: Any) -> Any:
        from .snapshots.limits import DEFAULT_LIMIT, Limits

        return function(limits=Limits(file_limit or DEFAULT_LIMIT), **more)

    wrapped: Callable[..., Any] = update_wrapper(with_limits, function)
    text = "Refuse files that hold more (default: 512MiB)."
    return setting("--file-limit", type=Size(), metavar="SIZE", help=text)(wrapped)


range_option = setting(
    "--range",
    "span",
    metavar="A..B",
    help="A part of the time: seconds from the start, negative from the end, or clock.",
)
