"""Telling a running source what to sample and how often."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from ..profiles.delta import NO_WAITS, Context
from ..profiles.source import AsksJava, FollowsWaits, Source, Steerable
from ..profiles.target import Target
from ..profiles.vocabulary import parts_of, shown_kinds

RATES = (19, 49, 99, 199, 499, 999)
"""Samples a second and CPU that the rate keys go through: none a divisor of what programs do at regular times."""


class Steering:
    """Orders given, and whether the source has said that they hold."""

    def __init__(self, source: Source) -> None:
        self._source = source if isinstance(source, Steerable) else None
        self._java = source if isinstance(source, AsksJava) else None
        self._waits = source if isinstance(source, FollowsWaits) else None
        self.target: Target | None = None
        self.frequency_hz: int | None = None

    @property
    def possible(self) -> bool:
        """Whether this source takes orders."""
        return self._source is not None

    def retarget(self, target: Target) -> None:
        """Sample something else."""
        if self._source is not None:
            self.target = target
            self._source.retarget(target)

    def kinds(self, context: Context) -> tuple[str, ...]:
        """The kinds to look at: those there are, and off-CPU time where the source can begin to follow it."""
        can_begin = self._waits is not None and "offcpu" not in context.kinds and NO_WAITS not in context.options
        more = ("offcpu",) if can_begin else ()
        return shown_kinds((*context.kinds, *more))

    def follow(self, kind: str, context: Context) -> None:
        """Have a kind sampled from now on, where it is not."""
        if self._waits is not None and "offcpu" in parts_of(kind) and "offcpu" not in context.kinds:
            self._waits.follow_waits()

    def ask_java_for_names(self) -> bool:
        """Have JVMs asked for the names of their code; whether this source can."""
        if self._java is not None:
            self._java.ask_java_for_names()
        return self._java is not None

    def change_rate(self, now_hz: int, step: int) -> int | None:
        """Go to the next higher (step 1) or lower (-1) rate; gives it, or None where there is none."""
        now_hz = self.frequency_hz or now_hz
        place = bisect_right(RATES, now_hz) if step > 0 else bisect_left(RATES, now_hz) - 1
        if self._source is None or not 0 <= place < len(RATES):
            return None
        self.frequency_hz = RATES[place]
        self._source.set_rate(RATES[place])
        return RATES[place]

    def arrived(self, context: Context | None) -> bool:
        """Note what the source says of itself; True where a rate has just taken effect."""
        if context is None:
            return False
        if self.target is not None and context.target == str(self.target):
            self.target = None
        took = self.frequency_hz is not None and context.frequency_hz == self.frequency_hz
        if took:
            self.frequency_hz = None
        return took
