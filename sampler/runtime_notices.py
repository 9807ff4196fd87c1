"""What processes with a run-time of their own lack, as lines for a person: names, or whole stacks."""

from __future__ import annotations

from ..profiles.delta import Notice
from ..profiles.mends import JAVA_FRAMES, JAVA_NAMES, NODE_NAMES
from ..profiles.vocabulary import Language
from ..symbols.perf_map import MapState, PerfMap
from .jit_code import ProcessKey
from .process_table import ProcessTable
from .stack_reader import StackReader

MOST_NOTICES = 20
"""How many there are at most: programs are named, not processes, but programs may be many."""

_SPOKEN = {Language.NODE: ("JavaScript", NODE_NAMES), Language.JAVA: ("Java", JAVA_NAMES)}


def runtime_notices(stacks: StackReader, processes: ProcessTable, asks_java: bool) -> list[Notice]:
    """The lacks that have shown so far; not of names that JVMs are asked for anyway."""
    found = [
        _names(_program(processes, key), perf_map)
        for key, perf_map in stacks.generated_code.unnamed()
        if not (asks_java and perf_map.language is Language.JAVA)
    ]
    found += [_frames(_program(processes, key)) for key in stacks.without_frame_pointers]
    return [notice for notice in found if notice is not None][:MOST_NOTICES]


def unnamed_java(stacks: StackReader, processes: ProcessTable) -> list[tuple[ProcessKey, str]]:
    """The JVMs with code that has no names, and what to call them."""
    unnamed = stacks.generated_code.unnamed()
    return [(key, _program(processes, key)) for key, perf_map in unnamed if perf_map.language is Language.JAVA]


def _names(program: str, perf_map: PerfMap) -> Notice | None:
    spoken = _SPOKEN.get(perf_map.language)
    if spoken is None:
        return None
    what = f"{program}: {spoken[0]} functions have no names"
    if perf_map.state is MapState.FOREIGN:
        mend = "remove /tmp/perf-PID.map, or give it to the user whose process it is"
        return Notice("warning", what, "its perf map belongs to another user", mend)
    if perf_map.state is MapState.STALE:
        return Notice("info", what, "its perf map is older than the process", spoken[1])
    return Notice("info", what, "it has no perf map", spoken[1]) if perf_map.state is MapState.ABSENT else None


def _frames(program: str) -> Notice:
    return Notice("info", f"{program}: Java callers are missing", "its code keeps no frame pointers", JAVA_FRAMES)


def _program(processes: ProcessTable, key: ProcessKey) -> str:
    labels = processes.find(*key).labels
    name = labels.get("process") or f"process {key[0]}"
    return f"{name} {title}" if (title := labels.get("title")) else name
