"""V8's .cpuprofile, as node --cpu-prof and Chrome's developer tools write it, as deltas.

The form is `Profiler.Profile` of https://chromedevtools.github.io/devtools-protocol/tot/Profiler/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..profiles.delta import Context, Delta, Notice
from ..profiles.series import Series
from ..profiles.timeline import SECOND
from ..profiles.vocabulary import Language
from .foreign import Foreign, whole_number
from .json_profiles import list_of, number_of, text_of
from .limits import Limits
from .wire import Malformed

MICROSECOND = 1000
DEEPEST = 50_000
ROOT, IDLE = "(root)", "(idle)"


def read_cpuprofile(content: Any, name: str, written_ns: int, limits: Limits) -> Iterator[Delta]:
    """The deltas of a file. Time in which the program was idle is left out, and said. Raises Malformed and TooLarge."""
    begin, end = (whole_number(number_of(content, key) * MICROSECOND) for key in ("startTime", "endTime"))
    length = max(end - begin, 0)
    foreign = Foreign(limits, written_ns)
    stacks, idle_node = _stacks(foreign, list_of(content, "nodes"))
    who = foreign.who(Series(0, 0, 1, name), process=name)
    samples, deltas = list_of(content, "samples"), list_of(content, "timeDeltas")
    if len(samples) != len(deltas):
        raise Malformed("it has not one time a sample")
    idle = at = 0
    for place, (sample, before) in enumerate(zip(samples, deltas, strict=True)):
        at += whole_number(before) * MICROSECOND
        until = whole_number(deltas[place + 1]) * MICROSECOND if place + 1 < len(deltas) else max(length - at, 0)
        if not isinstance(sample, int) or sample not in stacks:
            raise Malformed(f"it refers to node {str(sample)[:40]}, which is not there")
        if sample in idle_node:
            idle += until
        else:
            foreign.add("cpu", "nanoseconds", stacks[sample], who, 1, until, max(at, 0))
    if foreign.empty:
        raise Malformed("it has no samples")
    remark = Notice("info", f"left out {idle / SECOND:.2f} s in which the program was idle")
    yield from foreign.deltas(Context(target=name), (remark,) if idle else ())


def _stacks(foreign: Foreign, nodes: list[Any]) -> tuple[dict[int, list[int]], set[int]]:
    """The stack of each node, root first, and which nodes are idle. A caller may stand behind its callees."""
    parents: dict[int, int] = {}
    places: dict[int, int | None] = {}
    idle = set()
    for node in nodes:
        identity, name = _identity(node), text_of(node.get("callFrame"), "functionName")
        if identity in places:
            raise Malformed(f"two of its nodes have the id {identity}")
        places[identity] = None if name == ROOT else _function(foreign, node["callFrame"])
        idle |= {identity} if name == IDLE else set()
        for child in node.get("children") or ():
            parents[child if isinstance(child, int) else -1] = identity
        if isinstance(node.get("parent"), int):
            parents[identity] = node["parent"]
    return {identity: _stack(identity, parents, places) for identity in places}, idle


def _stack(identity: int, parents: dict[int, int], places: dict[int, int | None]) -> list[int]:
    stack: list[int] = []
    steps = 0
    at: int | None = identity
    while at is not None and at in places:
        place = places[at]
        if place is not None:
            stack.append(place)
        steps += 1
        if steps > min(len(places), DEEPEST):
            raise Malformed("its nodes are their own callers")
        at = parents.get(at)
    return stack[::-1]


def _identity(node: Any) -> int:
    identity = node.get("id") if isinstance(node, dict) else None
    if not isinstance(identity, int) or not isinstance(node.get("callFrame"), dict):
        raise Malformed("one of its nodes is damaged")
    if not isinstance(node.get("children") or [], list):
        raise Malformed("one of its nodes is damaged")
    return identity


def _function(foreign: Foreign, frame: Any) -> int:
    line = number_of(frame, "lineNumber")
    defined = int(line) + 1 if 0 <= line < 1 << 31 else 0
    file = text_of(frame, "url").removeprefix("file://")
    return foreign.function(text_of(frame, "functionName"), file, defined, Language.NODE)
