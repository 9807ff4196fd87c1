"""Why a thread waits, from the kernel functions that it waits in.

Names are those of Linux 5.8 to 6.18: kernel/futex, fs/select.c, fs/eventpoll.c, kernel/time/hrtimer.c, net, block, mm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RUN_QUEUE = "run queue"
OTHER = "other"
UNTOLD = frozenset(("events", OTHER))
"""Causes that say less than what is known when a socket or a pipe was waited for."""

CAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lock", ("futex_", "do_futex", "__futex", "rt_mutex_", "flock_lock", "fcntl_setlk", "posix_lock")),
    ("child", ("do_wait", "kernel_wait4", "kernel_waitid")),
    ("page fault", ("handle_mm_fault", "do_user_addr_fault", "exc_page_fault", "handle_userfault")),
    ("pipe", ("pipe_read", "pipe_write", "anon_pipe_", "wait_for_partner", "fifo_open")),
    (
        "network",
        (
            *("sk_wait_data", "sk_stream_wait", "tcp_recvmsg", "tcp_sendmsg", "inet_csk_accept", "inet_stream_connect"),
            *("unix_stream_", "unix_dgram_", "__skb_wait_for_more_packets", "unix_wait_for_peer", "udp_recvmsg"),
            *("sock_recvmsg", "__sys_recv", "__sys_accept", "__sys_connect", "netlink_", "packet_recvmsg"),
        ),
    ),
    (
        "disk I/O",
        (
            *("io_schedule", "blk_", "folio_wait_", "wait_on_page", "jbd2_", "ext4_sync", "xfs_", "btrfs_"),
            *("submit_bio_wait", "balance_dirty_pages", "wait_on_buffer", "do_fsync", "vfs_fsync", "iomap_dio"),
        ),
    ),
    (
        "events",
        ("ep_poll", "do_epoll_wait", "do_sys_poll", "do_poll", "do_select", "core_sys_select", "io_cqring_wait"),
    ),
    ("sleep", ("hrtimer_nanosleep", "do_nanosleep", "common_nsleep", "schedule_hrtimeout", "schedule_timeout")),
    ("signal", ("sigsuspend", "do_sigtimedwait", "__do_sys_pause", "do_signal_stop", "ptrace_stop")),
)
"""By the first of these whose names begin a function's: what is nearest to the thread's wish comes first."""

SCHEDULER = ("__schedule", "schedule", "preempt_schedule", "schedule_preempt_disabled", "schedule_rtlock")
"""What every switch passes through: it says nothing of the wait, nor does what was called from there to look at it."""

NEAREST = 10
"""The scheduler's functions lie among so many frames from the leaf."""

BLOCK_FIRST = ("io_schedule", "folio_wait_", "wait_on_page", "submit_bio_wait")
"""A page fault that waits for one of these waits for the disk."""


def cause_of(functions: Iterable[str]) -> str:
    """The cause of a wait in these kernel functions, leaf first; OTHER when they do not tell."""
    names = [name.removeprefix("__x64_sys_").removeprefix("__se_sys_") for name in functions]
    if any(name.startswith(BLOCK_FIRST) for name in names):
        return "disk I/O"
    for cause, beginnings in CAUSES:
        if any(name.startswith(beginnings) for name in names):
            return cause
    return OTHER


def scheduler_frames(functions: Sequence[str]) -> int:
    """How many of these kernel functions, leaf first, are the switch itself and not what led to it."""
    return max((place + 1 for place, name in enumerate(functions[:NEAREST]) if name in SCHEDULER), default=0)
