"""Threads that wait for work: their waits say nothing of where time goes, and would bury those that do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .locations import Frame
from .profile import Profile
from .stacks import ROOTS
from .vocabulary import PEER, WAITING

IntArray = npt.NDArray[np.int64]

IDLE = frozenset(
    (
        # The kernel's: an event loop that has nothing to do, a server without a new client, a prompt.
        *("ep_poll", "inet_csk_accept", "unix_accept", "n_tty_read", "do_sigtimedwait", "sigsuspend", "pause"),
        # Python: queues of work, executors, the socketserver's loop.
        *("Queue.get", "SimpleQueue.get", "_worker", "ThreadPoolExecutor._worker", "BaseServer.serve_forever"),
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

AT_WORK = frozenset(("ProcSleep", "WaitOnLock", "LWLockAcquire", "WaitForParallelWorkersToFinish"))
"""A stack with one of these is not, whatever else is in it: PostgreSQL waits for locks in an event loop."""


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
        found |= np.where(at >= ROOTS, of_locations[np.minimum(locations[at], len(profile.locations))], 0)
        at = parents[at]
    idle: npt.NDArray[np.bool_] = (found == 1) & waits[np.minimum(locations[nodes], len(profile.locations))]
    return idle


def _flag(frame: Frame) -> int:
    return 1 * (frame.name in IDLE) | 2 * (frame.name in AT_WORK)
