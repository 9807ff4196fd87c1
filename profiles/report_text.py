"""A report as text: the total, what it rests on, and the table of functions."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping

from .change import FunctionChange, Side
from .printable import printable
from .report import Report
from .report_json import iso_time
from .timeline import SECOND
from .top_table import TopRow

TITLES = {
    "cpu": "CPU time",
    "offcpu": "Off-CPU time",
    "wall": "wall time",
    "alloc": "allocations",
    "inuse": "memory held",
    "lock": "time waiting for locks",
    "block": "time blocked",
    "io": "block I/O time",
    "goroutine": "goroutines",
}
"""What the total is called, by kind."""

COLUMNS = ("Flat", "Flat%", "Sum%", "Cum", "Cum%", "Name")
WAIT_COLUMNS = (*COLUMNS[:-1], "Times", "Cause", "Name")
CHANGE_COLUMNS = (" Flat was", "now", "points", " Cum was", "now", "points", "  Name")
CHANGED, NEW, GONE = "*", "+", "-"
"""Marks of a comparison: beyond noise; only on this side; only in the baseline."""

GAP = "  "
NARROWEST_NAME = 20
MOST_NOTES_SHOWN = 10


def report_text(report: Report, width: int | None = None) -> str:
    """The report's lines, each ending in a newline. In `width` columns (None: as many as it takes).

    Nothing that came from a target can control the terminal: see `printable`.
    """
    total, *others = headlines(report)
    lines = [total, ""]
    for line in (*others, *_comparison(report)):
        lines += textwrap.wrap(line, width, break_on_hyphens=False) if width else [line]
    lines += ["", *_table(report, width)]
    more = report.functions_in_all - len(report.functions)
    if more:
        lines.append(f"… {more:,} more (--top {report.functions_in_all} shows all)")
    return "\n".join(line.rstrip() for line in lines if line is not None) + "\n"


def headlines(report: Report) -> list[str]:
    """What stands above the table: the total, where it is from, how far it can be trusted, what icetop cost."""
    title = TITLES.get(report.kind, printable(report.kind, 100))
    total = f"Total {title}: {format_value(report.total, report.unit)}"
    causes = f"waits: {', '.join(f'{row.cause} {row.percent:.1f} % ({row.samples:,})' for row in report.causes)}"
    waits = [printable(causes, 1000)] if report.causes else []
    return [total, _origin(report), _honesty(report), *waits, _cost(report), *_notes(report)]


def format_value(value: int, unit: str) -> str:
    """A value as a person reads it: `15.20s`, `1.2GB`, `42`."""
    if unit == "nanoseconds":
        return f"{value / SECOND:.2f}s"
    if unit == "bytes":
        return format_bytes(value)
    return str(value) if unit == "count" else f"{value} {printable(unit, 20)}"


def format_rate(rate: float, kind: str, unit: str) -> str:
    """A value per second of wall time as a person reads it: `1.21 cores`, `0.30s/s`, `1.2MB/s`."""
    if kind == "cpu" and unit == "nanoseconds":
        return f"{rate / SECOND:.2f} cores"
    return f"{format_value(round(rate), unit)}/s"


def format_bytes(value: int) -> str:
    """Bytes in the largest unit of which there is at least one, in steps of 1024: `1.2GB`."""
    size, units = float(value), ["B", "kB", "MB", "GB", "TB", "PB"]
    while abs(size) >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{value}B" if units[0] == "B" else f"{size:.1f}{units[0]}"


def clip(text: str, width: int) -> str:
    """Printable text cut to a number of terminal columns, with `…` where something is missing."""
    if len(text) <= width and text.isascii():
        return text
    taken, kept = 0, ""
    for character in text:
        taken += columns_of(character)
        if taken > width:
            while kept and columns_of(kept) > width - 1:
                kept = kept[:-1]
            return kept + "…"
        kept += character
    return kept


def columns_of(text: str) -> int:
    """How many terminal columns printable text takes."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _origin(report: Report) -> str:
    context = report.context
    start = iso_time(report.start_ns)
    parts = [
        f"host {context.host}" if context.host else "",
        f"kernel {context.kernel}" if context.kernel else "",
        f"{context.cpus} CPUs" if context.cpus else "",
        f"target {report.target}" if report.target else "",
        f"{context.frequency_hz} Hz" if context.frequency_hz else "",
        f"{report.duration_ns / SECOND:.1f} s" if report.duration_ns else "",
        f"from {start[:19]}Z" if start else "",
    ]
    return printable(", ".join(filter(None, parts)) or "without times", 1000)


def _honesty(report: Report) -> str:
    parts = [
        f"{report.samples:,} of {report.expected:,} expected samples",
        f"lost {report.lost:,}{_by(report.lost_by)}",
        f"complete {_share(report.complete, report.samples)}",
    ]
    if report.waits_lost_by:
        parts.append(f"lost waits {sum(report.waits_lost_by.values()):,}{_by(report.waits_lost_by)}")
    if report.truncated:
        parts.append(f"truncated {report.truncated:,}{_by(report.truncated_by)}")
    parts.append(f"unsymbolized {_share(report.unsymbolized, report.samples)}")
    if report.set_aside:
        parts.append(f"idle threads' {format_value(report.set_aside, report.unit)} set aside (--idle counts them)")
    return printable("; ".join(parts), 1000)


def _cost(report: Report) -> str:
    if not report.profiler_cpu_s and not report.profiler_peak_rss:
        return "icetop's own cost: not known"
    return (
        f"icetop's own cost: {report.profiler_cpu_s:.2f} s of CPU, {format_bytes(report.profiler_peak_rss)} of memory"
    )


def _comparison(report: Report) -> list[str]:
    """What the report is compared with, how the total itself changed, and what the marks mean."""
    was = report.baseline
    if was is None:
        return []
    now = Side(report.total, report.samples, report.duration_ns)
    total = f"baseline: {format_value(was.total, report.unit)} in {was.seconds:.1f} s, {was.samples:,} samples"
    if was.rate and now.rate:
        rates = [format_rate(side.rate, report.kind, report.unit) for side in (was, now)]
        total += f"; the total went from {rates[0]} to {rates[1]} ({100 * (now.rate / was.rate - 1):+.1f} %)"
    return [total, f"{CHANGED} more than sampling noise, and at least 1 point of share; {NEW} new, {GONE} gone"]


def _notes(report: Report) -> list[str]:
    """The last notes of the time shown."""
    shown = report.notes[-MOST_NOTES_SHOWN:]
    lines = [f"note {iso_seconds(note.start_ns)}: {printable(note.text, 200)}" for note in shown]
    more = len(report.notes) - len(shown)
    return [f"{more} earlier notes", *lines] if more else lines


def iso_seconds(time_ns: int) -> str:
    """A time as UTC, to the second."""
    return f"{(iso_time(time_ns) or '')[:19]}Z"


def _by(numbers: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{reason} {number:,}' for reason, number in numbers.items())})" if numbers else ""


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0"


def _table(report: Report, width: int | None) -> list[str]:
    if report.baseline is None and report.causes:
        rows = [WAIT_COLUMNS, *(_wait_cells(row, report.unit) for row in report.functions)]
    elif report.baseline is None:
        rows = [COLUMNS, *(_cells(row, report.unit) for row in report.functions)]
    else:
        rows = [CHANGE_COLUMNS, *(_change_cells(row, row.change) for row in report.functions if row.change)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    room = max(width - sum(widths) - len(GAP) * len(widths), NARROWEST_NAME) if width else None
    return [
        GAP.join((*(cell.ljust(size) for cell, size in zip(row, widths, strict=False)), _fit(row[-1], room)))
        for row in rows
    ]


def _cells(row: TopRow, unit: str) -> tuple[str, ...]:
    return (
        format_value(row.flat, unit),
        f"{row.flat_percent:.1f}%",
        f"{row.sum_percent:.1f}%",
        format_value(row.cum, unit),
        f"{row.cum_percent:.1f}%",
        printable(row.frame.name),
    )


def _wait_cells(row: TopRow, unit: str) -> tuple[str, ...]:
    *figures, name = _cells(row, unit)
    return (*figures, f"{row.cum_samples:,}", row.cause, name)


def _change_cells(row: TopRow, change: FunctionChange) -> tuple[str, ...]:
    parts = ((row.flat_percent, change.flat), (row.cum_percent, change.cum))
    cells = (
        cell
        for now, part in parts
        for cell in (
            f"{part.was_percent:.1f}%".rjust(6),
            f"{now:.1f}%".rjust(6),
            f"{part.points:+.1f}".rjust(6) + (CHANGED if part.step else ""),
        )
    )
    mark = (NEW if not change.cum.was else GONE if not row.cum else " ") if change.significant else " "
    return (*cells, f"{mark} {printable(row.frame.name)}")


def _fit(name: str, room: int | None) -> str:
    return name if room is None else clip(name, room)
