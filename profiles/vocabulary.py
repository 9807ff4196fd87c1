"""The closed sets of words that every room uses: how a stack ended, what language a frame is in, kinds and units."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum


class Language(str, Enum):
    """What kind of code a location is in."""

    KERNEL = "kernel"
    NATIVE = "native"
    PYTHON = "python"
    NODE = "node"
    JAVA = "java"
    GO = "go"
    JIT = "jit"


class StackEnd(IntEnum):
    """How a stack ended. The number is also the id of the root node of such stacks (see `StackTable`)."""

    COMPLETE = 0
    NO_UNWIND_INFO = 1
    BAD_ROW = 2
    UNREADABLE_STACK = 3
    TOO_DEEP = 4
    JIT_NO_FRAME_POINTER = 5
    PROCESS_GONE = 6
    RATE_LIMITED = 7
    SNAPSHOT_LOST = 8
    NO_FRAME_POINTER = 9
    PYTHON_UNRESOLVED = 10

    @property
    def reason(self) -> str:
        """The word used on the screen and in reports, such as `no_frame_pointer`."""
        return self.name.lower()

    @classmethod
    def from_reason(cls, reason: str) -> StackEnd:
        """The end named by `reason`; an unknown word counts as `no_unwind_info`, since truncated it is."""
        return cls.__members__.get(reason.upper(), cls.NO_UNWIND_INFO)


WAITING = "[waiting]"
"""The binary of the leaf that says why a thread waits: its function is the cause, such as `[network]`."""

PEER = "[peer]"
"""The binary of the leaf below it that says who is at the other end; its build-id is that process's id, or empty."""

UNITS = {
    "cpu": "nanoseconds",
    "offcpu": "nanoseconds",
    "wall": "nanoseconds",
    "lock": "nanoseconds",
    "block": "nanoseconds",
    "io": "nanoseconds",
    "alloc": "bytes",
    "inuse": "bytes",
    "goroutine": "count",
}
"""The unit of each kind's values."""


def unit_of(kind: str) -> str:
    """The unit of `kind`'s values; kinds read from other tools' files that icetop does not know are counts."""
    return UNITS.get(kind, "count")


SUMS = {"wall": ("cpu", "offcpu"), "lock": ("offcpu",)}
"""Kinds that are nothing of their own: a thread's time is what it ran and what it waited; waits for locks are waits."""

LOCK_CAUSES = ("lock", "GIL")
"""The causes of what the kind `lock` has."""

NUMBERS = {"cpu": 1, "offcpu": 2, "wall": 3, "alloc": 4, "lock": 5}
"""The keys of these kinds where waits are known: always the same."""


def parts_of(kind: str) -> tuple[str, ...]:
    """The kinds whose counts make up `kind`: itself, where it is no sum."""
    return SUMS.get(kind, (kind,))


def shown_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """These kinds and the sums that they make up; a sum's parts and it come first, always in the same order."""
    there = tuple(kinds)
    whole = [part for kind, parts in SUMS.items() if set(parts) <= set(there) for part in (*parts, kind)]
    return tuple(dict.fromkeys((*whole, *there)))


def numbered_kinds(kinds: Iterable[str]) -> dict[int, str]:
    """The number key of each kind: the usual one, else the first that is free."""
    there = tuple(kinds)
    fixed = NUMBERS if "offcpu" in there else {}
    found = {fixed[kind]: kind for kind in there if kind in fixed}
    for kind in there:
        if kind not in fixed:
            found[next(number for number in range(1, len(there) + len(NUMBERS) + 1) if number not in found)] = kind
    return dict(sorted(found.items()))
