"""The vital signs of several machines as those of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..profiles.delta import Delta, Vitals


def added_vitals(deltas: Sequence[Delta], span_ns: int) -> Vitals | None:
    """What all of these tell of an interval: cores and waiting times add up over it, of pressure and delays the worst
    counts. None where they tell nothing."""
    told = [(delta.vitals, (delta.end_ns - delta.start_ns) / max(span_ns, 1)) for delta in deltas]
    found = [(vitals, share) for vitals, share in told if vitals is not None]
    if not found:
        return None

    def mean(what: Callable[[Vitals], float | None]) -> float | None:
        """A rate of all machines together over the interval."""
        return _sum((number * share for v, share in found if (number := what(v)) is not None))

    every = [vitals for vitals, _ in found]
    return Vitals(
        busy_cores=mean(lambda v: v.busy_cores) or 0.0,
        run_queue=mean(lambda v: v.run_queue),
        pressure=_worst(v.pressure for v in every),
        throttled=_largest(v.throttled for v in every),
        profiler_cpu_s=sum(v.profiler_cpu_s for v in every),
        profiler_rss=max(v.profiler_rss for v in every),
        target_queue=mean(lambda v: v.target_queue),
        target_turn_s=_largest(v.target_turn_s for v in every),
        requests=mean(lambda v: v.requests),
        request_s=_largest(v.request_s for v in every),
        followed=min((v.followed for v in every if v.followed is not None), default=None),
    )


def _sum(numbers: Iterable[float]) -> float | None:
    found = list(numbers)
    return sum(found) if found else None


def _largest(numbers: Iterable[float | None]) -> float | None:
    return max((number for number in numbers if number is not None), default=None)


def _worst(several: Iterable[Mapping[str, float]]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for found in several:
        for key, number in found.items():
            worst[key] = max(number, worst.get(key, 0.0))
    return worst
