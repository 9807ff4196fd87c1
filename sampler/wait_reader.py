"""From what threads waited to rows of a profile: under each stack hangs the cause of the wait, as its leaf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..profiles.delta import Counts, Notice
from ..profiles.locations import Line, Location
from ..profiles.vocabulary import PEER, WAITING, Language
from ..symbols.namer import Namer
from ..targets.peers import Peer, Peers
from .kernel_side import RawStack
from .tables import Tables
from .wait_causes import RUN_QUEUE, UNTOLD, cause_of, scheduler_frames
from .wait_side import RawWait, WaitReading


class WaitReader:
    """Remembers why threads wait in a stack, and counts.

    `lost` has waits that could not be kept, by reason; they are no ticks, so no profile's `lost` has them.
    """

    def __init__(self, tables: Tables, namer: Namer) -> None:
        self._tables = tables
        self._namer = namer
        self._causes: dict[int, str] = {}
        self._peers = Peers()
        self._counters: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def start_anew(self, tables: Tables) -> None:
        """Go on with empty tables; stacks have to be learnt again."""
        self._tables = tables
        self._causes.clear()

    def learn(self, stack: int, raw: RawStack) -> RawStack:
        """Remember why a thread waits in the stack with this id; gives the stack without the switch itself."""
        names = [self._kernel_name(address - bool(place)) for place, address in enumerate(raw.kernel)]
        self._causes[stack] = cause_of(names)
        return replace(raw, kernel=raw.kernel[scheduler_frames(names) :])

    def count(self, reading: WaitReading, nodes: Mapping[int, int], series: Callable[[RawWait], int]) -> Counts:
        """The rows of an epoch; `nodes` are the leaf nodes of stacks by their id."""
        counts = Counts()
        for wait in reading.waits:
            node = nodes.get(wait.stack)
            if node is None:
                self.lost["stack_forgotten"] += max(wait.times, 1)
                continue
            counts.add(self._leaf(node, wait), series(wait), wait.times, wait.nanoseconds)
        self.lost["map_full"] = reading.counters.get("WAITS_LOST_FULL", 0)
        self.lost["ring_full"] = reading.counters.get("WAITS_LOST_RING", 0)
        self._counters = Counter(reading.counters)
        return counts

    def notices(self, last: bool) -> list[Notice]:
        """What could not be kept; at the end also what was left out on purpose."""
        found = [
            Notice("warning", f"waits were lost ({reason})", f"{number} so far")
            for reason, number in self.lost.items()
            if number
        ]
        short = self._counters["WAITS_SHORT"]
        if last and short:
            seconds = self._counters["WAITS_SHORT_TIME"] / 1e9
            why = f"{short} of them, {seconds:.1f} s together"
            found.append(Notice("info", "waits under 1 ms are left out", why))
        return found

    def _kernel_name(self, address: int) -> str:
        lines = self._namer.locate_kernel(address).lines
        return lines[-1].function if lines else ""

    def _leaf(self, node: int, wait: RawWait) -> int:
        """The node for the cause of a wait, or that for who is at the other end, below it."""
        if wait.run_queue:
            return self._tables.child(node, self._cause(RUN_QUEUE))
        cause = self._causes.get(wait.stack, cause_of(()))
        peer = self._peers.of(wait.pid, wait.descriptor) if wait.descriptor >= 0 else None
        if peer is None:
            return self._tables.child(node, self._cause(cause))
        if cause in UNTOLD:
            cause = "pipe" if peer.what == "pipe" else "network"
        above = self._tables.child(node, self._cause(cause))
        name = peer_name(peer)
        if not name:
            return above
        other = Location(Language.KERNEL, PEER, str(peer.pid or ""), peer.pid, (Line(name),))
        return self._tables.child(above, self._tables.location(other)[0])

    def _cause(self, cause: str) -> int:
        return self._tables.location(Location(Language.KERNEL, WAITING, cause, 0, (Line(f"[{cause}]"),)))[0]


def peer_name(peer: Peer) -> str:
    """The other end as a person reads it: `[to postgres 812 at 127.0.0.1:5432]`; empty when nothing is known of it."""
    words = [process_name(peer.pid), str(peer.pid)] if peer.pid else []
    if peer.address:
        words += ["at", peer.address] if words else [peer.address]
    return f"[to {' '.join(filter(None, words))}]" if words else ""


def process_name(pid: int) -> str:
    """What the kernel calls a process; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/comm", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
