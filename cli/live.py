"""The commands that sample: the live app, `record` and `agent`."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from ..profiles.delta import Delta, Notice
from ..profiles.target import Target
from ..profiles.view import Baseline, View
from ..sampler.options import CollectOptions
from .configuration import setting
from .far import compared_sources, far_sources, folded, replayed
from .group import LIVE, cli
from .options import AgentCommand, TargetCommand, common_options, no_kernel, target_options, view_options
from .output import DEFAULT_TOP, Failure, print_out, tell
from .recording import failures_told, folder_options, record_folder, recorded_before, wants_folder
from .sampling import collect_options, kinds_asked, options_of
from .screen import blue_option, show, theme_option
from .splash import erase_splash
from .values import Label, WholeText

if TYPE_CHECKING:
    from ..profiles.profile import Profile

SECONDS_WITHOUT_A_TERMINAL = 10.0


duration = setting(
    "-d", "--duration", type=click.FloatRange(0.1), metavar="SECONDS", help="For so long (default: until stopped)."
)


@cli.command(LIVE, cls=TargetCommand, hidden=True)
@collect_options
@setting("-d", "--duration", type=click.FloatRange(0.1), metavar="SECONDS", help="Without a terminal: then a report.")
@setting(
    "--via",
    type=WholeText(),
    multiple=True,
    metavar="COMMAND",
    help="Collect elsewhere: what `ssh HOST sudo icetop agent`, for one, starts. Several are shown as one.",
)
@setting(
    "--baseline-via",
    type=WholeText(),
    metavar="COMMAND",
    help="Collect there as well, and compare with that: `--via CANARY --baseline-via STABLE`.",
)
@setting(
    "--with",
    "saved",
    multiple=True,
    metavar="FILE|FOLDER",
    help="Beside what is live, what was saved of another machine, again and again.",
)
@setting("--no-history", is_flag=True, help="Do not draw the last hour of a recorder that runs here.")
@setting("--baseline", metavar="FILE|FOLDER", help="Compare with what was saved.")
@view_options
@theme_option
@blue_option
@common_options
def live(
    sampling: CollectOptions,
    duration: float | None,
    no_history: bool,
    via: tuple[str, ...],
    baseline_via: str | None,
    saved: tuple[str, ...],
    baseline: str | None,
    view: View,
    theme: str,
    blue: bool,
    color: str,
    ascii_only: bool,
) -> int:
    """Show live where the machine's time goes."""
    kind, kinds = kinds_asked(view.kind)
    view = replace(view, kind=kind)
    sampling = replace(sampling, kinds=kinds)
    on_screen = sys.stdin.isatty() and sys.stdout.isatty()
    if baseline_via is not None and (len(via) != 1 or baseline is not None or saved or not on_screen):
        raise click.UsageError("--baseline-via goes with one --via, no --baseline or --with, and a terminal")
    if baseline is not None and not on_screen:
        mend = "icetop record -o FILE, then icetop report FILE --baseline"
        raise Failure("--baseline here is for the screen", "this is no terminal", mend)
    compared, base = saved_before(baseline, view.target)
    beside = replayed(saved, view.target) if saved else []
    if len(via) > 1 or beside:
        view = replace(view, first_level="host")
    if via:
        far = replace(sampling, target=view.target, kernel=view.kernel)
        if baseline_via is not None:
            source, view, base = compared_sources(via[0], baseline_via, far, view)
        else:
            source = far_sources(via, far, compared, beside)
    else:
        options = options_of(sampling, view.target, not view.kernel)
        if not on_screen and not beside:
            return report_of_now(options, duration or SECONDS_WITHOUT_A_TERMINAL, view)
        from ..sampler.agent_source import local_agent

        source = local_agent(options, chain(compared, () if no_history or beside else recorded_before()))
        if beside:
            from ..sampler.together import Together

            source = Together([source, *beside])
    if not on_screen:
        print_report_of(folded(source, duration or SECONDS_WITHOUT_A_TERMINAL), view)
        return 0
    gc.disable()  # until the app is up
    from ..tui import app  # noqa: F401  (imported while the collector starts, under the splash)

    erase_splash()
    view = replace(view, target=Target(hosts=view.target.hosts), baseline=base)
    return show(source, view, color, ascii_only, theme, blue)


def saved_before(baseline: str | None, target: Target) -> tuple[Iterable[Delta], Baseline | None]:
    """What is saved under a path, as what the live view is compared with, and what the view says of it.

    Of it counts what the target chooses by name; numbers of processes mean something else there. Raises SourceError.
    """
    if baseline is None:
        return (), None
    from ..profiles.with_baseline import beside
    from .looking import saved_beside

    named = replace(target, pids=frozenset(), command=())
    return beside(saved_beside(baseline)), Baseline(target=named or None, beside=True)


@cli.command(cls=TargetCommand)
@collect_options
@setting(
    "-o",
    "--output",
    metavar="FILE|FOLDER",
    help="Where to: .pb.gz or .folded, `-` for stdout (default: a name by time); a folder gets a file each window.",
)
@folder_options
@setting("--label", "labels", type=Label(), multiple=True, metavar="KEY=VALUE", help="Give all samples this label.")
@setting(
    "--kind", default="cpu", show_default=True, metavar="KIND[,KIND]", help="What to record: cpu, offcpu, wall, lock."
)
@duration
@no_kernel
@target_options
@common_options
def record(
    sampling: CollectOptions,
    output: str | None,
    window: float | None,
    keep: int | None,
    labels: tuple[tuple[str, str], ...],
    kind: str,
    duration: float | None,
    no_kernel: bool,
    target: Target,
    color: str,
    ascii_only: bool,
) -> int:
    """Record a profile without a screen: for a time, until stopped, or until the command after `--` has ended."""
    from ..snapshots.formats import FileSink, UnknownFormat

    kinds = kinds_asked(kind)[1]
    options = replace(options_of(sampling, target, no_kernel), labels=dict(labels), kinds=kinds)
    if wants_folder(output, window, keep):
        return record_folder(options, output or "", window, keep, duration)
    path = output or time.strftime(f"icetop-{os.uname().nodename}-%Y%m%d-%H%M%S.pb.gz")
    try:
        sink = FileSink(path)
    except UnknownFormat as error:
        raise click.UsageError(f"{path}: {error}") from None
    folder = os.path.dirname(path) or "."
    if path != "-" and not os.access(folder, os.W_OK):
        raise Failure(f"cannot write {path}", "no such folder" if not os.path.isdir(folder) else "permission denied")
    profile, status = collect(options, sink, duration)
    tell(Notice("info", path if path != "-" else "stdout", summary(profile)))
    return status


@cli.command(cls=AgentCommand)
@collect_options
@setting(
    "--kind", default="cpu", show_default=True, metavar="KIND[,KIND]", help="What to sample: cpu, offcpu, wall, lock."
)
@no_kernel
@target_options
@common_options
def agent(sampling: CollectOptions, kind: str, no_kernel: bool, target: Target, color: str, ascii_only: bool) -> int:
    """Be a collector on a pipe: what was found on stdout, orders on stdin."""
    from ..sampler.agent import run_agent

    options = replace(options_of(sampling, target, no_kernel), kinds=kinds_asked(kind)[1])
    return run_agent(replace(options, show_command_output=False))


def collect(options: CollectOptions, sink: Any, seconds: float | None) -> tuple[Profile, int]:
    """Record into a sink (None: only the profile); the profile, and the status to end with."""
    from ..sampler.record import record as record_now

    with failures_told():
        found = record_now(options, sink, seconds, tell)
    return found.profile, found.exit_status or 0


def report_of_now(options: CollectOptions, seconds: float, view: View) -> int:
    """Without a terminal: look for so long, then print the report."""
    profile, _ = collect(options, None, seconds)
    print_report_of(profile, view)
    return 0


def print_report_of(profile: Profile, view: View) -> None:
    """Print the report of what was sampled for a view's target."""
    from ..profiles.report import build_report
    from ..profiles.report_text import report_text

    print_out(report_text(build_report(profile, replace(view, target=Target()), "flat", DEFAULT_TOP), None))


def summary(profile: Profile) -> str:
    """What was taken, in one line."""
    buckets = list(profile.timeline.buckets())
    expected = sum(bucket.expected for bucket in buckets)
    lost = sum(sum(bucket.lost.values()) for bucket in buckets)
    seconds = (profile.timeline.end_ns - profile.timeline.start_ns) / 1e9
    text = f"{expected - lost} samples of {expected} expected in {seconds:.1f} s, {lost} lost"
    if "offcpu" in profile.context.kinds:
        waited = sum(sum(bucket.counts["offcpu"].values) for bucket in buckets if "offcpu" in bucket.counts)
        return f"{text}; {waited / 1e9:.1f} s off the CPU"
    return text if expected else f"{text}: the target did not use a CPU in that time"
