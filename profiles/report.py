"""What a profile says under a view, in figures: the totals, how complete they are, processes and functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .causes import CauseRow, cause_of_leaf
from .change import Side
from .delta import Context
from .groups import group_series
from .locations import Frame
from .profile import Profile
from .selection import IntArray, Rows, cause_rows, select, set_aside
from .series import Series
from .stacks import ROOTS
from .time_notes import TimeNote
from .timeline import Bucket, added_by_reason
from .top_table import Sort, TopRow, top_table
from .tree_builder import build_tree, hidden_frames
from .view import View
from .vocabulary import WAITING, StackEnd, parts_of

TICKS = "cpu"
"""The kind whose expected and lost samples are counted: ticks of the sampling clock."""

PLACES = ("container", "pod", "namespace", "service")
"""Labels that say where a process runs."""


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process: how much of the view is its own. `places` has the labels of `PLACES`, empty where unknown."""

    pid: int
    name: str
    title: str
    places: Mapping[str, str]
    samples: int
    value: int
    percent: float


@dataclass(frozen=True, slots=True)
class StackRow:
    """One stack of one series: indexes of the report's frames, root first, and what was counted."""

    frames: tuple[int, ...]
    value: int
    samples: int
    series: Series
    places: Mapping[str, str]
    end: StackEnd
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one view. Values are in `unit`, times in nanoseconds.

    `expected` is the number of samples that the kernel counted. It is `samples` plus `lost`, unless something went
    wrong that nobody counted. Who a lost sample belonged to is not known: in a view of some processes `lost` is still
    that of all, and `expected` the samples of the view plus those.
    `unsymbolized` counts samples whose leaf has no name. `functions` may be cut short, `functions_in_all` says to what.
    `baseline` is the whole of what the view is compared with; what changed is in `functions`.
    `causes` say what was waited for, in kinds that have waits.
    `set_aside` is what threads waited for work, which `total` lacks. `waits_lost_by` are waits that could not be
    kept, of all processes, by reason.
    """

    context: Context
    start_ns: int
    duration_ns: int
    kind: str
    unit: str
    target: str
    total: int
    samples: int
    expected: int
    lost_by: Mapping[str, int]
    truncated_by: Mapping[str, int]
    unsymbolized: int
    profiler_cpu_s: float
    profiler_peak_rss: int
    processes: list[ProcessRow]
    functions: list[TopRow]
    functions_in_all: int
    baseline: Side | None = None
    notes: Sequence[TimeNote] = ()
    set_aside: int = 0
    waits_lost_by: Mapping[str, int] = field(default_factory=dict)
    causes: Sequence[CauseRow] = ()
    frames: list[Frame] = field(default_factory=list)
    stacks: list[StackRow] | None = None

    @property
    def lost(self) -> int:
        """Samples taken that could not be kept."""
        return sum(self.lost_by.values())

    @property
    def truncated(self) -> int:
        """Samples whose stack does not reach its thread's entry."""
        return sum(self.truncated_by.values())

    @property
    def complete(self) -> int:
        """Samples whose stack does."""
        return self.samples - self.truncated


def build_report(
    profile: Profile, view: View, sort: Sort = "flat", top: int | None = None, stacks: bool = False
) -> Report:
    """The report of a view: all functions, or the first `top`; with `stacks` every stack beside them."""
    upright = replace(view, inverted=False)
    rows = select(profile, upright)
    tree = build_tree(profile, upright)
    functions = top_table(tree, upright, sort)
    buckets = list(profile.timeline.buckets(view.stretch.start_ns, view.stretch.end_ns))
    lost_by = added_by_reason(bucket.lost for bucket in buckets) if view.kind == TICKS else {}
    samples = int(rows.samples.sum())
    report = Report(
        context=profile.context,
        start_ns=buckets[0].start_ns if buckets else 0,
        duration_ns=buckets[-1].end_ns - buckets[0].start_ns if buckets else 0,
        kind=view.kind,
        unit=profile.unit(view.kind),
        target=str(view.target) if view.target else profile.context.target,
        total=int(rows.values.sum()),
        samples=samples,
        expected=_expected(buckets, view, samples + sum(lost_by.values())),
        lost_by=lost_by,
        truncated_by=_truncated_by(profile, rows),
        unsymbolized=_unsymbolized(profile, rows),
        profiler_cpu_s=profile.profiler_cpu_s,
        profiler_peak_rss=profile.profiler_peak_rss,
        processes=_processes(profile, rows),
        functions=functions[:top],
        functions_in_all=len(functions),
        set_aside=set_aside(profile, upright),
        waits_lost_by=added_by_reason(bucket.waits_lost for bucket in buckets)
        if "offcpu" in parts_of(view.kind)
        else {},
        causes=cause_rows(profile, upright, rows),
        baseline=tree.change.sides.was if tree.change is not None else None,
        notes=[note for note in profile.notes if note.within(view.stretch.start_ns, view.stretch.end_ns)],
    )
    return _with_stacks(report, profile, view, rows) if stacks else report


def _expected(buckets: list[Bucket], view: View, accounted: int) -> int:
    """What the kernel counted, where it did; else what is accounted for."""
    counted = sum(bucket.expected for bucket in buckets)
    return counted if counted and view.kind == TICKS and not view.target else accounted


def _truncated_by(profile: Profile, rows: Rows) -> dict[str, int]:
    ends = np.frombuffer(bytes(profile.stacks.ends), dtype=np.uint8)[rows.nodes]
    sums = np.zeros(len(StackEnd), dtype=np.int64)
    np.add.at(sums, ends, rows.samples)
    reasons = {end.reason: int(sums[end]) for end in StackEnd if end is not StackEnd.COMPLETE and sums[end]}
    return dict(sorted(reasons.items()))


def _unsymbolized(profile: Profile, rows: Rows) -> int:
    unnamed = np.fromiter((not place.named for place in profile.locations), np.bool_, count=len(profile.locations))
    leaves = np.array(profile.stacks.locations, dtype=np.int64)[rows.nodes]
    framed = rows.nodes >= ROOTS
    without = ~framed
    without[framed] = unnamed[leaves[framed]]
    return int(rows.samples[without].sum())


def _processes(profile: Profile, rows: Rows) -> list[ProcessRow]:
    groups, group_of_series = group_series(profile, "process")
    sums = np.zeros((2, len(groups)), dtype=np.int64)
    np.add.at(sums[0], group_of_series[rows.series], rows.samples)
    np.add.at(sums[1], group_of_series[rows.series], rows.values)
    places = _places(profile, group_of_series, len(groups))
    total = int(rows.values.sum())
    found = [
        ProcessRow(group.pid, group.name, group.title, places[index], samples, value, _percent(value, total))
        for index, (group, samples, value) in enumerate(zip(groups, sums[0].tolist(), sums[1].tolist(), strict=True))
        if samples or value
    ]
    return sorted(found, key=lambda row: (-row.value, row.pid, row.name, row.title))


def _places(profile: Profile, group_of_series: IntArray, groups: int) -> list[dict[str, str]]:
    places = [dict.fromkeys(PLACES, "") for _ in range(groups)]
    for labels, group in zip(profile.labels, group_of_series.tolist(), strict=True):
        for label in PLACES:
            places[group][label] = places[group][label] or labels.get(label, "")
    return places


def _with_stacks(report: Report, profile: Profile, view: View, rows: Rows) -> Report:
    """The report with its stacks, in an order that does not depend on ids: a saved profile says the same."""
    hidden = hidden_frames(profile.frames, view).tolist()
    columns = (rows.values.tolist(), rows.samples.tolist(), rows.nodes.tolist(), rows.series.tolist())
    drafts = []
    for value, samples, node, place in zip(*columns, strict=True):
        shown = [
            i for location in profile.stacks.walk(node) for i in profile.location_frames[location] if not hidden[i]
        ]
        frames = tuple(profile.frames[i] for i in reversed(shown))
        drafts.append(
            (frames, StackRow((), value, samples, profile.series[place], {}, profile.stacks.end(node)), place)
        )
    drafts.sort(key=lambda draft: (_weight(draft[1]), [(frame.name, frame.place) for frame in draft[0]]))
    indexes: dict[Frame, int] = {}
    stacks = [
        replace(
            row,
            frames=tuple(indexes.setdefault(frame, len(indexes)) for frame in frames),
            places={label: profile.labels[place].get(label, "") for label in PLACES},
            cause=next((cause_of_leaf(frame.name) for frame in reversed(frames) if frame.binary == WAITING), ""),
        )
        for frames, row, place in drafts
    ]
    return replace(report, frames=list(indexes), stacks=stacks)


def _weight(row: StackRow) -> tuple[object, ...]:
    series = row.series
    return (-row.value, -row.samples, series.pid, series.start_ns, series.tid, series.comm, row.end)


def _percent(value: int, total: int) -> float:
    return 100 * value / total if total else 0.0
