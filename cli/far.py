"""`--via`: the screen here, the collector at the other end of a command's pipes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import click

from ..profiles.delta import Delta, Notice
from ..profiles.source import Source, SourceError
from ..profiles.target import Target
from ..profiles.view import Baseline, View
from .output import Failure, tell

if TYPE_CHECKING:
    from ..profiles.profile import Profile
    from ..sampler.agent_source import AgentSource
    from ..sampler.options import CollectOptions

MEND = "--via takes a command that starts `icetop agent`"


def far_sources(
    commands: Sequence[str], options: CollectOptions, before: Iterable[Delta] = (), saved: Sequence[Source] = ()
) -> Source:
    """The collectors that these commands start elsewhere, and what is `saved`, as one, once they have answered.

    Of several, one that does not is but a notice. Raises Failure where none does.
    """
    from ..sampler.together import Together

    if len(commands) == 1 and not saved:
        try:
            return _answering(commands[0], options, before)
        except SourceError as error:
            raise _failure(error) from None
    found: list[Source] = []
    failures: list[SourceError] = []
    for command in commands:  # one after the other: each may ask for a password
        try:
            found.append(_answering(command, options))
        except SourceError as error:
            failures.append(error)
    if not found:
        raise _failure(failures[-1])
    now, notices = time.time_ns(), tuple(replace(error.notice, mend=MEND) for error in failures)
    return Together(
        [*found, *saved], chain(before, (Delta(now, now, notices=notices, stage="starting"),) if notices else ())
    )


def replayed(paths: Sequence[str], target: Target) -> list[Source]:
    """What is saved under each of these paths, to be shown beside what is live. Raises SourceError, and Failure."""
    from ..sampler.replayed import Replayed
    from .looking import saved_beside

    return [Replayed(saved_beside(path), os.path.basename(path.rstrip("/")), target) for path in paths]


def compared_sources(command: str, baseline: str, options: CollectOptions, view: View) -> tuple[Source, View, Baseline]:
    """Two collectors elsewhere: one to look at, and one to compare it with; the view and its baseline.

    Raises Failure where one of them does not sample.
    """
    from ..sampler.together import Together, distinct_names

    found: list[AgentSource] = []
    try:
        for each in (command, baseline):
            found.append(_answering(each, options))
        names = distinct_names([source.context().host for source in found])
    except SourceError as error:
        for source in found:
            source.stop()
        raise _failure(error) from None
    here, there = (Target(hosts=frozenset((name,))) for name in names)
    return Together(found, names=names), replace(view, target=here), Baseline(target=there)


def _answering(command: str, options: CollectOptions, before: Iterable[Delta] = ()) -> AgentSource:
    """The collector that a command starts, once it has answered. Raises SourceError where it does not."""
    from ..sampler.agent_source import far_agent

    try:
        source = far_agent(command, options, before)
    except ValueError as error:
        raise click.UsageError(f"--via: {error}") from None
    source.greet()
    return source


def _failure(error: SourceError) -> Failure:
    notice: Notice = error.notice
    return Failure(notice.what, notice.why, MEND)


def folded(source: Source, seconds: float) -> Profile:
    """What a source tells in so many seconds from its first sample; its notices go to stderr.

    Raises Failure when it cannot go on.
    """
    from threading import Timer

    from ..profiles.profile import Profile

    profile, timer = Profile(), Timer(seconds, source.stop)
    timer.daemon = True
    try:
        for delta in source.deltas():
            if delta.context is not None and timer.ident is None:  # what the far end did before is not counted
                timer.start()
            profile.fold(delta)
            for notice in delta.notices:
                tell(notice)
    except SourceError as error:
        raise Failure(error.notice.what, error.notice.why, error.notice.mend) from None
    except ValueError as error:
        raise Failure("what the far end says makes no sense", str(error)) from None
    finally:
        timer.cancel()
    return profile
