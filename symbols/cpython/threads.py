"""The thread states of a CPython, and how a thread's own is found from its fs base."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .layouts import NONE
from .memory import Memory, read_word
from .runtimes import Runtime

MOST_INTERPRETERS = 256
MOST_THREADS = 8192
"""Bounds on lists that a hostile or changing process may have made endless."""

LARGEST_STATE = 4096
SLOTS_BEFORE, SLOTS_AFTER = 4096, 2048
"""Bytes before and after the fs base where the slot of the thread state may be: thread-local variables end there,
the pthread with its first block of keys begins there."""


class ThreadState(NamedTuple):
    """A `PyThreadState` as it was when read.

    `thread_id` is the fs base of its thread (0: it never ran), `native_id` the kernel's number for the thread in its
    PID namespace (0 before 3.11), `frame` what leads to its frames (0: none).
    """

    address: int
    interpreter: int
    thread_id: int
    native_id: int
    frame: int


def read_interpreters(memory: Memory, runtime: Runtime) -> list[int]:
    """The addresses of the interpreters, the newest first; at most `MOST_INTERPRETERS`."""
    found: list[int] = []
    address = read_word(memory, runtime.address + runtime.layout.runtime.interpreters_head)
    while address and address not in found and len(found) < MOST_INTERPRETERS:
        found.append(address)
        address = read_word(memory, address + runtime.layout.interpreter.next)
    return found


def read_threads(memory: Memory, runtime: Runtime) -> list[ThreadState]:
    """The thread states of all interpreters; at most `MOST_THREADS`, and none that is not what it should be."""
    found: dict[int, ThreadState] = {}
    for interpreter in read_interpreters(memory, runtime):
        address = read_word(memory, interpreter + runtime.layout.interpreter.threads_head)
        while address and address not in found and len(found) < MOST_THREADS:
            state = read_thread(memory, runtime, address)
            if state is None or state.interpreter != interpreter:
                break
            found[address] = state
            address = read_word(memory, address + runtime.layout.thread.next)
    return list(found.values())


def read_thread(memory: Memory, runtime: Runtime, address: int) -> ThreadState | None:
    """The thread state at an address, None where nothing can be read."""
    thread = runtime.layout.thread
    size = max(thread.thread_id, thread.interpreter, thread.frame, thread.native_thread_id) + 8
    data = memory.read(address, min(size, LARGEST_STATE))
    if len(data) < size:
        return None

    def word(offset: int) -> int:
        return int.from_bytes(data[offset : offset + 8], "little") if offset != NONE else 0

    return ThreadState(
        address, word(thread.interpreter), word(thread.thread_id), word(thread.native_thread_id), word(thread.frame)
    )


def find_slot(memory: Memory, threads: Iterable[ThreadState]) -> int | None:
    """Where a thread's own state stands, in bytes from its fs base; the same for all threads of a process.

    It is the pthread's slot of the runtime's key, or a thread-local variable (from 3.12 on there is one that is null
    while the thread waits for the GIL; a slot that holds for all threads is preferred). None when no thread shows it.
    """
    votes: dict[int, int] = {}
    for thread in threads:
        for offset in _slots(memory, thread):
            votes[offset] = votes.get(offset, 0) + 1
    if not votes:
        return None
    return max(votes, key=lambda offset: (votes[offset], offset >= 0, -abs(offset)))


def holds_for_all(memory: Memory, threads: Iterable[ThreadState], slot: int) -> bool:
    """Whether each thread's state stands there. With musl the first thread has its slots elsewhere than the others."""
    return all(read_word(memory, thread.thread_id + slot) == thread.address for thread in threads if thread.thread_id)


def _slots(memory: Memory, thread: ThreadState) -> list[int]:
    found = []
    for start, size in ((-SLOTS_BEFORE, SLOTS_BEFORE), (0, SLOTS_AFTER)):
        data = memory.read(thread.thread_id + start, size) if thread.thread_id else b""
        if data:
            words = struct.unpack(f"<{size // 8}Q", data)
            found += [start + 8 * index for index, word in enumerate(words) if word == thread.address]
    return found


def find_thread(
    memory: Memory, runtime: Runtime, fs_base: int, slot: int | None, threads: Sequence[ThreadState] = ()
) -> ThreadState | None:
    """The state of the thread with this fs base: the one with the GIL, or by its slot, or the first in the list.

    `threads` is the list as it was read last; without it, it is read. A state counts only when it names the thread.
    """
    current = runtime.layout.runtime.tstate_current
    candidates = [runtime.address + current] if current != NONE else []
    candidates += [fs_base + slot] if slot is not None else []
    for place in candidates:
        address = read_word(memory, place)
        state = read_thread(memory, runtime, address) if address else None
        if state is not None and state.thread_id == fs_base:
            return state
    listed = threads or read_threads(memory, runtime)
    return next((state for state in listed if state.thread_id == fs_base), None)
