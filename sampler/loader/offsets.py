"""The offsets that the programs need, by their names in `struct settings`."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from .btf import Btf, NoBtf, read_btf
from .kept import Keeper
from .processor import HERE

VERSION = Path("/proc/version")
NOTES = Path("/sys/kernel/notes")

MEMBERS = {
    "task_flags": ("task_struct", "flags"),
    "task_pid": ("task_struct", "pid"),
    "task_mm": ("task_struct", "mm"),
    "task_group_leader": ("task_struct", "group_leader"),
    "task_thread_pid": ("task_struct", "thread_pid"),
    "task_cgroups": ("task_struct", "cgroups"),
    "task_start_boottime": ("task_struct", "start_boottime"),
    "task_ran": ("task_struct", "se.sum_exec_runtime"),
    "task_comm": ("task_struct", "comm"),
    "task_stack": ("task_struct", "stack"),
    "task_thread_pointer": ("task_struct", HERE.thread_pointer),
    "mm_start_stack": ("mm_struct", "start_stack"),
    "mm_start_code": ("mm_struct", "start_code"),
    "mm_mmap_base": ("mm_struct", "mmap_base"),
    "mm_exe_file": ("mm_struct", "exe_file"),
    "file_inode": ("file", "f_inode"),
    "inode_number": ("inode", "i_ino"),
    "inode_super": ("inode", "i_sb"),
    "super_device": ("super_block", "s_dev"),
    "pid_level": ("pid", "level"),
    "pid_numbers": ("pid", "numbers"),
    "upid_nr": ("upid", "nr"),
    "upid_ns": ("upid", "ns"),
    "namespace_inum": ("pid_namespace", "ns.inum"),
    "css_set_subsystems": ("css_set", "subsys"),
    "css_set_default_cgroup": ("css_set", "dfl_cgrp"),
    "css_cgroup": ("cgroup_subsys_state", "cgroup"),
    "css_parent": ("cgroup_subsys_state", "parent"),
    "cgroup_css": ("cgroup", "self"),
    "cgroup_kernfs": ("cgroup", "kn"),
    "kernfs_id": ("kernfs_node", "id"),
}
OPTIONAL = {"request_start": ("request", "start_time_ns")}
"""What not every kernel has; 0 stands for one that lacks it."""

KERNEL_STACK_SIZE = max(16384, os.sysconf("SC_PAGE_SIZE"))
CONTROLLERS = ("memory", "cpu", "cpuacct", "pids", "blkio", "freezer", "devices", "cpuset")


def find_offsets(btf: Btf) -> dict[str, int]:
    """Offsets by field of `struct settings`, and `subsystem:NAME` for each cgroup controller the kernel has.

    `helper:task_pt_regs` is 1 where the kernel gives a task's user registers itself (5.15). Raises NoBtf when a
    struct is not as expected.
    """
    found: dict[str, int] = {}
    for field, (struct_name, member) in MEMBERS.items():
        offset = btf.offset(struct_name, member)
        if offset is None:
            raise NoBtf(f"it has no {struct_name}.{member}")
        found[field] = offset
    for field, place in OPTIONAL.items():
        found[field] = btf.offset(*place) or 0
    state = btf.offset("task_struct", "__state")
    found["task_state"] = state if state is not None else btf.offset("task_struct", "state") or 0
    found["upid_size"] = btf.size("upid") or 16
    found["registers_from_stack"] = KERNEL_STACK_SIZE - (btf.size("pt_regs") or 168)
    found["helper:task_pt_regs"] = int(btf.enum_value("bpf_func_id", "BPF_FUNC_task_pt_regs") is not None)
    for name in CONTROLLERS:
        index = btf.enum_value("cgroup_subsys_id", f"{name}_cgrp_id")
        if index is not None:
            found[f"subsystem:{name}"] = index
    return found


def kernel_offsets(keeper: Keeper) -> dict[str, int]:
    """The offsets of the running kernel, as kept or read from its BTF. Raises NoBtf."""
    name = f"offsets-{kernel_identity()}"
    kept = keeper.read(name)
    if kept is not None and {*MEMBERS, *OPTIONAL} <= set(kept) and all(type(value) is int for value in kept.values()):
        return kept
    found = find_offsets(read_btf())
    keeper.write(name, found)
    return found


def kernel_identity() -> str:
    """What tells this kernel from another build: a hash of its notes, which hold its build-id, and its version."""
    digest = hashlib.sha256(VERSION.read_bytes())
    digest.update(repr(sorted({**MEMBERS, **OPTIONAL}.items())).encode())
    with contextlib.suppress(OSError):
        digest.update(NOTES.read_bytes())
    return digest.hexdigest()[:24]
