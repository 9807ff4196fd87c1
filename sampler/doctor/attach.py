"""The proof: load a program that does nothing, attach it to a CPU clock, and take it down again."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import struct

from ..loader.processor import PROCESSORS
from ..loader.system_call import load_program, open_cpu_clock
from .check import Check, State

PURPOSE = "the proof: two instructions on a CPU clock"
EFFECT = "nothing can be sampled"
RETURN_ZERO = struct.pack("=BBhiBBhi", 0xB7, 0, 0, 0, 0x95, 0, 0, 0)
"""`r0 = 0; exit`, as struct bpf_insn."""

_SET_BPF = 0x40042408
"""PERF_EVENT_IOC_SET_BPF of include/uapi/linux/perf_event.h."""

_NO_RIGHTS = ("not permitted", "run as root with sudo; in a container grant CAP_BPF and CAP_PERFMON")
_REASONS = {
    errno.EPERM: _NO_RIGHTS,
    errno.EACCES: _NO_RIGHTS,
    errno.ENOSYS: ("this kernel or a seccomp filter has no such call", "see config and seccomp"),
    errno.EINVAL: ("this kernel does not know it", "see kernel and config"),
    errno.ENOENT: ("this kernel has no such event", "see config"),
    errno.ENODEV: ("this machine has no such event", "see config"),
}


def try_attach() -> Check:
    """Load and attach, and take it down again at once: `ok`, or `failed` with the step, the reason and the mend."""
    if platform.system() != "Linux":
        mend = "profile on a Linux machine, or open what was recorded there: icetop open FILE"
        return Check("attach", State.FAILED, f"{platform.system()} has no eBPF", PURPOSE, EFFECT, mend)
    if platform.machine() not in PROCESSORS:
        finding = f"icetop does not know the processor {platform.machine()}"
        return Check("attach", State.FAILED, finding, PURPOSE, EFFECT, "use x86-64 or arm64")
    opened: list[int] = []
    step = "loading a program"
    try:
        opened.append(load_program("icetop_probe", "perf_event", RETURN_ZERO))
        step = "opening a CPU clock"
        opened.append(open_cpu_clock(min(os.sched_getaffinity(0)), 1))
        step = "attaching the program"
        fcntl.ioctl(opened[1], _SET_BPF, opened[0])
    except OSError as error:
        why, mend = _REASONS.get(error.errno or 0, (str(error.strerror), "see the other checks"))
        finding = f"{step}: {why} ({errno.errorcode.get(error.errno or 0, '?')})"
        return Check("attach", State.FAILED, finding, PURPOSE, EFFECT, mend)
    finally:
        for descriptor in reversed(opened):
            os.close(descriptor)
    return Check("attach", State.OK, "loaded and attached", PURPOSE)
