"""The commands for keeping what was seen: `bundle` and `note`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from ..profiles.delta import Notice
from ..profiles.view import View
from .configuration import setting
from .group import cli
from .looking import look, parsed
from .options import baseline_option, common_options, file_options, range_option
from .output import Failure, tell

if TYPE_CHECKING:
    from ..snapshots.limits import Limits


@cli.command()
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True)
@setting("-o", "--output", metavar="FILE", help="Where to: a name ending in .icetop.zip (default: a name by time).")
@range_option
@baseline_option
@setting("--kind", default="", metavar="KIND", help="What picture and summary are of (default: the first).")
@setting("--no-cmdline", is_flag=True, help="Leave out what processes run, and the command that was recorded.")
@file_options
@common_options
def bundle(
    paths: tuple[str, ...],
    output: str | None,
    span: str | None,
    baseline: str | None,
    kind: str,
    no_cmdline: bool,
    limits: Limits,
    color: str,
    ascii_only: bool,
) -> int:
    """Put all that a post-mortem needs into one file, which `icetop open` opens anywhere."""
    from ..sampler.doctor import report_of
    from ..snapshots.atomic import write_whole
    from ..snapshots.bundle import encode_bundle
    from ..snapshots.bundle_names import ENDING

    path = output or time.strftime(f"icetop-%Y%m%d-%H%M%S{ENDING}")
    if not path.endswith(ENDING) and path != "-":
        raise click.UsageError(f"{path}: a bundle's name ends in {ENDING}")
    profile, view = look(paths, span, View(kind=kind), limits, baseline)
    content = encode_bundle(profile, view, report_of(profile.context.host), cmdline=not no_cmdline)
    try:
        write_whole(path, content)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(path, error.strerror or str(error)) from None
    tell(Notice("info", path if path != "-" else "stdout", f"{len(content) / 1024:,.0f} KiB"))
    return 0


@cli.command()
@click.argument("folder", metavar="FOLDER")
@click.argument("text")
@range_option
@common_options
def note(folder: str, text: str, span: str | None, color: str, ascii_only: bool) -> int:
    """Write TEXT on a recording's time line, now or on a range of it: `deployed v2.31`, from a deploy script."""
    from ..profiles.time_notes import LONGEST_TEXT, TimeNote
    from ..snapshots.notes_file import add_note

    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise click.UsageError(f"a note has 1 to {LONGEST_TEXT:,} characters")
    if not os.path.isdir(folder):
        raise Failure(folder, "no such folder", "icetop record -o FOLDER makes one")
    start = end = time.time_ns()
    if span is not None:
        from ..snapshots.recording import Recording

        recording = Recording([folder])
        stretch = parsed(span, recording.start_ns, recording.end_ns)
        start = stretch.start_ns if stretch.start_ns is not None else recording.start_ns
        end = stretch.end_ns if stretch.end_ns is not None else recording.end_ns
    try:
        add_note(folder, TimeNote(start, end, text.encode("utf-8", "replace").decode()))
    except OSError as error:
        raise Failure(folder, error.strerror or str(error)) from None
    return 0
