"""`--via`: the screen here, the collector at the other end of a command's pipes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from ..profiles.source import Source, SourceError
from .output import Failure, tell

if TYPE_CHECKING:
    from ..profiles.delta import Delta
    from ..profiles.profile import Profile
    from ..sampler.options import CollectOptions


def far_source(command: str, options: CollectOptions, before: Iterable[Delta] = ()) -> Source:
    """The collector that a command starts elsewhere, once it has answered. Raises Failure where it does not."""
    from ..sampler.agent_source import far_agent

    try:
        source = far_agent(command, options, before)
        source.greet()
    except ValueError as error:
        raise click.UsageError(f"--via: {error}") from None
    except SourceError as error:
        raise Failure(error.notice.what, error.notice.why, "--via takes a command that starts `icetop agent`") from None
    return source


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
