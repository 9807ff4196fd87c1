"""Stacks, and samples to be finished, as the programs send them: `stack_event` and `snapshot` of bpf/types.h."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..profiles.vocabulary import StackEnd
from .loader.compiled import CompiledForm
from .who import RawCount, who_of

ENDS = {
    "END_COMPLETE": StackEnd.COMPLETE,
    "END_NO_REGISTERS": StackEnd.UNREADABLE_STACK,
    "END_UNREADABLE": StackEnd.UNREADABLE_STACK,
    "END_TOO_DEEP": StackEnd.TOO_DEEP,
    "END_NO_FRAME_POINTER": StackEnd.NO_FRAME_POINTER,
    "END_NO_MEMORY": StackEnd.PROCESS_GONE,
    "END_BAD_ROW": StackEnd.BAD_ROW,
    "END_JIT_NO_FRAME_POINTER": StackEnd.JIT_NO_FRAME_POINTER,
    "END_RATE_LIMITED": StackEnd.RATE_LIMITED,
    "END_SNAPSHOT_LOST": StackEnd.SNAPSHOT_LOST,
}
"""What the walker's word for an end is in ours; any other is code without unwind information."""


@dataclass(slots=True)
class RawStack:
    """A stack as it was walked: addresses leaf first, the kernel's before the user's. But for the first of each,
    the byte before an address is in the code that ran.

    `python` are its Python frames, leaf first, one packed word each (see `PythonFrames`); `python_end` is the word of
    `enum python_end` for how their walk ended, and `python_identity` what their code objects have to add up to (see
    `code_identity`). `task` is the name of the asyncio task that ran, where it has one of its own. `image` is the id of
    the program, which forked processes share.
    """

    stack: int
    space: int
    start_ns: int
    pid: int
    end: StackEnd
    kernel: array[int]
    user: array[int]
    image: int = 0
    python: array[int] = field(default_factory=lambda: array("Q"))
    python_end: str = "PYTHON_UNKNOWN"
    python_identity: int = 0
    task: str = ""


@dataclass(slots=True)
class Snapshot:
    """A sample that the kernel could not finish: `walked` as far as it came, the registers there, the stack above.

    `count` is its row of the counts, of the epoch `epoch`. `unmapped` says that it stopped because no mapping is known
    for `pc`, `doubtful` that it went wrong so or otherwise, not for want of rows, and begins anew with the leaf.
    `registers` are the innermost frame's, by DWARF number.
    """

    count: RawCount
    epoch: int
    walked: RawStack
    pc: int
    sp: int
    bp: int
    is_return_address: bool
    unmapped: bool
    doubtful: bool
    registers: array[int]
    stack: bytes


class RecordParser:
    """Takes the records of the ring buffers apart, by the structs of the compiled form: the loader's `types`."""

    def __init__(self, form: CompiledForm, types: Mapping[str, Any]) -> None:
        event = dict(types["scratch"]._fields_)["event"]
        self._head = without_last(event)
        self._frames_offset: int = event.frames.offset
        snapshot = types["snapshot_room"]
        self._snapshot = without_last(without_last(snapshot))
        self._frames_of_snapshot: int = snapshot.frames.offset
        self._stack_offset: int = snapshot.stack.offset
        self._walk_ends = form.enums["walk_end"]
        self._ends = {number: ENDS.get(name, StackEnd.NO_UNWIND_INFO) for name, number in self._walk_ends.items()}
        self._python_ends = {number: name for name, number in form.enums["python_end"].items()}

    def stack(self, record: bytes) -> RawStack:
        """A stack as it was sent."""
        event = self._head.from_buffer_copy(record)
        first_user = self._frames_offset + 8 * event.kernel_frames
        end = first_user + 8 * event.user_frames
        last = end + 8 * event.python_frames
        return RawStack(
            stack=event.stack,
            space=event.space,
            image=event.image,
            start_ns=event.start,
            pid=event.pid,
            end=self._ends[event.end],
            kernel=array("Q", record[self._frames_offset : first_user]),
            user=array("Q", record[first_user:end]),
            python=array("Q", record[end:last]),
            python_end=self._python_ends[event.python_end],
            python_identity=event.python_identity,
            task=task_name(event.task),
        )

    def snapshot(self, record: bytes) -> Snapshot:
        """A sample that is to be finished."""
        found = self._snapshot.from_buffer_copy(record)
        first, ends = self._frames_of_snapshot, self._walk_ends

        def frames(begin: int, number: int) -> array[int]:
            return array("Q", record[first + 8 * begin : first + 8 * (begin + number)])

        walked = RawStack(
            stack=0,
            space=found.space,
            image=found.image,
            start_ns=found.key.start,
            pid=found.key.pid,
            end=self._ends[found.end],
            kernel=frames(0, found.kernel_frames),
            user=frames(found.kernel_frames, found.depth),
            python=frames(found.python_start, found.python_frames),
            python_end=self._python_ends[found.python_end],
            python_identity=found.python_identity,
            task=task_name(found.task),
        )
        return Snapshot(
            count=RawCount(*who_of(found.key), 1),
            epoch=found.key.epoch,
            walked=walked,
            pc=found.pc,
            sp=found.sp,
            bp=found.bp,
            is_return_address=bool(found.is_return_address),
            unmapped=found.end == ends["END_UNMAPPED"],
            doubtful=found.end != ends["END_MISSING_PAGE"],
            registers=array("Q", bytes(found.registers)),
            stack=record[self._stack_offset : self._stack_offset + found.stack_bytes],
        )


def task_name(words: Any) -> str:
    """The name of a task as the kernel sends it; empty when there is none."""
    return bytes(words).partition(b"\0")[0].decode("ascii", "replace") if words[0] else ""


def without_last(struct: Any) -> Any:
    """The ctypes struct without its last member, of which records have only some."""
    members = {"_pack_": 1, "_layout_": "ms", "_fields_": struct._fields_[:-1]}
    return type(f"{struct.__name__}_head", (ctypes.Structure,), members)
