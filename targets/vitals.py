"""The machine's vital signs between two readings: busy cores, waiting for a CPU, pressure; and own cost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..profiles.delta import Vitals
from .processes import split_stat

PROC = Path("/proc")
PRESSURES = ("cpu", "memory", "io")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UTIME, _CSTIME, _RSS = 14 - 3, 17 - 3, 24 - 3


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds of all CPUs together since boot. `busy` is neither idle, nor waiting for I/O, nor stolen by the host."""

    busy: float
    idle: float
    iowait: float
    steal: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What processes used: CPU seconds since their start, and bytes resident now."""

    cpu_s: float
    rss: int


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    cpu: CpuTimes
    run_queue_s: float | None


class VitalsReader:
    """Reads the vital signs; each reading tells of the time since the one before."""

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._before = self._take()

    def read(self) -> Vitals:
        """The vital signs since the last call (or the making); icetop's own cost is left for the caller to fill."""
        before, now = self._before, self._take()
        self._before = now
        elapsed = now.at - before.at
        if elapsed <= 0:
            return Vitals(pressure=self._pressure())
        waited = None
        if now.run_queue_s is not None and before.run_queue_s is not None:
            waited = max(now.run_queue_s - before.run_queue_s, 0.0) / elapsed
        return Vitals(
            busy_cores=max(now.cpu.busy - before.cpu.busy, 0.0) / elapsed,
            run_queue=waited,
            pressure=self._pressure(),
        )

    def _take(self) -> _Reading:
        return _Reading(
            time.monotonic(),
            parse_cpu_times(_text(self._proc / "stat")),
            parse_run_queue(_text(self._proc / "schedstat")),
        )

    def _pressure(self) -> dict[str, float]:
        found = ((resource, parse_pressure(_text(self._proc / "pressure" / resource))) for resource in PRESSURES)
        return {resource: percent for resource, percent in found if percent is not None}


def parse_cpu_times(stat: str) -> CpuTimes:
    """`/proc/stat`'s first line. Guests' time is part of user time there, and so is not added again."""
    fields = stat.partition("\n")[0].split()[1:]
    times = [int(field) / _TICKS for field in fields if field.isdecimal()] + [0.0] * 8
    user, nice, system, idle, iowait, irq, softirq, steal = times[:8]
    return CpuTimes(user + nice + system + irq + softirq, idle, iowait, steal)


def parse_run_queue(schedstat: str) -> float | None:
    """Seconds that tasks waited for a CPU since boot, all CPUs (`run_delay`, the 8th number of `/proc/schedstat`)."""
    delays = [line.split()[8] for line in schedstat.splitlines() if line.startswith("cpu") and len(line.split()) > 8]
    return sum(int(delay) for delay in delays) / 1e9 if delays else None


def parse_pressure(text: str) -> float | None:
    """`some avg10` of a file in `/proc/pressure`, in percent; None where there is none."""
    for line in text.splitlines():
        if line.startswith("some "):
            values = dict(field.partition("=")[::2] for field in line.split()[1:])
            return float(values.get("avg10", "0"))
    return None


def own_cost(children: Iterable[int] = (), proc: Path = PROC) -> Cost:
    """What this process, its ended children, and the running children named cost. Those that are gone count as 0."""
    used = os.times()
    total = used.user + used.system + used.children_user + used.children_system
    resident = int((_text(proc / "self/statm").split() or ["0", "0"])[1]) * _PAGE
    for cost in (process_cost(pid, proc) for pid in children):
        total, resident = total + cost.cpu_s, resident + cost.rss
    return Cost(total, resident)


def process_cost(pid: int, proc: Path = PROC) -> Cost:
    """What one process and its ended children cost; nothing when it is gone."""
    try:
        _, fields = split_stat((proc / str(pid) / "stat").read_bytes())
        ticks = sum(int(field) for field in fields[_UTIME : _CSTIME + 1])
        return Cost(ticks / _TICKS, int(fields[_RSS]) * _PAGE)
    except (OSError, ValueError, IndexError):
        return Cost(0.0, 0)


def _text(path: Path) -> str:
    """A small file's text; empty where it is absent or may not be read (PSI can be there and switched off)."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
