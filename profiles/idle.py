"""Threads that wait for work: their waits say nothing of where time goes, and would bury those that do."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from .locations import Frame
from .profile import Profile
from .stacks import ROOTS
from .vocabulary import PEER, WAITING, Language

IntArray = npt.NDArray[np.int64]

IDLE = frozenset(
    (
        # The kernel's: an event loop that has nothing to do (some kernels have the first within the second), a server
        # without a new client, a prompt.
        *("ep_poll", "do_epoll_wait", "inet_csk_accept", "unix_accept"),
        *("n_tty_read", "do_sigtimedwait", "sigsuspend", "pause"),
        # Go's scheduler and its helpers.
        *("runtime.stopm", "runtime.sysmon", "runtime.gcBgMarkWorker", "runtime.templateThread"),
        # Java's pools and the JVM's own threads.
        "java.util.concurrent.ThreadPoolExecutor.getTask",
        "java.util.concurrent.ForkJoinPool.awaitWork",
        *("WatcherThread::run", "VMThread::wait_until_executed", "CompileQueue::get", "G1ServiceThread::run_service"),
        # Node and what stands on libuv.
        *("uv__io_poll", "uv__cancelled", "node::WorkerThreadsTaskRunner::DelayedTaskScheduler::Run"),
        # Rust.
        *("tokio::runtime::park::Inner::park", "rayon_core::sleep::Sleep::sleep"),
    )
)
"""A stack with one of these in it is idle."""

IDLE_PYTHON = re.compile(
    r"(^|\.)("
    # Queues of work, executors; up to 3.10 names tell no class.
    r"(Simple|Lifo|Priority)?Queue\.get|queue\.get|concurrent\.futures\.thread\._worker"
    # Servers: the loop that waits for clients, a connection that is kept, workers of waitress and gunicorn.
    r"|(BaseServer|socketserver)\.serve_forever|(BaseHTTPRequestHandler|http\.server)\.handle_one_request"
    r"|ThreadedTaskDispatcher\.handler_thread|SyncWorker\.wait"
    r")$"
)
"""A stack is idle when the innermost of its Python functions, beside those that only wait, is one of these: all that
they call is work."""

WAITS_ONLY = re.compile(
    r"(^|\.)((threading|Condition|Event|Semaphore|Barrier)\.(wait|wait_for|acquire)|(\w+Selector|selectors)\.select"
    r"|(SocketIO|socket)\.readinto)$"
)
"""Python functions that wait for whoever called them."""

AT_WORK = frozenset(("ProcSleep", "WaitOnLock", "LWLockAcquire", "WaitForParallelWorkersToFinish"))
"""A stack with one of these is not, whatever else is in it: PostgreSQL waits for locks in an event loop."""


NATIVE_IDLE, WORKS, PYTHON, PYTHON_IDLE = 1, 2, 4, 8
"""What frames say of the stacks that they are in."""


def idle_nodes(profile: Profile, nodes: IntArray) -> npt.NDArray[np.bool_]:
    """For each of these nodes whether it is the wait of a thread for work."""
    flags = np.fromiter((_flag(frame) for frame in profile.frames), dtype=np.uint8, count=len(profile.frames))
    of_locations = np.zeros(len(profile.locations) + 1, dtype=np.uint8)
    waits = np.zeros(len(profile.locations) + 1, dtype=np.bool_)
    for place, location in enumerate(profile.locations):
        waits[place] = location.binary in (WAITING, PEER)
    for place, frames in enumerate(profile.location_frames):
        for frame in frames:
            of_locations[place] |= flags[frame]
    # Copies: an array that a buffer is taken of cannot grow.
    parents = np.array(profile.stacks.parents, dtype=np.int64)
    locations = np.array(profile.stacks.locations, dtype=np.int64)
    found, at = np.zeros(len(nodes), dtype=np.uint8), nodes.copy()
    while (at >= ROOTS).any():
        here = np.where(at >= ROOTS, of_locations[np.minimum(locations[at], len(profile.locations))], 0)
        # Of Python only the innermost function counts.
        found |= np.where(found & PYTHON, here & (NATIVE_IDLE | WORKS), here).astype(np.uint8)
        at = parents[at]
    says_idle = (found & (NATIVE_IDLE | PYTHON_IDLE) != 0) & (found & WORKS == 0)
    idle: npt.NDArray[np.bool_] = says_idle & waits[np.minimum(locations[nodes], len(profile.locations))]
    return idle


def _flag(frame: Frame) -> int:
    if frame.language is Language.PYTHON:
        if WAITS_ONLY.search(frame.name):
            return 0
        return PYTHON | PYTHON_IDLE * (IDLE_PYTHON.search(frame.name) is not None)
    return NATIVE_IDLE * (frame.name in IDLE) | WORKS * (frame.name in AT_WORK)
