"""Everything that the screen shows of a profile under a view, worked out in one go, off the screen's thread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..profiles.delta import Context, Vitals
from ..profiles.profile import Profile
from ..profiles.time_notes import TimeNote
from ..profiles.timeline import SECOND, Bucket
from ..profiles.view import View
from ..profiles.vocabulary import unit_of
from .loads import Load, ProfiledLoads, machine_loads

if TYPE_CHECKING:
    from ..profiles.call_tree import CallTree
    from ..profiles.interest import Interest
    from ..profiles.order import OrderMemory
    from ..profiles.top_table import Sort, TopRows


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the ticks of the shown stretch: all expected ones, those lost, those whose stack is complete;
    and how many waits were lost."""

    expected: int = 0
    samples: int = 0
    lost: int = 0
    complete: float | None = None
    waits_lost: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """One state of the screen's data.

    `shown_ns` is the stretch that the tree covers, `kept_ns` all that is kept, both as (start, end) in unix
    nanoseconds. `baseline_ns` is that of what it is compared with, where that has times of this clock; `changes` are
    the stretches that differ from the ten minutes before them. `anything` says whether the profile holds samples at
    all, of whatever kind, target and time; `set_aside` the nanoseconds that threads waited for work, left out here;
    `notes` what people wrote on the time line; `profiled` is what the time line's strip shows: `loads`, unless only a
    part of the machine, or another kind, is looked at. `callers` is the tree, leaf first, of the function in focus.
    """

    view: View
    context: Context
    vitals: Vitals | None
    tree: CallTree
    rows: TopRows
    loads: list[Load]
    account: Account
    shown_ns: tuple[int, int]
    kept_ns: tuple[int, int]
    anything: bool
    baseline_ns: tuple[int, int] = (0, 0)
    changes: list[tuple[int, int]] = field(default_factory=list)
    notes: list[TimeNote] = field(default_factory=list)
    set_aside: int = 0
    profiled: list[Load] = field(default_factory=list)
    callers: CallTree | None = None

    @property
    def unit(self) -> str:
        """The unit of the values."""
        return unit_of(self.view.kind)

    @property
    def of_a_part(self) -> bool:
        """Whether only some of the machine's processes are looked at."""
        return bool(self.view.target) or self.context.target not in ("", "host")

    @property
    def busy_cores(self) -> float | None:
        """Mean busy cores over the shown stretch, None where nothing is known."""
        start, end = self.shown_ns
        loads = [load for load in self.loads if load.start_ns >= start and load.end_ns <= end]
        spent = sum(load.end_ns - load.start_ns for load in loads)
        return sum(load.cores * (load.end_ns - load.start_ns) for load in loads) / spent if spent else None


class Camera:
    """Takes pictures one after another, keeping boxes in their places from one to the next."""

    def __init__(self) -> None:
        self._memory: OrderMemory | None = None
        self._callers_memory: OrderMemory | None = None
        self._interest: Interest | None = None
        self._profiled = ProfiledLoads()
        self._last: tuple[tuple[object, ...], Picture] | None = None

    def take(self, profile: Profile, view: View, sort: Sort = "flat", backwards: bool = False) -> Picture:
        """The picture of `profile` under `view`, the table turned round if `backwards`.

        Takes time with the profile's size: not for the screen's thread.
        """
        from ..profiles.interest import Interest
        from ..profiles.order import OrderMemory

        self._memory = self._memory or OrderMemory()
        self._interest = self._interest or Interest()
        wanted = (view, sort, backwards, profile.generation)
        if self._last is not None and self._last[0] == wanted:
            return self._with_time(profile, _later(profile, self._last[1]))
        picture = _picture(profile, view, self._memory, sort, backwards)
        picture = self._with_time(profile, self._with_callers(profile, picture))
        _ = picture.tree.levels  # kept once asked for, and not to be worked out on the screen's thread
        over = view.stretch.end_ns is not None and view.stretch.end_ns <= profile.timeline.end_ns
        self._last = (wanted, picture) if over else None
        return picture

    def _with_callers(self, profile: Profile, picture: Picture) -> Picture:
        """The picture with who calls the function in focus, where the tree has what it calls."""
        from ..profiles.order import OrderMemory
        from ..profiles.tree_builder import build_tree

        view = picture.view
        if not view.focus or view.inverted:
            self._callers_memory = None
            return picture
        self._callers_memory = self._callers_memory or OrderMemory()
        callers = build_tree(profile, replace(view, inverted=True, first_level="none"), self._callers_memory)
        _ = callers.levels
        return replace(picture, callers=callers)

    def _with_time(self, profile: Profile, picture: Picture) -> Picture:
        """The picture with what its time line shows beside the machine's load."""
        assert self._interest is not None
        whole = picture.view.kind == "cpu" and not picture.of_a_part
        profiled = picture.loads if whole else self._profiled.take(profile, picture.view)
        return replace(picture, profiled=profiled, changes=self._interest.changes(profile, picture.view.kind))


def _picture(profile: Profile, view: View, memory: OrderMemory, sort: Sort, backwards: bool) -> Picture:
    from ..profiles.selection import set_aside
    from ..profiles.top_table import top_table
    from ..profiles.tree_builder import build_tree

    tree = build_tree(profile, view, memory)
    upright = build_tree(profile, replace(view, inverted=False)) if view.inverted else tree
    rows = top_table(upright, view, sort)
    buckets = list(profile.timeline.buckets())
    shown = list(profile.timeline.buckets(view.stretch.start_ns, view.stretch.end_ns))
    return Picture(
        view=view,
        context=profile.context,
        vitals=profile.vitals,
        tree=tree,
        rows=rows.turned() if backwards else rows,
        loads=machine_loads(buckets, view.kind),
        account=_account(tree, shown),
        shown_ns=_extent(shown),
        kept_ns=_extent(buckets),
        notes=profile.notes,
        anything=any(bucket.counts for bucket in buckets),
        baseline_ns=_baseline_extent(profile, view),
        set_aside=set_aside(profile, view),
    )


def _baseline_extent(profile: Profile, view: View) -> tuple[int, int]:
    base = view.baseline
    if base is None or (base.beside and base.stretch is None):
        return (0, 0)
    stretch, line = view.of_baseline().stretch, profile.beside if base.beside else profile.timeline
    return _extent(list(line.buckets(stretch.start_ns, stretch.end_ns)))


def _later(profile: Profile, picture: Picture) -> Picture:
    """The picture of a stretch that is over, with the time line that has gone on."""
    buckets = list(profile.timeline.buckets())
    loads = machine_loads(buckets, picture.view.kind)
    return replace(picture, vitals=profile.vitals, context=profile.context, loads=loads, kept_ns=_extent(buckets))


def _account(tree: CallTree, shown: list[Bucket]) -> Account:
    from ..profiles.call_tree import END

    truncated = int(tree.cum_samples[tree.what == END].sum())
    return Account(
        expected=sum(bucket.expected for bucket in shown),
        samples=tree.samples,
        lost=sum(sum(bucket.lost.values()) for bucket in shown),
        complete=1 - truncated / tree.samples if tree.samples else None,
        waits_lost=sum(sum(bucket.waits_lost.values()) for bucket in shown),
    )


def _extent(buckets: list[Bucket]) -> tuple[int, int]:
    return (buckets[0].start_ns, buckets[-1].end_ns) if buckets else (0, 0)


def seconds(extent: tuple[int, int]) -> float:
    """The length of an extent in seconds."""
    return (extent[1] - extent[0]) / SECOND
