"""A thread's Python frames, read from outside: the reference for the walker in the kernel, and what stands in for it.

A frame is a code object and the place in it that runs. Where one C call of the evaluation loop runs several frames,
the outermost of them carries the mark `entry`; see `layouts.FrameOffsets` for how each version tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from itertools import chain
from typing import NamedTuple

from .fields import Fields
from .layouts import NONE
from .memory import Glimpse, Memory, read_word
from .runtimes import Runtime
from .threads import ThreadState, read_thread

MOST_FRAMES = 1024
MOST_SHIMS = 2048
"""Shims skipped at most, for a list that goes in circles."""

ATTEMPTS = 8
"""How often the stack of a thread that runs on is read, until two looks at its innermost frame agree."""

_TYPE = 8
_FORMATS = {8: "Q", 4: "i"}


class End(Enum):
    """How a walk ended: at the thread's outermost frame, or why before."""

    COMPLETE = "complete"
    UNREADABLE = "a frame could not be read"
    NO_ENTRY = "the outermost frame is not one that a thread begins with"
    TOO_DEEP = "there are more frames than are read"


class PythonFrame(NamedTuple):
    """A code object's address, the place that runs as its version tells it, and whether a C call begins here.

    `address` is the frame's own.
    """

    code: int
    instruction: int
    entry: bool
    address: int = 0


class PythonStack(NamedTuple):
    """Frames, the innermost first, and how the walk ended. `raced`: the innermost C call had no frame yet."""

    frames: tuple[PythonFrame, ...]
    end: End
    raced: bool = False

    @property
    def runs(self) -> int:
        """C calls of the evaluation loop that have at least one frame."""
        return sum(frame.entry for frame in self.frames)


class FrameWalker:
    """Walks stacks of one process. `careful` looks whether each frame has a code object: for one that runs on."""

    def __init__(self, memory: Memory, runtime: Runtime, most_frames: int = MOST_FRAMES, careful: bool = False) -> None:
        self._memory = memory
        self._runtime = runtime
        self._layout = layout = runtime.layout
        frame = layout.frame
        self._mark = frame.is_entry if frame.is_entry != NONE else frame.owner
        places = [(frame.code, "Q"), (frame.previous, "Q"), (frame.instruction, _FORMATS[frame.instruction_bytes])]
        self._fields = Fields([*places, *([(self._mark, "B")] if self._mark != NONE else [])])
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

    def walk_joined(self, threads: Sequence[ThreadState]) -> PythonStack:
        """The frames of one thread that has states in several interpreters, those of the newest innermost.

        `threads` are its states in the order of `read_threads`. Where one interpreter runs code in another, it waits
        for it, so that its frames are the callers; that they are as old as they are nested is taken for granted.
        """
        stacks = [self.walk(thread) for thread in threads]
        frames = tuple(chain.from_iterable(stack.frames for stack in stacks))[: self._most_frames]
        end = next((stack.end for stack in stacks if stack.end is not End.COMPLETE), End.COMPLETE)
        return PythonStack(frames, end, any(stack.raced for stack in stacks))

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
        return header is not None and self._is_code(header[0]) if address else True

    def _is_code(self, address: int) -> bool:
        known = self._runtime.code_type
        return not known or read_word(self._memory, address + _TYPE) == known

    def _joins(self, address: int, outer: int) -> bool:
        """3.11: whether the frames of the innermost C call lead to those of the one around it."""
        if self._layout.frame.is_entry == NONE or not outer or not address:
            return True
        for _ in range(self._most_frames):
            header = self._header(address)
            if header is None:
                return False
            _, address, _, entry = header
            if entry:
                return address == self._cframe(outer)[0]
        return True

    def _frames(self, address: int) -> PythonStack:
        frames: list[PythonFrame] = []
        shims, after_shim = 0, False
        first_shim = self._layout.frame.first_shim_owner
        while address:
            header = self._header(address)
            if header is None or shims > MOST_SHIMS:
                return PythonStack(tuple(frames), End.UNREADABLE)
            here = address
            code, address, instruction, mark = header
            if NONE != first_shim <= mark:
                shims += 1
                if frames and not after_shim:
                    frames[-1] = frames[-1]._replace(entry=True)
                after_shim = True
                continue
            if len(frames) >= self._most_frames:
                return PythonStack(tuple(frames), End.TOO_DEEP)
            if self._careful and not self._is_code(code):
                return PythonStack(tuple(frames), End.UNREADABLE)
            frames.append(PythonFrame(code, instruction, first_shim == NONE and bool(mark), here))
            after_shim = False
        whole = not frames or (frames[-1].entry if first_shim == NONE else after_shim)
        return PythonStack(tuple(frames), End.COMPLETE if whole else End.NO_ENTRY)

    def _header(self, address: int) -> tuple[int, int, int, int] | None:
        """A frame's code, previous frame, instruction, and its mark: owner or is_entry, 1 where each is an entry."""
        data = self._memory.read(address, self._fields.size)
        if not data:
            return None
        if self._mark == NONE:
            return (*self._fields.of(data), 1)
        code, previous, instruction, mark = self._fields.of(data)
        return code & ~self._layout.frame.code_tags, previous, instruction, mark


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
