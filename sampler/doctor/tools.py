"""Is the software there that compiles icetop's programs?"""

from __future__ import annotations

import subprocess

from .check import Check, Machine, State, there

SYSTEM_PYTHON = "/usr/bin/python3"
SECONDS = 20
_PROBE = "import bcc; bcc.BPF; print(getattr(bcc, '__version__', 'of unknown version'))"


def check_bcc(machine: Machine) -> Check:
    """Whether this python can import the distribution's bcc (another project has its name on PyPI)."""
    purpose = "compiling icetop's programs, once"
    version = _bcc_of(machine.python)
    if version:
        return Check("bcc", State.OK, f"{version} in {machine.python}", purpose)
    if programs_kept():
        return Check("bcc", State.ABSENT, "not there; the programs are kept in compiled form", purpose)
    effect = "icetop's programs cannot be compiled"
    if machine.python != SYSTEM_PYTHON and _bcc_of(SYSTEM_PYTHON):
        mend = f"run icetop from an environment made by {SYSTEM_PYTHON} -m venv --system-site-packages (make setup)"
        return Check("bcc", State.FAILED, f"in {SYSTEM_PYTHON}, not in {machine.python}", purpose, effect, mend)
    mend = "apt-get install python3-bpfcc (not PyPI's bcc, which is another project), then make setup"
    return Check("bcc", State.FAILED, f"not in {machine.python}", purpose, effect, mend)


def check_tracefs(machine: Machine) -> Check:
    """icetop attaches without tracefs and debugfs."""
    places = (machine.sysfs / "kernel/tracing/events", machine.sysfs / "kernel/debug/tracing/events")
    state, finding = (State.OK, "mounted") if any(map(there, places)) else (State.ABSENT, "not mounted")
    return Check("tracefs, debugfs", state, finding, "not needed by icetop")


def programs_kept() -> bool:
    """Whether the programs for this kernel lie ready in compiled form, so that bcc is not needed."""
    from ..loader.btf import NoBtf
    from ..loader.compiled import choices_for
    from ..loader.kept import Keeper
    from ..loader.offsets import kernel_offsets
    from ..loader.source import identity, joined_source

    keeper = Keeper()
    try:
        choices = choices_for(kernel_offsets(keeper)["helper:task_pt_regs"])
        return keeper.read(f"programs-{identity(joined_source(), choices)}") is not None
    except (NoBtf, OSError, KeyError):
        return False


def _bcc_of(python: str) -> str:
    """The version of bcc that a python imports, empty where it does not. In a child: bcc takes 72 MB."""
    try:
        done = subprocess.run([python, "-Ic", _PROBE], capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
