"""Causes of waits from kernel functions, as Linux 6.18 names them."""

from __future__ import annotations

import pytest
from icetop.sampler.wait_causes import cause_of, scheduler_frames

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
