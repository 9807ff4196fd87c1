"""Causes of waits from kernel functions, as Linux 6.18 names them."""

from __future__ import annotations

from array import array
from types import SimpleNamespace
from typing import cast

import pytest
from icetop.profiles.locations import Line, Location
from icetop.profiles.vocabulary import Language
from icetop.sampler.kernel_parts import KernelParts
from icetop.sampler.wait_causes import cause_of, is_by_interrupt, is_of_gil, is_waking, scheduler_frames
from icetop.symbols.namer import Namer

SWITCH = ["bpf_prog_0123_switch_threads", "bpf_trace_run4", "__schedule", "schedule"]


@pytest.mark.parametrize(
    ("functions", "cause"),
    [
        (["do_nanosleep", "hrtimer_nanosleep", "__x64_sys_clock_nanosleep"], "sleep"),
        (["anon_pipe_read", "vfs_read", "ksys_read"], "pipe"),
        (["futex_do_wait", "__futex_wait", "futex_wait", "do_futex", "__x64_sys_futex"], "lock"),
        (["do_wait", "kernel_wait4", "__do_sys_wait4"], "child"),
        (["schedule_timeout", "wait_woken", "sk_wait_data", "tcp_recvmsg_locked", "tcp_recvmsg"], "network"),
        (["schedule_hrtimeout_range", "ep_poll", "do_epoll_wait"], "events"),
        (["io_schedule", "folio_wait_bit_common", "filemap_fault", "handle_mm_fault", "exc_page_fault"], "disk I/O"),
        (["userfaultfd", "handle_mm_fault", "do_user_addr_fault"], "page fault"),
        (["exit_to_user_mode_loop", "irqentry_exit"], "other"),
        ([], "other"),
    ],
)
def test_the_cause_of_a_wait(functions: list[str], cause: str) -> None:
    assert cause_of([*SWITCH, *functions]) == cause


def test_the_switch_itself_is_no_part_of_the_stack() -> None:
    assert scheduler_frames([*SWITCH, "futex_wait", "schedule_it"]) == len(SWITCH)
    assert scheduler_frames(["", "", "futex_wait"]) == 0
    assert scheduler_frames([]) == 0


LIBC, PYTHON = "/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/python3.11"


@pytest.mark.parametrize(
    ("places", "of_gil"),
    [
        ([(LIBC, ""), (LIBC, "pthread_cond_timedwait"), (PYTHON, ""), (PYTHON, "_PyEval_EvalFrameDefault")], True),
        ([(LIBC, "__futex_abstimed_wait"), ("/opt/lib/libpython3.12.so.1.0", "take_gil")], True),
        ([(LIBC, "sem_clockwait"), (PYTHON, "PyThread_acquire_lock_timed")], False),
        ([(LIBC, "pthread_cond_wait"), ("/usr/lib/libuv.so.1", "uv_cond_wait"), (PYTHON, "")], False),
        ([(LIBC, "pthread_cond_wait"), ("/usr/bin/app", "python3_worker")], False),
        ([], False),
    ],
)
def test_the_lock_of_the_interpreter(places: list[tuple[str, str]], of_gil: bool) -> None:
    assert is_of_gil(places) == of_gil


def test_who_wakes_and_who_only_ran_when_an_interrupt_did() -> None:
    woken = ["bpf_trace_run1", "try_to_wake_up", "wake_up_q", "futex_wake", "do_futex", "__x64_sys_futex"]
    timer = [
        "bpf_trace_run1",
        "try_to_wake_up",
        "hrtimer_wakeup",
        "__hrtimer_run_queues",
        "asm_sysvec_apic_timer_interrupt",
    ]
    assert is_waking(woken) and is_waking(timer)
    assert not is_waking([*SWITCH, "futex_wait"])
    assert is_by_interrupt(timer) and not is_by_interrupt(woken)


def test_equal_kernel_parts_are_looked_at_once() -> None:
    """Names are looked for by the instruction before a return address; the leaf's own is where it is."""
    asked: list[int] = []

    def locate(address: int) -> Location:
        asked.append(address)
        return Location(Language.KERNEL, "", "", address, (Line("schedule" if address == 9 else "futex_wait"),))

    parts = KernelParts(cast(Namer, SimpleNamespace(locate_kernel=locate)))
    assert {parts.of(array("Q", (9, 21))) for _ in range(3)} == {(False, False, "lock", 1)}
    assert asked == [9, 20]
