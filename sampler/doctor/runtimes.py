"""Do the processes that run here give the names of the code that they make while they run?"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from ...profiles.mends import JAVA_FRAMES, JAVA_NAMES, NODE_NAMES
from ...profiles.vocabulary import Language
from ...symbols.mappings import read_address_space
from ...symbols.perf_map import MapState, PerfMap
from ...symbols.runtimes import language_of_generated_code
from .check import Check, Machine, State

MOST_LOOKED_AT = 2000
"""Processes that are looked at; more would take long and tell little."""

_FRAME_POINTERS = b"PreserveFramePointer"


def check_runtimes(machine: Machine) -> list[Check]:
    """A check for node and one for Java."""
    found: dict[Language, list[int]] = {Language.NODE: [], Language.JAVA: []}
    for pid in _processes(machine.proc)[:MOST_LOOKED_AT]:
        language = _language(machine.proc, pid)
        if language in found:
            found[language].append(pid)
    return [_check_node(found[Language.NODE]), _check_java(machine.proc, found[Language.JAVA])]


def _check_node(pids: list[int]) -> Check:
    purpose = "names of JavaScript functions"
    without = _without_map(pids)
    if not pids:
        return Check("node", State.ABSENT, "no process runs it", purpose)
    if not without:
        return Check("node", State.OK, f"{len(pids)} with a perf map", purpose)
    finding = f"{_pids(without)} without a perf map"
    return Check("node", State.DEGRADED, finding, purpose, "its functions show as [node JIT]", NODE_NAMES)


def _check_java(proc: Path, pids: list[int]) -> Check:
    purpose = "names of Java functions, and their callers"
    if not pids:
        return Check("java", State.ABSENT, "no process runs it", purpose)
    without, framed = _without_map(pids), [pid for pid in pids if _keeps_frame_pointers(proc, pid)]
    unframed = [pid for pid in pids if pid not in framed]
    parts, effects, mends = [], [], []
    if without:
        parts.append(f"{_pids(without)} without a perf map")
        effects.append("functions show as [java JIT]")
        mends.append(JAVA_NAMES)
    if unframed:
        parts.append(f"{_pids(unframed)} without frame pointers")
        effects.append("callers are missing")
        mends.append(JAVA_FRAMES)
    if not parts:
        return Check("java", State.OK, f"{len(pids)} with a perf map and frame pointers", purpose)
    return Check("java", State.DEGRADED, "; ".join(parts), purpose, "; ".join(effects), "; ".join(mends))


def _without_map(pids: list[int]) -> list[int]:
    return [pid for pid in pids if _map_state(pid) is not MapState.READ]


def _map_state(pid: int) -> MapState:
    found = PerfMap(pid, Counter())
    found.refresh()
    return found.state


def _keeps_frame_pointers(proc: Path, pid: int) -> bool:
    """Whether a JVM was told to keep them, as far as its command line and environment say."""
    for name in ("cmdline", "environ"):
        try:
            if b"+" + _FRAME_POINTERS in (proc / str(pid) / name).read_bytes()[: 1 << 20]:
                return True
        except OSError:
            continue
    return False


def _language(proc: Path, pid: int) -> Language | None:
    """The language of the code that a process makes at run time; None where its name rules that out."""
    try:
        name = os.readlink(proc / str(pid) / "exe").rsplit("/", 1)[-1]
        if not name.startswith(("node", "java", "deno", "electron")) and "java" not in name:
            return None
        return language_of_generated_code(read_address_space(pid))
    except OSError:
        return None


def _processes(proc: Path) -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir(proc) if name.isdecimal())
    except OSError:
        return []


def _pids(pids: list[int]) -> str:
    shown = ", ".join(map(str, pids[:5]))
    return f"pid {shown}{' ...' if len(pids) > 5 else ''}"
