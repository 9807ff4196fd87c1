"""A profile in one page of Markdown, for a ticket or a post-mortem."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .printable import printable
from .profile import Profile
from .report import Report
from .report_text import format_value, headlines, iso_seconds
from .timeline import SECOND
from .top_table import TopRow

FUNCTIONS, PROCESSES, LONGEST = 20, 10, 100
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~#])")


def summary_markdown(profile: Profile, report: Report) -> str:
    """The page: where it is from, how far it can be trusted, who used the time, what changed, what people noted."""
    total, origin, *others = headlines(report)
    context = report.context
    lines = [f"# icetop: {_safe(context.host or 'profile')}, {iso_seconds(report.start_ns)}", ""]
    lines += [f"**{_safe(total)}** in {report.duration_ns / SECOND:.1f} s", "", f"- {_safe(origin)}"]
    lines += [f"- {_safe(line)}" for line in others if not line.startswith("note ")]
    for heading, part in (
        ("Notes", _notes(report)),
        ("What changed", _changes(report)),
        ("Processes", _processes(report)),
        ("Functions", _functions(report)),
        (
            "Said while it was recorded",
            [f"- {_safe(str(notice))}" for notice in profile.notices if notice.level != "info"],
        ),
    ):
        if part:
            lines += ["", f"## {heading}", "", *part]
    return "\n".join(lines) + "\n"


def _notes(report: Report) -> list[str]:
    return [f"- {iso_seconds(note.start_ns)} {_safe(note.text)}" for note in report.notes]


def _changes(report: Report) -> list[str]:
    """Functions whose change is more than noise, of a comparison."""
    if report.baseline is None:
        return []
    changed = [row for row in report.functions if row.change is not None and row.change.significant]
    if not changed:
        return ["Nothing beyond what chance would do."]
    return _table(("Change", "Flat%", "Cum%", "Function"), [_changed(row) for row in changed[:FUNCTIONS]])


def _changed(row: TopRow) -> tuple[str, ...]:
    assert row.change is not None
    return (f"{row.change.cum.points:+.1f}", f"{row.flat_percent:.1f}", f"{row.cum_percent:.1f}", row.frame.name)


def _processes(report: Report) -> list[str]:
    rows = [(f"{row.percent:.1f}", str(row.pid), row.name, row.title) for row in report.processes[:PROCESSES]]
    return _table(("%", "PID", "Name", "What it runs"), rows) if rows else []


def _functions(report: Report) -> list[str]:
    rows = sorted(report.functions, key=lambda row: -row.flat)[:FUNCTIONS]
    return _table(
        ("Flat", "Flat%", "Cum%", "Function", "Where"),
        [
            (
                format_value(row.flat, report.unit),
                f"{row.flat_percent:.1f}",
                f"{row.cum_percent:.1f}",
                row.frame.name,
                row.frame.file or row.frame.binary,
            )
            for row in rows
        ],
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return lines + [f"| {' | '.join(map(_safe, row))} |" for row in rows]


def _safe(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", printable(text, LONGEST if len(text) > 300 else 300))
