"""From what threads waited to rows of a profile: under each stack hangs the cause of the wait, as its leaf."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import takewhile

from ..profiles.delta import Counts, Notice, Vitals
from ..profiles.locations import Line, Location, placeholder
from ..profiles.vocabulary import PEER, WAITING, Language, StackEnd
from ..symbols.namer import KERNEL, Namer
from ..targets.peers import Peer, Peers
from ..targets.threads import Threads, thread_name
from .kernel_parts import KernelParts
from .raw_stacks import RawStack
from .stack_reader import ENTRIES, StackReader
from .tables import Tables
from .wait_causes import (
    EVENTS,
    GIL,
    LOCK,
    RUN_QUEUE,
    UNTOLD,
    cause_of,
    is_of_gil,
    scheduler_frames,
)
from .wait_side import RawWait, WaitReading
from .waiting_goroutines import PARKED, POLL, WaitingGoroutines
from .waiting_tasks import NEAREST_FRAMES, SHORTEST_NS, WaitingTasks, in_one_line

MOST_THREADS = 4096
"""Threads whose names are remembered."""

BEGINNING = "ret_from_fork"
"""The kernel's function in which every thread begins."""

ASLEEP = 1 << 32
"""Tells the id of such a stack from what the kernel's hash, of twice as many bits, is likely to be."""

LOSSES = {"WAITS_LOST_FULL": "map_full", "WAITS_LOST_RING": "ring_full"}
"""What the kernel's counters of lost waits are called."""


class WaitReader:
    """Remembers why threads wait in a stack, who wakes in one, and counts.

    `lost` has waits that could not be kept, by reason, since the start; they are no ticks, so no profile's `lost` has
    them.
    """

    def __init__(self, tables: Tables, namer: Namer, stacks: StackReader, tasks: WaitingTasks) -> None:
        self._tables = tables
        self._tasks = tasks
        self._loops: dict[int, int] = {}
        self._goroutines = WaitingGoroutines(namer)
        self._schedulers: set[int] = set()
        self._parts = KernelParts(namer)
        self._stacks = stacks
        self._causes: dict[int, str] = {}
        self._asleep: dict[int, tuple[str, ...]] = {}
        self._locks: dict[int, list[int]] = {}
        self._wakers: dict[int, list[int]] = {}
        self._peers = Peers()
        self._threads = Threads()
        self._names: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._counters: Counter[str] = Counter()
        self._before: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self._queued = 0
        self._lost_told: Counter[str] = Counter()
        self._sees_requests = True
        self._read_before = self._read_at = time.monotonic()
        self._requests = self._requests_before = (0, 0)

    def start_anew(self, tables: Tables) -> None:
        """Go on with empty tables; stacks have to be learnt again."""
        self._tables = tables
        for known in (self._causes, self._locks, self._wakers, self._loops, self._schedulers):
            known.clear()

    def learn(self, stack: int, raw: RawStack) -> RawStack:
        """Remember what the stack with this id tells of waits; gives the stack without the switch itself."""
        part = self._parts.of(raw.kernel)
        if part.wakes:
            self._wakers[stack] = [] if part.by_interrupt else self._nearest(raw)
            return raw
        self._causes[stack] = part.cause
        if part.cause == LOCK:
            self._locks[stack] = self._nearest(raw)
        elif part.cause == EVENTS:
            self._learn_loop(stack, raw)
        return replace(raw, kernel=raw.kernel[part.switch :])

    def count(self, reading: WaitReading, nodes: Mapping[int, int], series: Callable[[RawWait], int]) -> Counts:
        """The rows of an epoch; `nodes` are the leaf nodes of stacks by their id."""
        counts = Counts()
        self._tasks.begin()
        self._goroutines.begin()
        self._read_before, self._read_at = self._read_at, time.monotonic()
        self._requests_before, self._requests = self._requests, reading.requests or (0, 0)
        self._queued = sum(wait.nanoseconds for wait in reading.waits if wait.run_queue)
        for wait in reading.waits:
            node = nodes.get(wait.stack)
            node = self._own_node(wait.stack) if node is None else node
            if node is None:
                self.lost["stack_forgotten"] += max(wait.times, 1)
                continue
            leaf, done = self._leaf(node, wait), 0
            tasks = Counter(self._waiting_tasks(wait)) or Counter([()])
            for names, number in tasks.items():
                parts = (part(whole, done, number, tasks.total()) for whole in (wait.times, wait.nanoseconds))
                counts.add(self._of_task(leaf, wait, names), series(wait), *parts)
                done += number
        for counter, reason in LOSSES.items():
            self.lost[reason] = reading.counters.get(counter, 0)
        self._sees_requests = reading.requests is not None
        self._before, self._counters = self._counters, Counter(reading.counters)
        return counts

    def learn_asleep(self, functions: tuple[str, ...]) -> int:
        """An id for the stack of a thread that slept before icetop came, of which only the kernel's part is known."""
        stack = ASLEEP | _number("\n".join(functions))
        self._asleep[stack] = functions
        return stack

    def lost_news(self) -> dict[str, int]:
        """The waits lost, by reason, since this was asked last."""
        news, self._lost_told = self.lost - self._lost_told, Counter(self.lost)
        return dict(news)

    def vitals(self, vitals: Vitals) -> Vitals:
        """With what the last epoch told of the target's run queue, of block I/O, and of what was left out."""
        seen, left_out = (self._counters[name] - self._before[name] for name in ("WAITS_SEEN", "WAITS_LEFT_OUT"))
        done, nanoseconds = (now - was for now, was in zip(self._requests, self._requests_before, strict=True))
        elapsed = self._read_at - self._read_before
        return replace(
            vitals,
            target_queue=self._queued / 1e9 / elapsed if elapsed > 0 else None,
            requests=done / elapsed if elapsed > 0 and self._sees_requests else None,
            request_s=nanoseconds / 1e9 / done if done > 0 else None,
            followed=1 - left_out / seen if seen > 0 else None,
        )

    def notices(self, last: bool) -> list[Notice]:
        """What could not be kept; at the end also how many switches others stand for."""
        found = [
            Notice("warning", f"waits were lost ({reason})", f"{number} so far")
            for reason, number in self.lost.items()
            if number
        ]
        if not self._sees_requests:
            found.append(
                Notice("info", "block I/O is not timed", "this kernel has no tracepoint for it, or forbids it")
            )
        untold = self._counters["WAITS_UNTOLD"]
        if last and untold:
            why = f"for {untold:,} waits; their ends are reckoned from what the threads ran since"
            found.append(Notice("info", "this kernel did not tell each time that a thread got a CPU", why))
        seen, left_out = self._counters["WAITS_SEEN"], self._counters["WAITS_LEFT_OUT"]
        if last and left_out:
            why = f"{left_out:,} of {seen:,} were left out, and those followed stand for them"
            found.append(Notice("info", "threads switched too often to follow each time", why))
        return found

    def _own_node(self, stack: int) -> int | None:
        """Where a new thread is that has not run yet, or one that slept; None for any other stack."""
        if not stack:
            return self._tables.node(StackEnd.COMPLETE, [self._in_kernel(BEGINNING)])
        functions = self._asleep.get(stack)
        if functions is None:
            return None
        places = reversed(functions[scheduler_frames(functions) :])
        return self._tables.node(StackEnd.UNREADABLE_STACK, map(self._in_kernel, places))

    def _in_kernel(self, function: str) -> int:
        location = Location(Language.KERNEL, KERNEL, "", _number(function), (Line(function),))
        return self._tables.location(location)[0]

    def _nearest(self, raw: RawStack) -> list[int]:
        return self._stacks.user_locations(raw)[:NEAREST_FRAMES]

    def _learn_loop(self, stack: int, raw: RawStack) -> None:
        """Note where a thread waits in an event loop of asyncio, or what takes its place, or in Go's scheduler."""
        functions = [self._tables.function(index)[1] for index in self._stacks.user_locations(raw)]
        if any(function.startswith("asyncio.") for function in functions):
            self._loops[stack] = raw.space
        elif POLL in functions:
            self._schedulers.add(stack)

    def _waiting_tasks(self, wait: RawWait) -> list[tuple[str, ...]]:
        """The tasks or goroutines that wait while their event loop does. Its time is shared out among them, in equal
        parts."""
        if wait.run_queue or wait.nanoseconds < SHORTEST_NS:
            return []
        if wait.stack in self._schedulers or (wait.stack in self._asleep and self._cause_of(wait.stack) == EVENTS):
            return self._goroutines.of(wait.pid, wait.start_ns)
        space = self._loops.get(wait.stack)
        return self._tasks.of(space, wait.tid) if space is not None else []

    def _of_task(self, node: int, wait: RawWait, names: tuple[str, ...]) -> int:
        for name in names:
            node = self._other(node, name, f"{wait.pid}/{wait.tid}")
        return node

    def _leaf(self, node: int, wait: RawWait) -> int:
        """The node for the cause of a wait, or that for who is at the other end, below it."""
        if wait.run_queue:
            return self._tables.child(node, self._cause(RUN_QUEUE))
        cause = self._cause_of(wait.stack)
        if cause == LOCK and wait.stack in self._asleep and self._goroutines.has(wait.pid, wait.start_ns):
            cause = EVENTS  # threads of Go's scheduler wait for work so, and goroutines wait without a thread
        if cause in (LOCK, GIL):
            return self._lock(self._tables.child(node, self._cause(cause)), wait)
        peer = self._peers.of(wait.pid, wait.descriptor) if wait.descriptor >= 0 else None
        if peer is None:
            return self._tables.child(node, self._cause(cause))
        if cause in UNTOLD:
            cause = "pipe" if peer.what == "pipe" else "network"
        above = self._tables.child(node, self._cause(cause))
        name = peer_name(peer)
        return self._other(above, name, str(peer.pid or "")) if name else above

    def _cause_of(self, stack: int) -> str:
        """Why threads wait in a stack; whether for the GIL its functions tell, whose names may have to wait."""
        if stack in self._locks:
            indexes = self._locks.pop(stack)
            self._stacks.name_first(indexes)
            places = [self._tables.function(index) for index in indexes]
            if is_of_gil(places):
                self._causes[stack] = GIL
            elif any(function in PARKED for _, function in places):
                self._causes[stack] = EVENTS
        return self._causes.get(stack) or cause_of(self._asleep.get(stack, ()))

    def _lock(self, node: int, wait: RawWait) -> int:
        """Below the cause: who held the lock when the wait began, who ended the wait, and where it did."""
        holder = self._threads.of(wait.pid, wait.holder) if wait.holder else 0
        if holder:
            node = self._other(node, f"[held by {self._thread(wait.pid, holder)}]", f"{wait.pid}/{holder}")
        pid, tid = wait.waker
        nearest = self._wakers.get(wait.waker_stack, [])
        if not tid or (wait.waker_stack and not nearest):
            return node
        node = self._other(node, f"[woken by {self._thread(pid, tid)}]", f"{pid}/{tid}")
        self._stacks.name_first(nearest)
        places = list(takewhile(lambda name: name not in ENTRIES, map(self._place, nearest)))
        return self._other(node, in_one_line(places), f"{pid}/{tid}") if places else node

    def _place(self, index: int) -> str:
        binary, function = self._tables.function(index)
        return function or placeholder(binary, 0).replace("+0x0", "")

    def _thread(self, pid: int, tid: int) -> str:
        """A thread as a person reads it: its name and number."""
        key = (pid, tid)
        if not self._names.get(key):
            self._names[key] = thread_name(pid, tid)
            if len(self._names) > MOST_THREADS:
                self._names.popitem(last=False)
        return f"{self._names[key]} {tid}".strip()

    def _other(self, node: int, name: str, who: str) -> int:
        location = Location(Language.KERNEL, PEER, who, _number(name), (Line(name),))
        return self._tables.child(node, self._tables.location(location)[0])

    def _cause(self, cause: str) -> int:
        return self._tables.location(Location(Language.KERNEL, WAITING, cause, 0, (Line(f"[{cause}]"),)))[0]


def part(whole: int, first: int, number: int, parts: int) -> int:
    """So many of equal parts, from the `first` on; all of them add up to the whole."""
    return whole * (first + number) // parts - whole * first // parts


def peer_name(peer: Peer) -> str:
    """The other end as a person reads it: `[to postgres 812 at 127.0.0.1:5432]`; empty when nothing is known of it."""
    words = [thread_name(peer.pid, peer.pid), str(peer.pid)] if peer.pid else []
    if peer.address:
        words += ["at", peer.address] if words else [peer.address]
    return f"[to {' '.join(filter(None, words))}]" if words else ""


def _number(name: str) -> int:
    """What tells names apart as an offset does places."""
    from zlib import crc32

    return crc32(name.encode("utf-8", "surrogatepass"))
