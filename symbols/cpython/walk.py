"""A thread's Python frames, read from outside: the reference for the walker in the kernel, and what stands in for it.

A frame is a code object and the place in it that runs. Where one C call of the evaluation loop runs several frames,
the outermost of them carries the mark `entry`; see `layouts.FrameOffsets` for how each version tells.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from .layouts import NONE, FrameOffsets
from .memory import Glimpse, Memory, read_word
from .runtimes import Runtime
from .threads import ThreadState, read_thread

MOST_FRAMES = 1024
MOST_SHIMS = 2048
"""Shims skipped at most, for a list that goes in circles."""

ATTEMPTS = 8
"""How often the stack of a thread that runs on is read, until two looks at its innermost frame agree."""

_TYPE = 8


class End(Enum):
    """How a walk ended: at the thread's outermost frame, or why before."""

    COMPLETE = "complete"
    UNREADABLE = "a frame could not be read"
    NO_ENTRY = "the outermost frame is not one that a thread begins with"
    TOO_DEEP = "there are more frames than are read"


class PythonFrame(NamedTuple):
    """A code object's address, the place that runs as its version tells it, and whether a C call begins here."""

    code: int
    instruction: int
    entry: bool


@dataclass(frozen=True, slots=True)
class PythonStack:
    """Frames, the innermost first, and how the walk ended. `raced`: the innermost C call had no frame yet."""

    frames: tuple[PythonFrame, ...]
    end: End
    raced: bool = False

    @property
    def runs(self) -> int:
        """C calls of the evaluation loop that have at least one frame."""
        return sum(frame.entry for frame in self.frames)


class _Header(NamedTuple):
    code: int
    previous: int
    instruction: int
    entry: bool
    shim: bool


class FrameWalker:
    """Walks stacks of one process. `careful` looks whether each frame has a code object: for one that runs on."""

    def __init__(self, memory: Memory, runtime: Runtime, most_frames: int = MOST_FRAMES, careful: bool = False) -> None:
        self._memory = memory
        self._runtime = runtime
        self._layout = runtime.layout
        self._most_frames = most_frames
        self._careful = careful

    def walk(self, thread: ThreadState) -> PythonStack:
        """The frames of a thread whose state was read."""
        if self._layout.cframe.frame == NONE:
            return self._frames(thread.frame)
        frame, outer = self._cframe(thread.frame)
        if self._sound(frame, outer):
            return self._frames(frame)
        frame, beyond = self._cframe(outer)
        stack = self._frames(frame) if frame and self._sound(frame, beyond) else PythonStack((), End.NO_ENTRY)
        return PythonStack(stack.frames, stack.end, raced=True)

    def _sound(self, frame: int, outer: int) -> bool:
        """Whether a cframe's innermost frame is one: the cframe is linked before it gets its frame."""
        return self._is_frame(frame) and self._joins(frame, outer)

    def _cframe(self, address: int) -> tuple[int, int]:
        """The innermost frame of a cframe, and the cframe around it."""
        cframe = self._layout.cframe
        data = self._memory.read(address, max(cframe.frame, cframe.previous) + 8) if address else b""
        if not data:
            return 0, 0
        return _word(data, cframe.frame), _word(data, cframe.previous)

    def _is_frame(self, address: int) -> bool:
        """Whether a frame runs a code object, or none is there."""
        header = self._header(address) if address else None
        return header is not None and self._runs_code(header) if address else True

    def _runs_code(self, header: _Header) -> bool:
        known = self._runtime.code_type
        return not known or read_word(self._memory, header.code + _TYPE) == known

    def _joins(self, address: int, outer: int) -> bool:
        """3.11: whether the frames of the innermost C call lead to those of the one around it."""
        if self._layout.frame.is_entry == NONE or not outer or not address:
            return True
        for _ in range(self._most_frames):
            header = self._header(address)
            if header is None:
                return False
            if header.entry:
                return header.previous == self._cframe(outer)[0]
            address = header.previous
        return True

    def _frames(self, address: int) -> PythonStack:
        frames: list[PythonFrame] = []
        shims, after_shim = 0, False
        shims_begin_calls = self._layout.frame.first_shim_owner != NONE
        while address:
            header = self._header(address)
            if header is None:
                return PythonStack(tuple(frames), End.UNREADABLE)
            if header.shim:
                shims += 1
                if frames and not after_shim:
                    frames[-1] = frames[-1]._replace(entry=True)
            elif len(frames) >= self._most_frames:
                return PythonStack(tuple(frames), End.TOO_DEEP)
            elif self._careful and not self._runs_code(header):
                return PythonStack(tuple(frames), End.UNREADABLE)
            else:
                frames.append(PythonFrame(header.code, header.instruction, header.entry))
            if shims > MOST_SHIMS:
                return PythonStack(tuple(frames), End.UNREADABLE)
            after_shim, address = header.shim, header.previous
        whole = not frames or (after_shim if shims_begin_calls else frames[-1].entry)
        return PythonStack(tuple(frames), End.COMPLETE if whole else End.NO_ENTRY)

    def _header(self, address: int) -> _Header | None:
        frame = self._layout.frame
        data = self._memory.read(address, frame.header_bytes)
        if not data:
            return None
        return _Header(
            _word(data, frame.code) & ~frame.code_tags,
            _word(data, frame.previous),
            _instruction(data, frame),
            bool(data[frame.is_entry]) if frame.is_entry != NONE else frame.owner == NONE,
            frame.first_shim_owner != NONE and data[frame.owner] >= frame.first_shim_owner,
        )


def walk_live(memory: Memory, runtime: Runtime, thread: ThreadState) -> PythonStack:
    """The frames of a thread that may run on meanwhile: the first of several looks that holds together, else the last.

    What holds together is complete, and begins after the walk with the frame with which it began before it.
    """
    stack = PythonStack((), End.UNREADABLE)
    for _ in range(ATTEMPTS):
        before = read_thread(memory, runtime, thread.address)
        if before is None:
            return PythonStack((), End.UNREADABLE)
        stack = FrameWalker(Glimpse(memory), runtime, careful=True).walk(before)
        if stack.end is End.COMPLETE and not stack.raced and read_thread(memory, runtime, thread.address) == before:
            break
    return stack


def _word(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], "little")


def _instruction(data: bytes, frame: FrameOffsets) -> int:
    if frame.instruction_bytes == 8:
        return _word(data, frame.instruction)
    return int(struct.unpack_from("<i", data, frame.instruction)[0])
