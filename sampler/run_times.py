"""What threads ran, as the clock told at their switches, for their samples to share: ticks alone leave it to chance."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .wait_side import Ran
from .who import RawCount, Who

ENOUGH_TICKS = 10
"""A thread that has run for so many ticks has had one, but for one such thread in 20,000: from then on its samples
share what it ran. Of those that run for less some have more samples than their due and others none, which adds up."""

MOST_THREADS = 16384
"""Threads remembered; the longest unseen goes."""

Thread = tuple[int, int, int]
"""Process, its start, thread."""


@dataclass(slots=True)
class RunTime:
    """What a thread ran, and how much of it its samples have had."""

    ran: int = 0
    told: int = 0


class RunTimes:
    """Gives samples their values: of threads whose switches are followed what they ran, of others ticks."""

    def __init__(self, period_ns: int) -> None:
        self.period_ns = period_ns
        self._since = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._threads: OrderedDict[Thread, RunTime] = OrderedDict()

    def values(self, rows: Sequence[RawCount], ran: Iterable[Ran]) -> Iterator[int]:
        """The value of each row, of a reading in which threads ran so much."""
        samples: Counter[Thread] = Counter()
        for row in rows:
            samples[thread_of(row)] += row.samples
        self._add(ran, samples)
        shares = {thread: self._share(thread, number) for thread, number in samples.items()}
        for row in rows:
            thread = thread_of(row)
            value = shares[thread] * row.samples // samples[thread]
            samples[thread] -= row.samples
            shares[thread] -= value
            yield value

    def _add(self, ran: Iterable[Ran], samples: Counter[Thread]) -> None:
        """Of a thread that ran before it was followed, the first reading tells only a part: there its samples do."""
        sums: Counter[Thread] = Counter()
        for turn in ran:
            sums[thread_of(turn)] += turn.nanoseconds
        for thread, nanoseconds in sums.items():
            known = self._threads.get(thread)
            if known is None:
                known = self._threads[thread] = RunTime()
                if thread[1] < self._since:
                    nanoseconds = samples[thread] * self.period_ns
            known.ran += nanoseconds
            self._threads.move_to_end(thread)
        while len(self._threads) > MOST_THREADS:
            self._threads.popitem(last=False)

    def _share(self, thread: Thread, samples: int) -> int:
        """What the samples of a thread in a reading are worth together."""
        known = self._threads.get(thread)
        share = samples * self.period_ns
        if known is None:
            return share
        if known.ran >= ENOUGH_TICKS * self.period_ns:
            share = max(known.ran - known.told, 0)
        known.told += share
        return share


def thread_of(who: Who) -> Thread:
    """Which thread it is, whatever it was called."""
    return who.pid, who.start_ns, who.tid
