"""The group of all commands: what stands for the command when none is given, and what to say to words that are none."""

from __future__ import annotations

import os
from typing import NoReturn

import click

LIVE = "live"
"""The command that stands for `icetop` without one."""


class Icetop(click.Group):
    """The group whose call without a command is the live app, and whose common options may stand before a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command first."""
        return super().parse_args(ctx, self._command_first(ctx, args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The live app's options, and the commands."""
        self.commands[LIVE].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def _command_first(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = 0
        while place < len(args) and args[place].split("=")[0] in ("--ascii", "--color", "--config"):
            place += 1 if args[place] == "--ascii" or "=" in args[place] else 2
        first = args[place] if place < len(args) else ""
        if first in self.commands:
            return [first, *args[:place], *args[place + 1 :]]
        if first and not first.startswith("-"):
            refuse_word(ctx, first)
        if first in ("-h", "--help", "--version"):
            return args[place:]
        return [LIVE, *args]


def refuse_word(ctx: click.Context, word: str) -> NoReturn:
    """Say what to write instead of a word that is neither a command nor an option."""
    if os.path.exists(word):
        raise click.UsageError(f"'{word}' is not a command (to look at a file: icetop open {word})", ctx)
    raise click.UsageError(f"there is no command '{word}' (by name: --comm {word}; to start it: -- {word})", ctx)


@click.group(
    cls=Icetop,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="[COMMAND] [OPTIONS]",
)
@click.version_option(package_name="icetop", message="%(prog)s %(version)s")
def cli() -> None:
    """See where this machine's time goes: live, recorded, or in a file from elsewhere.

    Every option --some-option is also ICETOP_SOME_OPTION in the environment, and some-option in config.toml, there at
    the top for all commands or in a table [command] for one.
    """
