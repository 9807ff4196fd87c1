"""What holds for everything that one collection finds."""

from __future__ import annotations

import os
import socket
from importlib.metadata import PackageNotFoundError, version

from ..profiles.delta import Context
from .loader.programs import online_cpus
from .options import CollectOptions


def collect_context(options: CollectOptions) -> Context:
    """The context of a collection on this machine; when it starts is for the collector to say."""
    return Context(
        host=socket.gethostname(),
        kernel=os.uname().release,
        cpus=len(online_cpus()),
        frequency_hz=options.frequency_hz,
        target=str(options.target),
        kinds=options.kinds,
        version=own_version(),
        options={"kernel": "on" if options.kernel else "off"},
    )


def own_version() -> str:
    """icetop's version, as installed."""
    try:
        return version("icetop")
    except PackageNotFoundError:
        return ""
