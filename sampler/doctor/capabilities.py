"""Which rights does this process have?"""

from __future__ import annotations

from dataclasses import dataclass

from .check import Check, Machine, State

NUMBERS = {
    "DAC_OVERRIDE": 1,
    "DAC_READ_SEARCH": 2,
    "SYS_PTRACE": 19,
    "SYS_ADMIN": 21,
    "SYS_NICE": 23,
    "SYS_RESOURCE": 24,
    "SYSLOG": 34,
    "PERFMON": 38,
    "BPF": 39,
    "CHECKPOINT_RESTORE": 40,
}
"""include/uapi/linux/capability.h"""


@dataclass(frozen=True, slots=True)
class Need:
    """A capability, what for, what is lost without it, and which others do as well."""

    name: str
    purpose: str
    effect: str
    instead: tuple[str, ...] = ()
    state: State = State.DEGRADED


NEEDS = (
    Need("BPF", "load eBPF programs and maps", "nothing can be sampled", ("SYS_ADMIN",), State.FAILED),
    Need("PERFMON", "sample every CPU, read kernel memory", "nothing can be sampled", ("SYS_ADMIN",), State.FAILED),
    Need("SYS_PTRACE", "read other processes' maps and memory", "other users' processes lack names, Python's at least"),
    Need("SYSLOG", "read the kernel's symbols", "kernel functions have no names"),
    Need(
        "CHECKPOINT_RESTORE",
        "open binaries through /proc/PID/map_files",
        "binaries that were deleted or replaced have no names",
        ("SYS_ADMIN",),
    ),
    Need(
        "DAC_READ_SEARCH",
        "read other users' files",
        "binaries that only their owner may read have no names",
        ("DAC_OVERRIDE",),
    ),
    Need("SYS_NICE", "raise the collector's priority", "a machine with every CPU busy may lose samples"),
    Need("SYS_RESOURCE", "lock the memory of eBPF maps, before 5.11", "nothing", state=State.ABSENT),
)


def check_capabilities(machine: Machine) -> list[Check]:
    """One check for each capability."""
    held = held_capabilities(machine)
    return [_check(need, held) for need in NEEDS]


def held_capabilities(machine: Machine) -> frozenset[str]:
    """The names of those of `NUMBERS` that are in effect."""
    try:
        bits = int(machine.status("CapEff"), 16)
    except ValueError:
        bits = 0
    return frozenset(name for name, number in NUMBERS.items() if bits >> number & 1)


def _check(need: Need, held: frozenset[str]) -> Check:
    subject = f"CAP_{need.name}"
    if need.name in held:
        return Check(subject, State.OK, "held", need.purpose)
    substitute = next((name for name in need.instead if name in held), None)
    if substitute:
        return Check(subject, State.OK, f"CAP_{substitute} stands in", need.purpose)
    if need.state is State.ABSENT:
        return Check(subject, State.ABSENT, "not held", need.purpose)
    mend = f"run as root with sudo, or grant it (docker: --cap-add {need.name}; a pod: capabilities.add)"
    return Check(subject, need.state, "not held", need.purpose, need.effect, mend)
