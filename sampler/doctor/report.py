"""The checks as aligned text or as one JSON object."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import TextIO

from .check import Check, State

SIGNS = {State.OK: "✓", State.DEGRADED: "!", State.FAILED: "✗", State.ABSENT: "-"}
ASCII_SIGNS = {State.OK: "+", State.DEGRADED: "!", State.FAILED: "x", State.ABSENT: "-"}
COLOURS = {State.OK: "32", State.DEGRADED: "33", State.FAILED: "31", State.ABSENT: "2"}
NARROWEST, WIDEST = 60, 120


def summary(checks: Sequence[Check]) -> str:
    """In one line: whether sampling works here, and what stands in its way or is limited."""
    failed = [check.subject for check in checks if check.state is State.FAILED]
    degraded = [check.subject for check in checks if check.state is State.DEGRADED]
    if failed:
        return f"icetop cannot sample here: see {', '.join(failed)}"
    if degraded:
        return f"icetop can sample here, with limits: see {', '.join(degraded)}"
    return "icetop can sample here: everything works"


def as_json(checks: Sequence[Check]) -> str:
    """One object: `works`, `summary`, and the checks."""
    rows = [
        {
            "subject": check.subject,
            "state": check.state.value,
            "finding": check.finding,
            "purpose": check.purpose,
            "effect": check.effect,
            "mend": check.mend,
        }
        for check in checks
    ]
    works = all(check.state is not State.FAILED for check in checks)
    return json.dumps({"schema": 1, "works": works, "summary": summary(checks), "checks": rows}, indent=2)


def as_text(checks: Sequence[Check], coloured: bool, ascii_only: bool, width: int = WIDEST) -> str:
    """The summary, then a line a check; what is lost and the mend below those that need it."""
    width = min(max(width, NARROWEST), WIDEST)
    signs = ASCII_SIGNS if ascii_only else SIGNS
    column = max(len(check.subject) for check in checks) + 4
    lines = [summary(checks), ""]
    for check in checks:
        sign = f"\033[{COLOURS[check.state]}m{signs[check.state]}\033[0m" if coloured else signs[check.state]
        first, *rest = wrap(f"{check.finding} ({check.purpose})", width - column)
        lines.append(f"{sign} {check.subject.ljust(column - 2)}{first}")
        for label, text in (("", " ".join(rest)), ("without: ", check.effect), ("mend: ", check.mend)):
            if text:
                lines += [" " * column + line for line in wrap(label + text, width - column)]
    text = "\n".join(lines)
    return text.encode("ascii", "replace").decode() if ascii_only else text


def wants_colour(color: str, stream: TextIO = sys.stdout) -> bool:
    """Whether to colour: as told, or where there is a terminal and NO_COLOR is not set."""
    if color == "auto":
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return color != "none"


def knows_signs(stream: TextIO) -> bool:
    """Whether the stream's encoding has the signs."""
    try:
        "".join(SIGNS.values()).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
