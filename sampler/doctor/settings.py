"""Do the machine's security settings let icetop work? `attached` says whether the attach test went through."""

from __future__ import annotations

from .capabilities import held_capabilities
from .check import Check, Machine, State

NOT_THERE = "not there"


def check_perf_event_paranoid(machine: Machine) -> Check:
    """Who may open perf events on every CPU; CAP_PERFMON is above it."""
    purpose = "perf events on every CPU, for a process without CAP_PERFMON"
    level = machine.setting("perf_event_paranoid")
    if level is None:
        mend = "use a kernel built with CONFIG_PERF_EVENTS"
        return Check("perf_event_paranoid", State.FAILED, NOT_THERE, purpose, "nothing can be sampled", mend)
    if level < 0 or {"PERFMON", "SYS_ADMIN"} & held_capabilities(machine):
        return Check("perf_event_paranoid", State.OK, f"{level}", purpose)
    effect, mend = "nothing can be sampled without CAP_PERFMON", "run as root with sudo, or grant CAP_PERFMON"
    return Check("perf_event_paranoid", State.FAILED, f"{level}", purpose, effect, mend)


def check_kptr_restrict(machine: Machine) -> Check:
    """Whether kernel addresses may be read, which is seen in the kernel's symbol table itself."""
    purpose = "names of kernel functions"
    level = machine.setting("kptr_restrict")
    shown = f"{level}" if level is not None else NOT_THERE
    if _kernel_symbols_readable(machine):
        return Check("kptr_restrict", State.OK, f"{shown}, kernel symbols are readable", purpose)
    mend = "sysctl kernel.kptr_restrict=1" if level == 2 else "run as root with sudo, or grant CAP_SYSLOG"
    finding = f"{shown}, kernel symbols are hidden"
    return Check("kptr_restrict", State.DEGRADED, finding, purpose, "kernel functions have no names", mend)


def check_unprivileged_bpf(machine: Machine) -> Check:
    """Whether eBPF is open to everybody; icetop does not rely on it."""
    level = machine.setting("unprivileged_bpf_disabled")
    finding = {None: NOT_THERE, 0: "0, open to all", 1: "1, locked", 2: "2, rights needed"}.get(level, f"{level}")
    return Check("unprivileged_bpf_disabled", State.OK, finding, "nothing: icetop runs with CAP_BPF")


def check_lockdown(machine: Machine) -> Check:
    """Lockdown's `confidentiality` forbids programs to read kernel memory, for root too."""
    purpose = "reading kernel memory from eBPF"
    text = machine.text(machine.sysfs / "kernel/security/lockdown")
    if text is None:
        return Check("lockdown", State.OK, NOT_THERE, purpose)
    level = text.partition("[")[2].partition("]")[0] or text
    if level != "confidentiality":
        return Check("lockdown", State.OK, level, purpose)
    mend = "boot with lockdown=integrity, or without Secure Boot's confidentiality mode"
    return Check("lockdown", State.FAILED, level, purpose, "the kernel refuses icetop's programs, also to root", mend)


def check_security_modules(machine: Machine, attached: bool) -> Check:
    """SELinux and AppArmor: which rules hold for this process."""
    purpose = "SELinux and AppArmor may deny bpf()"
    context = machine.text(machine.proc / "self/attr/current") or ""
    enforcing = machine.text(machine.sysfs / "fs/selinux/enforce") == "1"
    name = "SELinux enforcing" if enforcing else "AppArmor"
    if not context or context.startswith("unconfined") or (":" in context and not enforcing):
        return Check("security modules", State.OK, "nothing confines icetop", purpose)
    finding = f"{name}: {context[:80]}"
    if attached:
        return Check("security modules", State.OK, f"{finding}; it lets icetop sample", purpose)
    mend = "look for denials (ausearch -m avc; dmesg | grep DENIED); docker: --security-opt apparmor=unconfined"
    return Check("security modules", State.DEGRADED, finding, purpose, "may be what refuses bpf()", mend)


def check_seccomp(machine: Machine, attached: bool) -> Check:
    """A filter on system calls, as container runtimes set."""
    purpose = "a filter may refuse bpf()"
    mode = machine.status("Seccomp") or "0"
    if mode == "0":
        return Check("seccomp", State.OK, "no filter", purpose)
    if attached:
        return Check("seccomp", State.OK, "a filter that lets icetop sample", purpose)
    mend = "docker: --security-opt seccomp=unconfined; a pod: seccompProfile.type Unconfined"
    return Check("seccomp", State.DEGRADED, f"mode {mode}", purpose, "may be what refuses bpf()", mend)


def _kernel_symbols_readable(machine: Machine) -> bool:
    try:
        with (machine.proc / "kallsyms").open("rb") as file:
            lines = file.read(4096).split(b"\n")[:20]
    except OSError:
        return False
    return any(line.split()[:1] and line.split()[0].strip(b"0") for line in lines)
