"""What holds for everything that one collection finds."""

from __future__ import annotations

import os

from .. import __version__
from ..profiles.delta import Context
from .loader.programs import online_cpus
from .options import CollectOptions


def collect_context(options: CollectOptions) -> Context:
    """The context of a collection on this machine; when it starts is for the collector to say."""
    return Context(
        host=os.uname().nodename,
        kernel=os.uname().release,
        cpus=len(online_cpus()),
        frequency_hz=options.frequency_hz,
        target=str(options.target),
        kinds=options.kinds,
        version=__version__,
        options={"kernel": "on" if options.kernel else "off"},
    )
