"""The command that checks the machine: `doctor`."""

from __future__ import annotations

import click

from .configuration import setting
from .group import cli
from .options import common_options


@cli.command()
@setting("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@common_options
def doctor(form: str, color: str, ascii_only: bool) -> int:
    """Check what works on this machine, what does not, why, and the mend."""
    from ..sampler.doctor import run as check

    return check(form, color, ascii_only)
