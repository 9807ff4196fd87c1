"""Is the kernel one that icetop can run on?"""

from __future__ import annotations

import gzip
import resource

from ..loader.processor import OtherProcessor, find_processor
from .capabilities import held_capabilities
from .check import Check, Machine, State

OLDEST, ADVISED = (5, 8), (5, 10)
MEMLOCK_GONE = (5, 11)
BTF_MAGIC = (b"\x9f\xeb", b"\xeb\x9f")
REQUIRED = ("BPF", "BPF_SYSCALL", "PERF_EVENTS", "BPF_EVENTS")
WISHED = {"BPF_JIT": "programs are interpreted, several times slower", "KALLSYMS": "kernel functions have no names"}


def check_version(machine: Machine) -> Check:
    """Kernel 5.8 or newer: it has the ring buffer and CAP_BPF."""
    purpose = "the ring buffer and the capabilities for eBPF"
    if machine.version < OLDEST:
        effect = "icetop's programs do not load"
        return Check("kernel", State.FAILED, machine.release, purpose, effect, "use a kernel of 5.8 or newer")
    if machine.version < ADVISED:
        effect = "it is little tested: distributions skipped it"
        return Check("kernel", State.DEGRADED, machine.release, purpose, effect, "5.10 or newer is advised")
    return Check("kernel", State.OK, machine.release, purpose)


def check_processor(machine: Machine) -> Check:
    """The processor whose registers icetop's programs read."""
    purpose = "following stacks"
    try:
        processor = find_processor(machine.processor)
    except OtherProcessor as error:
        effect = "nothing can be sampled here yet; saved files open"
        return Check("processor", State.FAILED, machine.processor, purpose, effect, error.mend)
    if processor.by_rows:
        return Check("processor", State.OK, f"{machine.processor}: native stacks by unwind tables", purpose)
    finding = f"{machine.processor}: native stacks by frame pointers; tried on an emulated machine alone"
    effect = "where a function keeps no frame pointer stacks are cut short, and say so"
    return Check("processor", State.DEGRADED, finding, purpose, effect, "compile with -fno-omit-frame-pointer")


def check_btf(machine: Machine) -> Check:
    """The kernel's own type information, from which the offsets in its structures are read."""
    purpose = "finding fields in the kernel without its headers"
    path = machine.sysfs / "kernel/btf/vmlinux"
    try:
        with path.open("rb") as file:
            magic = file.read(2)
    except OSError:
        magic = b""
    if magic in BTF_MAGIC:
        return Check("btf", State.OK, f"{path.stat().st_size / 1e6:.1f} MB", purpose)
    finding = "not BTF" if magic else "missing or not readable"
    mend = "use a kernel built with CONFIG_DEBUG_INFO_BTF=y; in a container let it see /sys/kernel/btf"
    return Check("btf", State.FAILED, finding, purpose, "icetop's programs cannot find their way in the kernel", mend)


def check_config(machine: Machine) -> Check:
    """The options the kernel was built with, where they can be read."""
    purpose = "eBPF programs on perf events"
    text = _config_text(machine)
    if text is None:
        return Check("config", State.ABSENT, "not readable here; the attach test tells", purpose)
    options = {line.partition("=")[0] for line in text.splitlines() if line.startswith("CONFIG_") and "=" in line}
    missing = [name for name in REQUIRED if f"CONFIG_{name}" not in options]
    if missing:
        finding = "without " + ", ".join(f"CONFIG_{name}" for name in missing)
        mend = "use a kernel built with these (every large distribution's is)"
        return Check("config", State.FAILED, finding, purpose, "icetop's programs do not run", mend)
    wished = [name for name in WISHED if f"CONFIG_{name}" not in options]
    if wished:
        finding = "without " + ", ".join(f"CONFIG_{name}" for name in wished)
        effect = "; ".join(WISHED[name] for name in wished)
        return Check("config", State.DEGRADED, finding, purpose, effect, "use a kernel built with these")
    return Check("config", State.OK, "has all that is needed", purpose)


def check_memlock(machine: Machine) -> Check:
    """Kernels before 5.11 charge eBPF maps to the locked memory that a process may have."""
    purpose = "memory for eBPF maps"
    if machine.version >= MEMLOCK_GONE:
        return Check("memlock", State.OK, "no limit applies since 5.11", purpose)
    limit, highest = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if resource.RLIM_INFINITY in (limit, highest) or limit >= 64 << 20:
        return Check("memlock", State.OK, "enough", purpose)
    if "SYS_RESOURCE" in held_capabilities(machine):
        return Check("memlock", State.OK, f"{limit >> 10} KiB, which icetop may raise and does", purpose)
    mend = "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity; docker: --ulimit memlock=-1), or CAP_SYS_RESOURCE"
    return Check("memlock", State.DEGRADED, f"{limit >> 10} KiB", purpose, "the maps may not fit", mend)


def _config_text(machine: Machine) -> str | None:
    try:
        with gzip.open(machine.proc / "config.gz") as file:
            return file.read(4 << 20).decode(errors="replace")
    except (OSError, EOFError):
        return machine.text(machine.boot / f"config-{machine.release}")
