"""How often a control group's CPU time was used up, by its `cpu.stat`."""

from __future__ import annotations

from pathlib import Path

from .cgroups import CgroupLayout


def parse_throttling(cpu_stat: str) -> tuple[int, int] | None:
    """Periods, and how many of them were throttled, in a group's `cpu.stat` (v1 and v2); None without a limit."""
    lines = (line.partition(" ") for line in cpu_stat.splitlines())
    values = {key: int(value) for key, _, value in lines if value.isdecimal()}
    return (values["nr_periods"], values.get("nr_throttled", 0)) if values.get("nr_periods") is not None else None


def throttling_file(cgroup: str, layout: CgroupLayout | None) -> Path | None:
    """The `cpu.stat` of a group; on v1 in the CPU controller's hierarchy, under the same path."""
    if layout is None:
        return None
    by_cpu = next((mount for mount in layout.mounts if "cpu" in mount.controllers), layout.mount)
    folder = CgroupLayout(by_cpu.version, "", by_cpu, base=layout.base).folder(cgroup)
    return folder / "cpu.stat" if folder else None


def share(before: tuple[int, int] | None, now: tuple[int, int] | None) -> float | None:
    """The share of the periods between two readings that were throttled."""
    if before is None or now is None:
        return None
    periods = now[0] - before[0]
    return min(max((now[1] - before[1]) / periods, 0.0), 1.0) if periods > 0 else 0.0
