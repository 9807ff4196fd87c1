"""What the collector's failures mean to a person: what, why, and the mend."""

from __future__ import annotations

import errno

from ..profiles.delta import Notice
from ..targets.cgroup_search import CgroupNotFound
from ..targets.named_cgroups import NothingNamed
from .command import CannotStart
from .lives import NoSuchProcess
from .loader.btf import NoBtf
from .loader.compiled import CannotCompile
from .loader.processor import OtherProcessor
from .loader.programs import CannotLoad

RIGHTS = "run it with sudo, or give it CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE; `icetop doctor` says what is missing"

FAILURES = (OtherProcessor, NoBtf, CannotCompile, CannotLoad, CgroupNotFound, NothingNamed, CannotStart, NoSuchProcess)
"""What starting a collection may raise."""


def notice_of(error: Exception) -> Notice:
    """A line for the screen about why sampling could not start."""
    if isinstance(error, OtherProcessor):
        return Notice("error", "cannot sample on this processor yet", str(error), "saved files open all the same")
    if isinstance(error, NoBtf):
        return Notice(
            "error",
            "cannot sample: this kernel has no usable BTF",
            str(error),
            "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed; saved files open all the same: icetop open FILE",
        )
    if isinstance(error, CannotCompile) and error.missing:
        return Notice(
            "error",
            "cannot compile the eBPF programs",
            "Python's bcc is not installed",
            "apt-get install python3-bpfcc, in the system's Python; PyPI's bcc is another project",
        )
    if isinstance(error, CannotCompile):
        return Notice("error", "cannot compile the eBPF programs", str(error), "`icetop doctor` says more")
    if isinstance(error, CannotLoad) and error.error.errno in (errno.EPERM, errno.EACCES):
        return Notice("error", "not permitted to sample", str(error), RIGHTS)
    if isinstance(error, CannotLoad):
        return Notice("error", "the kernel refused to sample", str(error), "`icetop doctor` says more")
    if isinstance(error, NothingNamed):
        return Notice("error", str(error), error.why)
    if isinstance(error, CannotStart):
        return Notice("error", "cannot run the command", str(error))
    if isinstance(error, NoSuchProcess):
        return Notice("error", str(error), "", "`icetop` without a target shows what runs")
    return Notice("error", "cannot sample", str(error))
