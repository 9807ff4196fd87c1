"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any, TypeVar

import click

from ..profiles.target import CHOICES, Target, target_of
from ..profiles.view import View
from .configuration import config_option, setting
from .values import PidList, Size, Words

COLORS = ("auto", "truecolor", "256", "16", "none")
COMMAND_KEY = "icetop.command"
"""Where a call's context keeps the command given after `--`."""

Function = TypeVar("Function", bound=Callable[..., Any])

no_kernel = setting("--no-kernel", is_flag=True, help="Leave out kernel frames.")


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


class AgentCommand(TargetCommand):
    """The collector's command, whose words may come as one: see `sampler.agent_words`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words apart."""
        from ..sampler.agent_words import plain_words

        try:
            return super().parse_args(ctx, plain_words(args))
        except ValueError as error:
            raise click.UsageError(str(error), ctx) from None


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

    def with_target(pid: Any, **more: Any) -> Any:
        command = click.get_current_context().meta.get(COMMAND_KEY, ())
        chosen = {choice: all_of(more.pop(choice.removesuffix("s"))) for choice in CHOICES[1:]}
        return function(target=target_of(within_namespaces(chosen), all_of(pid), command), **more)

    wrapped: Callable[..., Any] = update_wrapper(with_target, function)
    for option in (
        several("-s", "--service", metavar="NAME", help="Services: systemd units, Compose, workloads."),
        several("-n", "--namespace", metavar="NS", help="All pods of a namespace, or what is named in it."),
        several("--pod", metavar="[NS/]NAME", help="The pod of this name."),
        several("-c", "--container", metavar="NAME", help="The container of this name, or of this id."),
        several("--cgroup", metavar="PATH", help="The control group PATH and those below it."),
        several("--comm", metavar="NAME", help="Processes and threads of this name."),
        several("-p", "--pid", type=PidList(), metavar="PID[,PID]", help="These processes. Targets may be several."),
    ):
        wrapped = option(wrapped)
    return wrapped


def several(*names: str, **more: Any) -> Callable[[Function], Function]:
    """An option for words that may be given again and again, and with commas between: all of them count."""
    return setting(*names, multiple=True, **{"type": Words(), **more})


def all_of(given: Iterable[frozenset[Any]]) -> frozenset[Any]:
    """What all that was given for such an option says."""
    return frozenset().union(*given)


def within_namespaces(chosen: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The same choice with names of containers, pods and services in the namespaces given, as kubectl reads `-n`."""
    namespaces = chosen["namespaces"]
    named = {choice: chosen[choice] for choice in ("containers", "pods", "services") if chosen[choice]}
    if not namespaces or not named:
        return chosen
    full = {
        choice: frozenset(name if "/" in name else f"{space}/{name}" for name in names for space in namespaces)
        for choice, names in named.items()
    }
    return {**chosen, **full, "namespaces": frozenset()}


interpreter_option = setting(
    "--interpreter", is_flag=True, help="Show the interpreter's own frames around what it runs."
)


def view_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what of a profile to look at, handed on as one `view`. Its kind is empty when not given."""

    def with_view(
        target: Target,
        kind: str,
        no_kernel: bool,
        interpreter: bool,
        hide: Any,
        min_samples: int,
        min_share: float,
        idle: bool,
        causes: Any,
        **more: Any,
    ) -> Any:
        view = View(
            kind=kind,
            target=target,
            kernel=not no_kernel,
            interpreter=interpreter,
            hidden=tuple(sorted(all_of(hide))),
            minimum_samples=min_samples,
            minimum_share=min_share / 100,
            idle=idle,
            causes=tuple(sorted(all_of(causes))),
        )
        return function(view=view, **more)

    wrapped: Callable[..., Any] = update_wrapper(with_view, function)
    for option in (
        setting(
            "--min-share", type=click.FloatRange(0, 100), default=0.0, metavar="PERCENT", help="Leave out smaller ones."
        ),
        setting("--min-samples", type=click.IntRange(1), default=1, metavar="N", help="Leave out rarer functions."),
        several("--hide", metavar="PATTERN", help="Leave out functions by name, such as 'runtime.*'."),
        interpreter_option,
        several(
            "--cause",
            "causes",
            metavar="CAUSE",
            help="Only waits for these: network, lock, 'disk I/O' ...",
        ),
        setting("--idle", is_flag=True, help="Count what threads waited for work, too."),
        no_kernel,
        setting("--kind", default="", metavar="KIND", help="What to look at: cpu, offcpu ... (default: the first)."),
    ):
        wrapped = option(wrapped)
    return target_options(wrapped)


def file_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that read files, handed on as `limits`: how much they may hold, where names are."""

    def with_limits(file_limit: int | None, symbols: tuple[str, ...], debuginfod: bool, **more: Any) -> Any:
        from ..snapshots.limits import DEFAULT_LIMIT, Limits

        return function(limits=Limits(file_limit or DEFAULT_LIMIT, symbols, debuginfod), **more)

    wrapped: Callable[..., Any] = update_wrapper(with_limits, function)
    for option in (
        setting("--debuginfod", is_flag=True, help="Ask the servers in DEBUGINFOD_URLS for names that are missing."),
        setting(
            "--symbols",
            multiple=True,
            metavar="FOLDER",
            type=click.Path(exists=True, file_okay=False),
            help="Name what has no name from the binaries and debug files in FOLDER.",
        ),
        setting("--file-limit", type=Size(), metavar="SIZE", help="Refuse files that hold more (default: 512MiB)."),
    ):
        wrapped = option(wrapped)
    return wrapped


range_option = setting(
    "--range",
    "span",
    metavar="A..B",
    help="A part of the time: seconds from the start, negative from the end, or clock.",
)

baseline_option = setting(
    "--baseline",
    metavar="FILE|FOLDER|A..B",
    help="Compare with what is saved elsewhere, or with another part of the time.",
)
