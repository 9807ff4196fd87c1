"""Running the command line: its commands joined, and every failure turned into a line and an exit status."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from ..profiles.delta import Notice
from ..profiles.source import SourceError
from . import check, keeping, live, saved  # noqa: F401  # importing them adds their commands
from .configuration import origin
from .group import LIVE, cli
from .output import Failure, drop_output, tell

INTERRUPTED = 130


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
        drop_output()
    except Exception as error:
        drop_output()
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
