"""The command line: `icetop`, and its commands that work on saved files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from .cli_options import common_options, file_options, range_option, target_options, view_options
from .configuration import origin, setting
from .profiles.delta import Notice
from .profiles.printable import printable
from .profiles.source import SourceError
from .profiles.target import Target
from .profiles.view import View

if TYPE_CHECKING:
    from .profiles.profile import Profile
    from .snapshots.limits import Limits

LIVE = "live"
"""The command that stands for `icetop` without one."""

DEFAULT_TOP = 40
INTERRUPTED = 130


class Failure(Exception):
    """Something that could not be done, with what a person needs to know; the exit status is 1."""

    def __init__(self, what: str, why: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.notice = Notice("error", what, why, mend)


class Icetop(click.Group):
    """The group whose call without a command is the live app, and whose common options may stand before a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command first."""
        return super().parse_args(ctx, self._command_first(ctx, args))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The live app's options, where there is one, and the commands."""
        live = self.commands.get(LIVE)
        if live is None:
            super().format_options(ctx, formatter)
        else:
            live.format_options(ctx, formatter)
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
        if first in ("-h", "--help", "--version") or LIVE not in self.commands:
            return args[place:] or ["--help"]
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


@cli.command("open")
@click.argument("path", metavar="FILE")
@range_option
@view_options
@file_options
@common_options
def open_file(path: str, span: str | None, view: View, limits: Limits, color: str, ascii_only: bool) -> int:
    """Look at a saved profile in the app; without a terminal, print its report."""
    from .snapshots.file_source import FileSource

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return print_report(path, span, view, limits, DEFAULT_TOP)
    source = FileSource(path, limits)
    if span is not None:
        view = view_of(source.profile(), path, view, span)
    view = replace(view, kind=known_kind(path, view.kind, source.context().kinds))
    from .tui.app import run_app

    return run_app(source, view=view, color=color, ascii_only=ascii_only)


@cli.command()
@click.argument("path", metavar="FILE")
@range_option
@setting("--sort", type=click.Choice(("flat", "cum")), default="flat", show_default=True, help="Order of functions.")
@setting("--top", type=click.IntRange(1), metavar="N", help=f"Only the first N functions (text: {DEFAULT_TOP}).")
@setting("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@setting("--stacks", is_flag=True, help="With JSON: every stack as well.")
@view_options
@file_options
@common_options
def report(
    path: str,
    span: str | None,
    sort: str,
    top: int | None,
    form: str,
    stacks: bool,
    view: View,
    limits: Limits,
    color: str,
    ascii_only: bool,
) -> int:
    """Say in figures what a saved profile says: totals, completeness, functions."""
    if form == "text":
        return print_report(path, span, view, limits, top or DEFAULT_TOP, sort)
    from .profiles.report import build_report
    from .profiles.report_json import report_json

    profile = read(path, limits)
    found = build_report(profile, view_of(profile, path, view, span), cast(Any, sort), top, stacks)
    print_out(json.dumps(report_json(found)) + "\n")
    mention(profile)
    return 0


@cli.command()
@click.argument("path", metavar="IN")
@click.argument("out", metavar="OUT")
@range_option
@setting("--kind", default="", metavar="KIND", help="Only this kind (default: pprof all, others the first).")
@target_options
@file_options
@common_options
def convert(
    path: str, out: str, span: str | None, kind: str, target: Target, limits: Limits, color: str, ascii_only: bool
) -> int:
    """Write a saved profile, or a part of it, in another format: by ending .pb.gz or .folded (`-`: pprof on stdout)."""
    from .snapshots.formats import UnknownFormat, encoder_for, save

    try:
        encoder_for(out)
    except UnknownFormat as error:
        raise click.UsageError(f"{out}: {error}") from None
    profile = read(path, limits)
    view = view_of(profile, path, View(kind=kind, target=target), span)
    try:
        save(profile, out, view.stretch, target, (kind,) if kind else ())
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(out, error.strerror or str(error)) from None
    mention(profile)
    return 0


@cli.command()
@setting("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@common_options
def doctor(form: str, color: str, ascii_only: bool) -> int:
    """Check what works on this machine, what does not, why, and the mend."""
    from .sampler.doctor import run as check

    return check(form, color, ascii_only)


def print_report(path: str, span: str | None, view: View, limits: Limits, top: int, sort: str = "flat") -> int:
    """Print a file's report as text, fitted to the terminal where there is one."""
    from shutil import get_terminal_size

    from .profiles.report import build_report
    from .profiles.report_text import report_text

    profile = read(path, limits)
    found = build_report(profile, view_of(profile, path, view, span), cast(Any, sort), top)
    print_out(report_text(found, get_terminal_size().columns if sys.stdout.isatty() else None))
    mention(profile)
    return 0


def read(path: str, limits: Limits) -> Profile:
    """A file's profile."""
    from .snapshots.file_source import FileSource

    return FileSource(path, limits).profile()


def mention(profile: Profile) -> None:
    """Say on stderr what a person should know of a profile that was read."""
    for notice in profile.notices:
        if notice.level != "info":
            tell(notice)


def view_of(profile: Profile, path: str, view: View, span: str | None) -> View:
    """The view with the kind that the profile has first, where none was asked for, and the stretch that was."""
    view = replace(view, kind=known_kind(path, view.kind, profile.kinds()))
    if span is None:
        return view
    from .profiles.ranges import parse_range

    try:
        return replace(view, stretch=parse_range(span, profile.timeline.start_ns, profile.timeline.end_ns))
    except ValueError as error:
        raise click.UsageError(f"--range: {error}") from None


def known_kind(path: str, kind: str, kinds: Sequence[str]) -> str:
    """The kind to look at: the one asked for, or else the first there is."""
    if kind and kind not in kinds:
        raise Failure(path, f"it has no kind '{kind}'", f"it has {', '.join(kinds)}")
    return kind or kinds[0]


def print_out(text: str) -> None:
    """Print to stdout, now: what cannot be printed is an error of this call, not of the interpreter's end."""
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def tell(notice: Notice) -> None:
    """Print one line on stderr for a person."""
    print(f"icetop: {printable(str(notice), 1000)}", file=sys.stderr)


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit status: 0 done, 1 could not, 2 wrong call. Never raises."""
    try:
        status = cli.main(args, prog_name="icetop", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.UsageError as error:
        return _refuse(error)
    except click.ClickException as error:
        tell(Notice("error", error.format_message()))
    except (SourceError, Failure) as error:
        tell(error.notice)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BrokenPipeError:
        _drop_output()
    except Exception as error:
        _drop_output()
        _last_resort(error)
    return 1


def _refuse(error: click.UsageError) -> int:
    """Say what is wrong with a call."""
    why = error.format_message().rstrip(".")
    where = origin(error.ctx, error.param) if isinstance(error, click.BadParameter) else ""
    command = error.ctx.command_path if error.ctx is not None else "icetop"
    mend = f"set by {where}" if where else "" if why.endswith(")") else f"{command.removesuffix(f' {LIVE}')} --help"
    tell(Notice("error", why, mend=mend))
    return 2


def _last_resort(error: Exception) -> None:
    if os.environ.get("ICETOP_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    if isinstance(error, OSError) and error.strerror:
        tell(Notice("error", str(error.filename or "output"), error.strerror))
    else:
        tell(Notice("error", "unexpected", f"{type(error).__name__}: {error}", "ICETOP_DEBUG=1 shows where"))


def _drop_output() -> None:
    """Point stdout nowhere, so that what is left in its buffer cannot fail again when the interpreter ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        pass
