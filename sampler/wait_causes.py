"""Why a thread waits, from the kernel functions that it waits in.

Names are those of Linux 5.8 to 6.18: kernel/futex, fs/select.c, fs/eventpoll.c, kernel/time/hrtimer.c, net, block, mm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LOCK, GIL, RUN_QUEUE = "lock", "GIL", "run queue"
EVENTS, OTHER = "events", "other"
UNTOLD = frozenset((EVENTS, OTHER))
"""Causes that say less than what is known when a socket or a pipe was waited for."""

CAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (LOCK, ("futex_", "do_futex", "__futex", "rt_mutex_", "flock_lock", "fcntl_setlk", "posix_lock")),
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
        EVENTS,
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

WAKING = ("try_to_wake_up", "wake_up_q")
"""A stack with one of these near its leaf is not of a thread that waits, but of one that wakes another."""

INTERRUPTS = ("asm_sysvec_", "asm_common_interrupt", "sysvec_", "common_interrupt")
"""Who is woken below one of these was woken by a timer or a device, whatever thread ran there."""

GIL_FUNCTIONS = frozenset(("take_gil", "drop_gil", "PyEval_RestoreThread", "PyEval_AcquireThread", "_PyEval_TakeGIL"))
"""CPython's functions that wait for the GIL, Python/ceval_gil.c; most builds have no names for the first two."""

_INTERPRETER = re.compile(r"(?:^|/)(?:lib)?python\d[^/]*$")
_CONDITION = re.compile(r"_*pthread_cond_(?:clock|timed)?wait")

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


def is_waking(functions: Sequence[str]) -> bool:
    """Whether these kernel functions, leaf first, wake a thread."""
    return any(name in WAKING for name in functions[:NEAREST])


def is_by_interrupt(functions: Iterable[str]) -> bool:
    """Whether these kernel functions ran in an interrupt, and not on behalf of the thread that it interrupted."""
    return any(name.startswith(INTERRUPTS) for name in functions)


def is_of_gil(places: Sequence[tuple[str, str]]) -> bool:
    """Whether a thread that waits on a futex waits for Python's GIL: (binary, function) pairs of user code, leaf first.

    CPython waits for conditions nowhere else: its locks are semaphores (Python/thread_pthread.h).
    """
    for place, (binary, function) in enumerate(places):
        if _INTERPRETER.search(binary):
            return function in GIL_FUNCTIONS or bool(place and _CONDITION.match(places[place - 1][1]))
    return False
