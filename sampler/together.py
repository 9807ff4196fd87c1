"""Several live sources as one: collectors on several machines, each thread labelled with the host that it runs on.

Their clocks may differ, so what they tell counts as of when it came. One that fails is a notice; the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Empty, Full, Queue
from threading import Event, Thread

from ..profiles.delta import NO_WAITS, Context, Delta, Notice
from ..profiles.printable import printable
from ..profiles.source import AsksJava, FollowsWaits, Source, SourceError, Steerable
from ..profiles.target import Target
from ..profiles.timeline import SECOND, added_by_reason
from .common_ids import CommonIds, Part
from .common_vitals import added_vitals

WAITING = 16
"""Deltas that may wait to be put together; then sources have to wait."""

PATIENCE = 1.5
"""Seconds after which what came from some is told without what the others have not sent."""

SILENT = 6.0
"""Seconds without a word from one of them after which that is said."""

Item = tuple["_Machine", "Delta | Notice | None"]


class _Machine:
    """One source: what it said of itself, and whether more may come."""

    def __init__(self, source: Source, host: str = "") -> None:
        self.source = source
        self.part = Part({"host": host} if host else {})
        self.context: Context | None = None
        self.host = host
        self.over = False
        self.heard = time.monotonic()
        self.missed = False


class Together:
    """Yields what all of the sources do, a delta about once a second; orders go to all of them.

    `before` is what comes before that, deltas of what it is compared with. `names` are what to call the machines, where
    that is known. It is over when all live ones are: what is saved may stand beside them (`replayed`).
    """

    live = True
    heard_every_s = 1.0

    def __init__(
        self, sources: Sequence[Source], before: Iterable[Delta] = (), names: Sequence[str] | None = None
    ) -> None:
        known = names or [""] * len(sources)
        self._machines = [_Machine(source, name) for source, name in zip(sources, known, strict=True)]
        self._before = before
        self._queue: Queue[Item] = Queue(WAITING)
        self._ids = CommonIds([machine.part for machine in self._machines])
        self._end_ns = 0
        self._failures: list[Notice] = []
        self._stopped = Event()

    def deltas(self) -> Iterator[Delta]:
        """What came, put together. Raises SourceError when the last of the live ones failed and none ended well."""
        yield from self._before
        for machine in self._machines:
            Thread(target=self._read, args=(machine,), name="icetop-machine", daemon=True).start()
        live = [machine for machine in self._machines if machine.source.live]
        while not all(machine.over for machine in live):
            for items in _from_resets_on(self._round()):
                yield self._put_together(items)
        self._stopped.set()
        self.stop()
        if len(self._failures) == len(live):
            raise SourceError(self._failures[-1])
        now = time.time_ns()
        yield Delta(now, now, last=True)

    def stop(self) -> None:
        """Ask all for the end; what they still had to say is told."""
        for machine in self._machines:
            machine.source.stop()

    def retarget(self, target: Target) -> None:
        """Sample something else from now on, everywhere."""
        for machine in self._machines:
            if isinstance(machine.source, Steerable):
                machine.source.retarget(target)

    def set_rate(self, frequency_hz: int) -> None:
        """Sample at another rate from now on, everywhere."""
        for machine in self._machines:
            if isinstance(machine.source, Steerable):
                machine.source.set_rate(frequency_hz)

    def follow_waits(self) -> None:
        """Sample time off the CPU as well."""
        for machine in self._machines:
            if isinstance(machine.source, FollowsWaits):
                machine.source.follow_waits()

    def ask_java_for_names(self) -> None:
        """Ask JVMs for the names of their code from now on."""
        for machine in self._machines:
            if isinstance(machine.source, AsksJava):
                machine.source.ask_java_for_names()

    def _read(self, machine: _Machine) -> None:
        """Hand over what one source yields, in a thread of its own."""
        end: Notice | None = None
        try:
            for delta in machine.source.deltas():
                self._hand_over((machine, delta))
        except SourceError as error:
            end = error.notice
        except Exception as error:  # whatever fails in one, the others go on
            end = Notice("error", "it failed", f"{type(error).__name__}: {error}")
        self._hand_over((machine, end))

    def _hand_over(self, item: Item) -> None:
        while not self._stopped.is_set():
            with suppress(Full):
                self._queue.put(item, timeout=PATIENCE)
                break

    def _round(self) -> list[Item]:
        """What came until all that sample have told something, or for so long; at once what is no counts."""
        found: list[Item] = []
        until = time.monotonic() + PATIENCE
        while self._awaited(found):
            try:
                item = self._queue.get(timeout=max(until - time.monotonic(), 0.001))
            except Empty:
                break
            machine, said = item
            if machine.over:  # it was left: what was on its way is not heard
                continue
            found.append(item)
            machine.heard, machine.missed = time.monotonic(), False
            if isinstance(said, Delta):
                self._learn(machine, said)
            else:
                machine.over = True
            if not isinstance(said, Delta) or said.context is not None or said.stage:
                break
        return found

    def _awaited(self, found: list[Item]) -> bool:
        told = {id(machine) for machine, _ in found}
        sampling = [m for m in self._machines if m.context is not None and not m.over]
        return not found or any(id(machine) not in told for machine in sampling)

    def _learn(self, machine: _Machine, delta: Delta) -> None:
        if delta.context is None:
            return
        machine.context = delta.context
        if not machine.host:
            taken = [other.host for other in self._machines if other.host]
            machine.host = distinct_names([*taken, delta.context.host])[-1]
            machine.part.own["host"] = machine.host

    def _put_together(self, items: list[Item]) -> Delta:
        """One delta of all that came."""
        now = max(time.time_ns(), self._end_ns)
        deltas = [(machine, said) for machine, said in items if isinstance(said, Delta)]
        longest = max((said.end_ns - said.start_ns for _, said in deltas), default=0)
        counted = longest > 0
        start = (self._end_ns or now - min(longest, SECOND)) if counted else now
        if counted:
            self._end_ns = now
        news, refused = self._ids.joined([(machine.part, said) for machine, said in deltas])
        left = [(machine, why) for part, why in refused for machine in self._machines if machine.part is part]
        deltas = [(machine, said) for machine, said in deltas if machine not in dict(left)]
        begun = any(machine.context is not None for machine in self._machines)
        return replace(
            news,
            start_ns=start,
            end_ns=now,
            expected=sum(said.expected for _, said in deltas),
            lost=added_by_reason(said.lost for _, said in deltas),
            waits_lost=added_by_reason(said.waits_lost for _, said in deltas),
            vitals=added_vitals([said for _, said in deltas], now - start),
            context=self._context() if any(said.context is not None for _, said in deltas) else None,
            notices=(*self._notices(items), *(self._leave(machine, why) for machine, why in left)),
            stage="" if begun else next((said.stage for _, said in reversed(deltas) if said.stage), ""),
        )

    def _leave(self, machine: _Machine, why: str) -> Notice:
        """Listen no more to one that makes no sense."""
        machine.over = True
        machine.source.stop()
        notice = Notice("error", f"{machine.host or 'a far end'}: what it says makes no sense", why)
        self._failures.append(notice)
        return notice

    def _notices(self, items: list[Item]) -> Iterator[Notice]:
        """What is to be said, and by whom."""
        for machine, said in items:
            who = machine.host or "a far end"
            for notice in said.notices if isinstance(said, Delta) else (said,) if said is not None else ():
                yield replace(notice, what=f"{who}: {notice.what}")
            if isinstance(said, Notice) and machine.source.live:
                self._failures.append(said)
        for machine in self._machines:
            silent = machine.context is not None and not machine.over and time.monotonic() - machine.heard > SILENT
            if silent and not machine.missed:
                machine.missed = True
                yield Notice("warning", f"{machine.host}: nothing has come from it for {SILENT:.0f} s")

    def _context(self) -> Context:
        """What holds for all of them together."""
        known = [(machine.host, machine.context) for machine in self._machines if machine.context is not None]
        first = known[0][1]
        options = {key: text for _, found in known for key, text in found.options.items()}
        if not all(NO_WAITS in found.options for _, found in known):
            options.pop(NO_WAITS, None)
        return replace(
            first,
            host=" + ".join(host for host, _ in known),
            kernel=", ".join(dict.fromkeys(found.kernel for _, found in known)),
            cpus=sum(found.cpus for _, found in known),
            start_ns=self._end_ns or time.time_ns(),
            frequency_hz=min(found.frequency_hz for _, found in known),
            target=" | ".join(dict.fromkeys(found.target for _, found in known)),
            kinds=tuple(dict.fromkeys(kind for _, found in known for kind in found.kinds)),
            options=options,
        )


def _from_resets_on(items: list[Item]) -> Iterator[list[Item]]:
    """The same in parts, each of which begins its ids anew at its begin or not at all."""
    begin = 0
    for place, (_, said) in enumerate(items):
        if place > begin and isinstance(said, Delta) and said.reset:
            yield items[begin:place]
            begin = place
    if items[begin:]:
        yield items[begin:]


def distinct_names(hosts: Sequence[str]) -> list[str]:
    """What to call these machines: by their own names, and those of the same name by numbers as well."""
    found: list[str] = []
    for host in hosts:
        name, number = printable(host, 64) or "?", 1
        while (numbered := name if number == 1 else f"{name} ({number})") in found:
            number += 1
        found.append(numbered)
    return found
