"""Each state of each check, on made-up machines."""

from __future__ import annotations

import gzip
import os
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from icetop.sampler.doctor import check_machine, run
from icetop.sampler.doctor.capabilities import NEEDS, NUMBERS, check_capabilities
from icetop.sampler.doctor.check import Check, Machine, State
from icetop.sampler.doctor.kernel import check_btf, check_config, check_memlock, check_processor, check_version
from icetop.sampler.doctor.namespaces import check_pid_namespace, check_user_namespace
from icetop.sampler.doctor.recorders import check_recorders
from icetop.sampler.doctor.settings import (
    check_kptr_restrict,
    check_lockdown,
    check_perf_event_paranoid,
    check_seccomp,
    check_security_modules,
    check_unprivileged_bpf,
)
from icetop.sampler.doctor.tools import check_bcc, check_tracefs, programs_kept
from icetop.sampler.loader.kept import Keeper
from icetop.sampler.loader.source import identity, joined_source
from icetop.targets.recorders import FolderLock

OPTIONS = ("BPF", "BPF_SYSCALL", "PERF_EVENTS", "BPF_EVENTS", "BPF_JIT", "KALLSYMS")
CONFIG = "".join(f"CONFIG_{option}=y\n" for option in OPTIONS)
ALL = sum(1 << number for number in NUMBERS.values())


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def grant(machine: Machine, capabilities: int, seccomp: int = 0) -> None:
    write(machine.proc / "self/status", f"Name:\tx\nCapEff:\t{capabilities:016x}\nSeccomp:\t{seccomp}\nNSpid:\t7\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which everything is right."""
    made = Machine(tmp_path / "proc", tmp_path / "sys", tmp_path / "boot", tmp_path / "run", "Linux", "6.1.0-9-amd64")
    grant(made, ALL)
    write(made.sysfs / "kernel/btf/vmlinux", b"\x9f\xeb" + bytes(100))
    write(made.proc / "config.gz", gzip.compress(CONFIG.encode()))
    write(made.proc / "sys/kernel/perf_event_paranoid", "2\n")
    write(made.proc / "sys/kernel/kptr_restrict", "0\n")
    write(made.proc / "sys/kernel/unprivileged_bpf_disabled", "2\n")
    write(made.proc / "kallsyms", "0000000000000000 A fixed\nffffffff81000000 T _text\n")
    write(made.proc / "self/uid_map", "         0          0 4294967295\n")
    (made.proc / "self/ns").mkdir()
    (made.proc / "self/ns/pid").symlink_to("pid:[4026531836]")
    return made


@pytest.mark.parametrize(
    ("release", "state"),
    [
        ("6.18.44-fc", State.OK),
        ("5.10.0", State.OK),
        ("5.8.0-63-generic", State.DEGRADED),
        ("5.7.9", State.FAILED),
        ("4.19.0-amd64", State.FAILED),
        ("what", State.FAILED),
        ("10.0-rc1", State.OK),
        ("6.1+", State.OK),
    ],
)
def test_kernel_version(machine: Machine, release: str, state: State) -> None:
    check = check_version(replace(machine, release=release))
    assert check.state is state and check.finding == release


def test_btf(machine: Machine) -> None:
    assert check_btf(machine).state is State.OK
    write(machine.sysfs / "kernel/btf/vmlinux", b"ELF")
    assert check_btf(machine).finding == "not BTF"
    (machine.sysfs / "kernel/btf/vmlinux").unlink()
    missing = check_btf(machine)
    assert missing.state is State.FAILED and "CONFIG_DEBUG_INFO_BTF" in missing.mend


def test_config(machine: Machine) -> None:
    assert check_config(machine).state is State.OK
    for option, state in (("BPF_SYSCALL", State.FAILED), ("BPF_JIT", State.DEGRADED)):
        text = CONFIG.replace(f"CONFIG_{option}=y", f"# CONFIG_{option} is not set")
        write(machine.proc / "config.gz", gzip.compress(text.encode()))
        check = check_config(machine)
        assert check.state is state and f"CONFIG_{option}" in check.finding
    write(machine.proc / "config.gz", b"\x1f\x8b not gzip")
    assert check_config(machine).state is State.ABSENT
    write(machine.boot / f"config-{machine.release}", CONFIG)
    assert check_config(machine).state is State.OK


def test_memlock_counts_before_5_11_only(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (65536, 65536))
    assert check_memlock(machine).state is State.OK
    old = replace(machine, release="5.10.0")
    assert check_memlock(old).state is State.OK
    grant(machine, ALL & ~(1 << NUMBERS["SYS_RESOURCE"]))
    check = check_memlock(old)
    assert check.state is State.DEGRADED and check.finding == "64 KiB" and "ulimit -l" in check.mend
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert check_memlock(old).state is State.OK


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.name)
def test_each_capability_missing(machine: Machine, need: object) -> None:
    name = need.name  # type: ignore[attr-defined]
    without = ALL & ~(1 << NUMBERS[name])
    for substitute in need.instead:  # type: ignore[attr-defined]
        without &= ~(1 << NUMBERS[substitute])
    grant(machine, without)
    check = next(check for check in check_capabilities(machine) if check.subject == f"CAP_{name}")
    assert check.state is need.state  # type: ignore[attr-defined]
    assert check.state is State.ABSENT or (check.effect and name in check.mend)


def test_sys_admin_stands_in(machine: Machine) -> None:
    grant(machine, 1 << NUMBERS["SYS_ADMIN"])
    states = {check.subject: check.state for check in check_capabilities(machine)}
    assert states["CAP_BPF"] is states["CAP_PERFMON"] is states["CAP_CHECKPOINT_RESTORE"] is State.OK
    assert states["CAP_SYSLOG"] is State.DEGRADED


def test_no_status_is_no_rights(machine: Machine) -> None:
    (machine.proc / "self/status").unlink()
    assert check_capabilities(machine)[0].state is State.FAILED


def test_perf_event_paranoid(machine: Machine) -> None:
    assert check_perf_event_paranoid(machine).state is State.OK
    grant(machine, 0)
    assert check_perf_event_paranoid(machine).state is State.FAILED
    write(machine.proc / "sys/kernel/perf_event_paranoid", "-1\n")
    assert check_perf_event_paranoid(machine).state is State.OK
    (machine.proc / "sys/kernel/perf_event_paranoid").unlink()
    assert check_perf_event_paranoid(machine).state is State.FAILED


def test_kptr_restrict_is_judged_by_the_symbols(machine: Machine) -> None:
    assert check_kptr_restrict(machine).state is State.OK
    write(machine.proc / "kallsyms", "0000000000000000 T _text\n" * 30)
    assert check_kptr_restrict(machine).state is State.DEGRADED
    write(machine.proc / "sys/kernel/kptr_restrict", "2\n")
    assert "kptr_restrict=1" in check_kptr_restrict(machine).mend
    (machine.proc / "kallsyms").unlink()
    assert check_kptr_restrict(machine).state is State.DEGRADED


@pytest.mark.parametrize("level", ["0", "1", "2", "7", ""])
def test_unprivileged_bpf_never_matters(machine: Machine, level: str) -> None:
    write(machine.proc / "sys/kernel/unprivileged_bpf_disabled", level)
    assert check_unprivileged_bpf(machine).state is State.OK


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("[none] integrity confidentiality", State.OK),
        ("none [integrity] confidentiality", State.OK),
        ("none integrity [confidentiality]", State.FAILED),
    ],
)
def test_lockdown(machine: Machine, text: str, state: State) -> None:
    write(machine.sysfs / "kernel/security/lockdown", text + "\n")
    assert check_lockdown(machine).state is state


@pytest.mark.parametrize(
    ("context", "selinux", "attached", "state", "word"),
    [
        ("unconfined\n", None, False, State.OK, "nothing"),
        ("docker-default (enforce)\n", None, False, State.DEGRADED, "AppArmor"),
        ("docker-default (enforce)\n", None, True, State.OK, "lets icetop"),
        ("system_u:system_r:container_t:s0:c1,c2\0", "1", False, State.DEGRADED, "SELinux"),
        ("system_u:system_r:container_t:s0:c1,c2\0", "0", False, State.OK, "nothing"),
        ("unconfined_u:unconfined_r:unconfined_t:s0\0", "1", False, State.OK, "nothing"),
        (None, None, False, State.OK, "nothing"),
    ],
)
def test_security_modules(
    machine: Machine, context: str | None, selinux: str | None, attached: bool, state: State, word: str
) -> None:
    if context is not None:
        write(machine.proc / "self/attr/current", context)
    if selinux is not None:
        write(machine.sysfs / "fs/selinux/enforce", selinux)
    check = check_security_modules(machine, attached)
    assert check.state is state and word in check.finding


def test_seccomp(machine: Machine) -> None:
    assert check_seccomp(machine, False).state is State.OK
    grant(machine, ALL, seccomp=2)
    assert check_seccomp(machine, True).state is State.OK
    check = check_seccomp(machine, False)
    assert check.state is State.DEGRADED and "seccomp=unconfined" in check.mend


def test_namespaces(machine: Machine) -> None:
    assert check_pid_namespace(machine).state is State.OK
    assert check_user_namespace(machine, True).state is State.OK
    (machine.proc / "self/ns/pid").unlink()
    (machine.proc / "self/ns/pid").symlink_to("pid:[4026532178]")
    nested = check_pid_namespace(machine)
    assert nested.state is State.DEGRADED and "hostPID" in nested.mend
    (machine.proc / "self/ns/pid").unlink()
    assert check_pid_namespace(machine).finding == "unknown"
    write(machine.proc / "self/uid_map", "0 1000 1\n")
    assert check_user_namespace(machine, False).state is State.FAILED
    assert check_user_namespace(machine, True).state is State.DEGRADED


def test_tracefs_is_never_needed(machine: Machine) -> None:
    assert check_tracefs(machine).state is State.ABSENT
    (machine.sysfs / "kernel/debug/tracing/events").mkdir(parents=True)
    assert check_tracefs(machine).state is State.OK


def make_python(path: Path, script: str) -> str:
    write(path, f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_bcc_of_another_python(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_bcc = make_python(tmp_path / "with", "echo 0.31.0")
    without = make_python(tmp_path / "without", "echo 'no module named bcc' >&2; exit 1")
    monkeypatch.setattr("icetop.sampler.doctor.tools.SYSTEM_PYTHON", with_bcc)
    assert check_bcc(replace(machine, python=with_bcc)).finding == f"0.31.0 in {with_bcc}"
    monkeypatch.setattr("icetop.sampler.doctor.tools.programs_kept", lambda: False)
    elsewhere = check_bcc(replace(machine, python=without))
    assert elsewhere.state is State.FAILED and "--system-site-packages" in elsewhere.mend
    monkeypatch.setattr("icetop.sampler.doctor.tools.SYSTEM_PYTHON", "/nowhere")
    nowhere = check_bcc(replace(machine, python=without))
    assert nowhere.state is State.FAILED and "python3-bpfcc" in nowhere.mend
    monkeypatch.setattr("icetop.sampler.doctor.tools.programs_kept", lambda: True)
    assert check_bcc(replace(machine, python=without)).state is State.ABSENT


def test_programs_count_as_kept_only_when_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICETOP_CACHE", str(tmp_path))
    monkeypatch.setattr("icetop.sampler.loader.kept.SHIPPED", tmp_path / "none")
    assert not programs_kept()
    tmp_path.chmod(0o755)
    name = f"programs-{identity(joined_source(), {})}"
    monkeypatch.setattr("icetop.sampler.loader.offsets.kernel_offsets", lambda _: {"helper:task_pt_regs": 1})
    assert not programs_kept()
    Keeper().write(name, {"programs": {}})
    assert programs_kept()


def test_another_system_than_linux(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    (check,) = check_machine(Machine(system="Darwin"))
    assert check.state is State.FAILED and "icetop open" in check.mend
    assert run("text", "none", False) == 1
    assert "icetop open" in capsys.readouterr().out


def test_nothing_readable_is_told_without_a_traceback(tmp_path: Path) -> None:
    nowhere = tmp_path / "nothing"
    bare = Machine(nowhere, nowhere, nowhere, nowhere, "Linux", "x", environment={})
    checks = check_machine(bare)
    assert len({check.subject for check in checks}) == len(checks) >= 20


def complete(check: Check) -> bool:
    needs_more = check.state in (State.DEGRADED, State.FAILED)
    return bool(check.finding and check.purpose and (not needs_more or (check.effect and check.mend)))


@pytest.mark.parametrize("prepare", [lambda machine: None, lambda machine: grant(machine, 0, 2)])
def test_whatever_is_wrong_has_its_effect_and_mend(machine: Machine, prepare: Callable[[Machine], None]) -> None:
    prepare(machine)
    assert all(map(complete, check_machine(replace(machine, environment={}))))


def test_a_recorder_that_runs_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, folder = tmp_path / "icetop", tmp_path / "recording"
    assert check_recorders(Machine(run=tmp_path)).state is State.ABSENT
    monkeypatch.setattr("icetop.targets.recorders.note_places", lambda: (place,))
    folder.mkdir()
    lock = FolderLock(str(folder))
    (folder / "20260921T141320.000Z-10.000s.pb.gz").write_bytes(b"")
    found = check_recorders(Machine(run=tmp_path))
    assert (found.state, found.finding) == (State.OK, f"pid {os.getpid()} into {folder} (1 windows)")
    lock.close()
    assert check_recorders(Machine(run=tmp_path)).state is State.ABSENT


def test_the_processor(machine: Machine) -> None:
    assert check_processor(replace(machine, processor="x86_64")).state is State.OK
    found = check_processor(replace(machine, processor="aarch64"))
    assert found.state is State.DEGRADED and "frame pointers" in found.finding and found.mend
    found = check_processor(replace(machine, processor="riscv64"))
    assert (found.state, found.finding) == (State.FAILED, "riscv64")
