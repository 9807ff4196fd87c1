"""How much of the machine does icetop see from where it is?"""

from __future__ import annotations

from ...targets.namespaces import shown_pid_namespace
from .check import Check, Machine, State

EVERY_USER = "0 0 4294967295"


def check_pid_namespace(machine: Machine) -> Check:
    """Whether /proc shows every process of the machine."""
    purpose = "processes by their numbers in /proc"
    try:
        inode = shown_pid_namespace(machine.proc)
    except (OSError, ValueError):
        return Check("pid namespace", State.DEGRADED, "unknown", purpose, "processes may have no names", "mount /proc")
    if not inode:
        return Check("pid namespace", State.OK, "the host's own", purpose)
    effect = "processes outside of it are sampled without names"
    mend = "docker: --pid=host; a pod: hostPID: true"
    return Check("pid namespace", State.DEGRADED, "one of its own", purpose, effect, mend)


def check_user_namespace(machine: Machine, attached: bool) -> Check:
    """Whether root here is root of the machine."""
    purpose = "rights that count for the whole machine"
    mapping = " ".join((machine.text(machine.proc / "self/uid_map") or EVERY_USER).split())
    if mapping == EVERY_USER:
        return Check("user namespace", State.OK, "the host's own", purpose)
    state = State.DEGRADED if attached else State.FAILED
    effect, mend = "capabilities held here do not reach the kernel", "run outside of rootless containers"
    return Check("user namespace", state, "one of its own", purpose, effect, mend)
