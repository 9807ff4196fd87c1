"""What the time line's strip shows: how busy each moment was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..profiles.profile import Profile
from ..profiles.timeline import SECOND, Bucket
from ..profiles.view import View
from ..profiles.vocabulary import parts_of

SETTLED = 10 * SECOND
"""Age at which what a bucket holds does not change any more: names that decide what it belongs to have come."""


@dataclass(frozen=True, slots=True)
class Load:
    """Busy cores over one bucket of the time line; of what is profiled, its values a nanosecond."""

    start_ns: int
    end_ns: int
    cores: float


def machine_loads(buckets: list[Bucket], kind: str) -> list[Load]:
    """Busy cores as measured; where nobody measured them (a file of another tool), as the samples say."""
    measured = any(bucket.busy_core_ns for bucket in buckets)
    of: Callable[[Bucket], float] = (lambda b: b.busy_core_ns) if measured else (lambda b: _sampled(b, kind))
    return [Load(b.start_ns, b.end_ns, max(of(b), 0.0) / b.duration_ns) for b in buckets if b.duration_ns > 0]


def _sampled(bucket: Bucket, kind: str) -> float:
    found = (bucket.counts.get(part) for part in parts_of(kind))
    return float(sum(sum(counts.values) for counts in found if counts is not None))


class ProfiledLoads:
    """What is looked at as it went: a target's busy cores, threads that wait, bytes a nanosecond. Each bucket is added
    up once."""

    def __init__(self) -> None:
        self._of: object = None
        self._known: dict[tuple[int, int], Load] = {}

    def take(self, profile: Profile, view: View) -> list[Load]:
        """The loads of a view's kind and target over all of the time line."""
        from ..profiles.selection import sum_of_each

        of = (id(profile), view.kind, view.target, view.idle)
        known = self._known if of == self._of else {}
        buckets = [bucket for bucket in profile.timeline.buckets() if bucket.duration_ns > 0]
        new = [bucket for bucket in buckets if _time_of(bucket) not in known]
        found = {
            _time_of(bucket): Load(*_time_of(bucket), max(total, 0.0) / bucket.duration_ns)
            for bucket, total in zip(new, sum_of_each(profile, view, new), strict=True)
        }
        every = {**known, **found}
        loads = [every[_time_of(bucket)] for bucket in buckets]
        settled = profile.timeline.end_ns - SETTLED
        self._of = of
        self._known = {_time_of(load): load for load in loads if load.end_ns <= settled}
        return loads


def _time_of(what: Bucket | Load) -> tuple[int, int]:
    return what.start_ns, what.end_ns
