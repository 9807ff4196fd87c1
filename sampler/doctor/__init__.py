"""`icetop doctor`: what works here, what does not, why, and the mend."""

from __future__ import annotations

import sys
from shutil import get_terminal_size

from .attach import try_attach
from .check import Check, Machine, State
from .report import WIDEST, as_json, as_text, knows_signs, wants_colour

__all__ = ["Check", "Machine", "State", "check_machine", "report_of", "run", "try_attach"]


def run(output_format: str, color: str, ascii_only: bool) -> int:
    """Print the checks as `text` or `json`; 0 when sampling works here, 1 when it cannot."""
    checks = check_machine(Machine())
    if output_format == "json":
        print(as_json(checks))
    else:
        ascii_only = ascii_only or not knows_signs(sys.stdout)
        width = get_terminal_size((WIDEST, 24)).columns
        print(as_text(checks, wants_colour(color, sys.stdout), ascii_only, width))
    return int(any(check.state is State.FAILED for check in checks))


def report_of(host: str) -> str | None:
    """All checks as JSON, where a profile of `host` is of this machine; None elsewhere."""
    import socket

    if sys.platform != "linux" or host != socket.gethostname():
        return None
    return as_json(check_machine(Machine()))


def check_machine(machine: Machine) -> list[Check]:
    """All checks, the proof first. On other systems than Linux the proof alone."""
    proof = try_attach()
    if machine.system != "Linux":
        return [proof]
    from . import capabilities, containers, kernel, namespaces, peers, programs, recorders, runtimes, settings, tools

    attached = proof.state is State.OK
    return [
        proof,
        kernel.check_version(machine),
        kernel.check_processor(machine),
        kernel.check_btf(machine),
        kernel.check_config(machine),
        kernel.check_memlock(machine),
        *capabilities.check_capabilities(machine),
        settings.check_perf_event_paranoid(machine),
        settings.check_kptr_restrict(machine),
        settings.check_unprivileged_bpf(machine),
        settings.check_lockdown(machine),
        settings.check_security_modules(machine, attached),
        settings.check_seccomp(machine, attached),
        namespaces.check_user_namespace(machine, attached),
        namespaces.check_pid_namespace(machine),
        tools.check_bcc(machine),
        programs.check_programs(attached),
        tools.check_tracefs(machine),
        containers.check_containers(machine),
        peers.check_docker(machine),
        peers.check_kubernetes(machine),
        recorders.check_recorders(machine),
        *runtimes.check_runtimes(machine),
    ]
