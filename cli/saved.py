"""The commands that work on saved files: `open`, `report` and `convert`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import click

from ..profiles.target import Target
from ..profiles.view import View
from .configuration import setting
from .group import cli
from .options import common_options, file_options, range_option, target_options, view_options
from .output import DEFAULT_TOP, Failure, print_out, tell
from .screen import show, theme_option

if TYPE_CHECKING:
    from ..profiles.profile import Profile
    from ..snapshots.limits import Limits


@cli.command("open")
@click.argument("path", metavar="FILE")
@range_option
@view_options
@file_options
@theme_option
@common_options
def open_file(path: str, span: str | None, view: View, limits: Limits, theme: str, color: str, ascii_only: bool) -> int:
    """Look at a saved profile in the app; without a terminal, print its report."""
    from ..snapshots.file_source import FileSource

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return print_report(path, span, view, limits, DEFAULT_TOP)
    source = FileSource(path, limits)
    if span is not None:
        view = view_of(source.profile(), path, view, span)
    view = replace(view, kind=known_kind(path, view.kind, source.context().kinds))
    return show(source, view, color, ascii_only, theme)


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
    from ..profiles.report import build_report
    from ..profiles.report_json import report_json

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
    from ..snapshots.formats import UnknownFormat, encoder_for, save

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


def print_report(path: str, span: str | None, view: View, limits: Limits, top: int, sort: str = "flat") -> int:
    """Print a file's report as text, fitted to the terminal where there is one."""
    from shutil import get_terminal_size

    from ..profiles.report import build_report
    from ..profiles.report_text import report_text

    profile = read(path, limits)
    found = build_report(profile, view_of(profile, path, view, span), cast(Any, sort), top)
    print_out(report_text(found, get_terminal_size().columns if sys.stdout.isatty() else None))
    mention(profile)
    return 0


def read(path: str, limits: Limits) -> Profile:
    """A file's profile."""
    from ..snapshots.file_source import FileSource

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
    from ..profiles.ranges import parse_range

    try:
        return replace(view, stretch=parse_range(span, profile.timeline.start_ns, profile.timeline.end_ns))
    except ValueError as error:
        raise click.UsageError(f"--range: {error}") from None


def known_kind(path: str, kind: str, kinds: Sequence[str]) -> str:
    """The kind to look at: the one asked for, or else the first there is."""
    if kind and kind not in kinds:
        raise Failure(path, f"it has no kind '{kind}'", f"it has {', '.join(kinds)}")
    return kind or kinds[0]
