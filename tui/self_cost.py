"""What icetop itself costs, collector and screen together, over the last seconds."""

from __future__ import annotations

from collections import deque

from ..profiles.delta import Delta

SPAN = 10.0
"""Seconds that the figure is a mean over."""

SHORTEST = 3.0
"""Seconds under which the figure would speak of the start alone."""


class SelfCost:
    """A running mean. Times are in seconds."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, float, float]] = deque()

    def add(self, delta: Delta, now: float, own_cpu: float) -> None:
        """Note a delta's vital signs, and the CPU time that this process has used so far."""
        if delta.vitals is not None:
            self._spent.append((now, delta.vitals.profiler_cpu_s, own_cpu))
            while len(self._spent) > 2 and now - self._spent[0][0] > SPAN:
                self._spent.popleft()

    @property
    def percent(self) -> float | None:
        """Percent of one core; None while too little time has passed."""
        if len(self._spent) < 2 or self._spent[-1][0] - self._spent[0][0] < SHORTEST:
            return None
        (start, _, own_then), (end, _, own_now) = self._spent[0], self._spent[-1]
        collector = sum(cpu for _, cpu, _ in list(self._spent)[1:])
        return 100 * (collector + own_now - own_then) / (end - start)
