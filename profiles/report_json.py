"""A report as the JSON object that `icetop report --format json` promises; its keys never change within a schema."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from .causes import CauseRow
from .change import FunctionChange
from .locations import Frame
from .report import ProcessRow, Report, StackRow
from .timeline import SECOND
from .top_table import TopRow

SCHEMA = 1
DIGITS = 4
"""Percentages are rounded to this many places."""


def report_json(report: Report) -> dict[str, Any]:
    """The report's object. `start` is UTC in ISO 8601, null where the file does not tell."""
    context = report.context
    answer: dict[str, Any] = {
        "schema": SCHEMA,
        "icetop": context.version,
        "host": context.host,
        "kernel": context.kernel,
        "cpus": context.cpus,
        "start": iso_time(report.start_ns),
        "duration_s": report.duration_ns / SECOND,
        "frequency_hz": context.frequency_hz,
        "kind": report.kind,
        "unit": report.unit,
        "target": report.target,
        "total": report.total,
        "samples": report.samples,
        "expected": report.expected,
        "lost": report.lost,
        "lost_by": dict(report.lost_by),
        "complete": report.complete,
        "truncated": report.truncated,
        "truncated_by": dict(report.truncated_by),
        "unsymbolized": report.unsymbolized,
        **({"set_aside": report.set_aside} if report.set_aside else {}),
        **({"waits_lost_by": dict(report.waits_lost_by)} if report.waits_lost_by else {}),
        **({"causes": [_cause(row) for row in report.causes]} if report.causes else {}),
        "profiler": {"cpu_s": report.profiler_cpu_s, "peak_rss_bytes": report.profiler_peak_rss},
        "processes": [_process(row) for row in report.processes],
        "functions": [_function(row) for row in report.functions],
    }
    if report.baseline is not None:
        answer["baseline"] = {
            "total": report.baseline.total,
            "duration_s": report.baseline.duration_ns / SECOND,
            "samples": report.baseline.samples,
        }
    if report.notes:
        answer["notes"] = [
            {"start": iso_time(note.start_ns), "end": iso_time(note.end_ns), "text": note.text} for note in report.notes
        ]
    if report.stacks is not None:
        answer["frames"] = [_frame(frame) for frame in report.frames]
        answer["stacks"] = [_stack(row) for row in report.stacks]
    return answer


def iso_time(time_ns: int) -> str | None:
    """A time as UTC with microseconds; None for 0."""
    if not time_ns:
        return None
    moment = datetime.fromtimestamp(time_ns // SECOND, timezone.utc).replace(microsecond=time_ns % SECOND // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _process(row: ProcessRow) -> dict[str, Any]:
    return {
        "pid": row.pid,
        "name": row.name,
        "title": row.title,
        **row.places,
        "samples": row.samples,
        "value": row.value,
        "percent": round(row.percent, DIGITS),
    }


def _cause(row: CauseRow) -> dict[str, Any]:
    return {
        "cause": row.cause,
        "samples": row.samples,
        "value": row.value,
        "percent": round(row.percent, DIGITS),
    }


def _function(row: TopRow) -> dict[str, Any]:
    return {
        "name": row.frame.name,
        "file": row.frame.file,
        "line": row.frame.line,
        "binary": row.frame.binary,
        "language": row.frame.language.value,
        "flat": row.flat,
        "flat_percent": round(row.flat_percent, DIGITS),
        "sum_percent": round(row.sum_percent, DIGITS),
        "cum": row.cum,
        "cum_percent": round(row.cum_percent, DIGITS),
        **({"cause": row.cause, "samples": row.cum_samples} if row.cause else {}),
        **(_change(row.change) if row.change is not None else {}),
    }


def _change(change: FunctionChange) -> dict[str, Any]:
    return {
        "baseline_flat_percent": round(change.flat.was_percent, DIGITS),
        "baseline_cum_percent": round(change.cum.was_percent, DIGITS),
        "delta_flat_points": round(change.flat.points, DIGITS),
        "delta_cum_points": round(change.cum.points, DIGITS),
        "significant": change.significant,
    }


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "name": frame.name,
        "file": frame.file,
        "line": frame.line,
        "binary": frame.binary,
        "build_id": frame.build_id,
        "language": frame.language.value,
    }


def _stack(row: StackRow) -> dict[str, Any]:
    return {
        "frames": list(row.frames),
        "value": row.value,
        "samples": row.samples,
        "pid": row.series.pid,
        "tid": row.series.tid,
        "comm": row.series.comm,
        **row.places,
        **({"cause": row.cause} if row.cause else {}),
        "end": row.end.reason,
    }
