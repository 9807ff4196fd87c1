"""The commands that work on saved files: `open`, `report` and `convert`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from ..profiles.target import Target
from ..profiles.view import View
from .configuration import setting
from .group import cli
from .looking import look, source_to_show
from .options import (
    baseline_option,
    common_options,
    file_options,
    interpreter_option,
    range_option,
    target_options,
    view_options,
)
from .output import DEFAULT_TOP, Failure, print_out, tell
from .screen import blue_option, show, theme_option

if TYPE_CHECKING:
    from ..profiles.profile import Profile
    from ..profiles.top_table import Sort
    from ..snapshots.limits import Limits


@cli.command("open")
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True)
@range_option
@baseline_option
@view_options
@file_options
@theme_option
@blue_option
@common_options
def open_file(
    paths: tuple[str, ...],
    span: str | None,
    baseline: str | None,
    view: View,
    limits: Limits,
    theme: str,
    blue: bool,
    color: str,
    ascii_only: bool,
) -> int:
    """Look at a saved profile in the app; without a terminal, print its report. Several are shown as one."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return print_report(paths, span, view, limits, DEFAULT_TOP, baseline=baseline)
    source, view = source_to_show(paths, span, view, limits, baseline)
    return show(source, view, color, ascii_only, theme, blue)


@cli.command()
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True)
@range_option
@baseline_option
@setting(
    "--sort",
    type=click.Choice(("flat", "cum", "delta")),
    help="Order of functions (default: flat, in a comparison delta).",
)
@setting("--top", type=click.IntRange(1), metavar="N", help=f"Only the first N functions (text: {DEFAULT_TOP}).")
@setting("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@setting("--stacks", is_flag=True, help="With JSON: every stack as well.")
@view_options
@file_options
@common_options
def report(
    paths: tuple[str, ...],
    span: str | None,
    baseline: str | None,
    sort: str | None,
    top: int | None,
    form: str,
    stacks: bool,
    view: View,
    limits: Limits,
    color: str,
    ascii_only: bool,
) -> int:
    """Say in figures what was saved: totals, completeness, functions. Several folders are added up."""
    if sort == "delta" and baseline is None:
        raise click.UsageError("--sort delta is the order of a comparison: it takes --baseline")
    if form == "text":
        return print_report(paths, span, view, limits, top or DEFAULT_TOP, sort, baseline)
    from ..profiles.report import build_report
    from ..profiles.report_json import report_json

    profile, view = look(paths, span, view, limits, baseline)
    found = build_report(profile, view, cast(Any, sort) or order_for(view), top, stacks)
    print_out(json.dumps(report_json(found)) + "\n")
    mention(profile)
    return 0


@cli.command()
@click.argument("path", metavar="IN")
@click.argument("out", metavar="OUT")
@range_option
@baseline_option
@setting("--kind", default="", metavar="KIND", help="Only this kind (default: pprof all, others the first).")
@interpreter_option
@target_options
@file_options
@common_options
def convert(
    path: str,
    out: str,
    span: str | None,
    baseline: str | None,
    kind: str,
    interpreter: bool,
    target: Target,
    limits: Limits,
    color: str,
    ascii_only: bool,
) -> int:
    """Write what was saved, or a part of it, in another format, by the ending of OUT (`-`: pprof on stdout)."""
    from ..snapshots.formats import UnknownFormat, encoder_for, save, save_comparison

    try:
        encoder_for(out)
    except UnknownFormat as error:
        raise click.UsageError(f"{out}: {error}") from None
    if baseline is not None and not out.endswith(".svg"):
        raise click.UsageError(f"{out}: a comparison (--baseline) can be written as .svg alone")
    profile, view = look((path,), span, View(kind=kind, target=target, interpreter=interpreter), limits, baseline)
    try:
        if baseline is not None:
            save_comparison(profile, out, view)
        else:
            save(profile, out, view.stretch, target, (kind,) if kind else (), interpreter)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(out, error.strerror or str(error)) from None
    mention(profile)
    return 0


def print_report(
    paths: Sequence[str],
    span: str | None,
    view: View,
    limits: Limits,
    top: int,
    sort: str | None = None,
    baseline: str | None = None,
) -> int:
    """Print a file's report as text, fitted to the terminal where there is one."""
    from shutil import get_terminal_size

    from ..profiles.report import build_report
    from ..profiles.report_text import report_text

    profile, view = look(paths, span, view, limits, baseline)
    found = build_report(profile, view, cast(Any, sort) or order_for(view), top)
    print_out(report_text(found, get_terminal_size().columns if sys.stdout.isatty() else None))
    mention(profile)
    return 0


def order_for(view: View) -> Sort:
    """The order of functions where none is asked for."""
    return "flat" if view.baseline is None else "delta"


def mention(profile: Profile) -> None:
    """Say on stderr what a person should know of a profile that was read."""
    for notice in profile.notices:
        if notice.level != "info":
            tell(notice)
