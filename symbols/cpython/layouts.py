"""Where things lie in the memory of a CPython interpreter, by version: offsets in bytes, for 64-bit builds.

From the structs of CPython's Include/internal (pycore_runtime.h, pycore_interp.h, pycore_frame.h) and
Include/cpython (pystate.h, code.h). From 3.13 on an interpreter describes itself: see `debug_offsets`.
"""

from __future__ import annotations

from typing import NamedTuple

NONE = -1
"""The offset of what a version does not have."""

Version = tuple[int, int]


class RuntimeOffsets(NamedTuple):
    """In `_PyRuntime`: the first interpreter; the `Py_tss_t` of the thread state; the thread state with the GIL."""

    interpreters_head: int
    auto_tss_key: int = NONE
    tstate_current: int = NONE


class InterpreterOffsets(NamedTuple):
    """In `PyInterpreterState`: the next interpreter, the first thread state, the dictionary `sys.modules`."""

    next: int
    threads_head: int
    modules: int = NONE


class ThreadOffsets(NamedTuple):
    """In `PyThreadState`. `frame` leads to the innermost frame, or (3.11, 3.12) to the innermost cframe.

    `thread_id` is the pthread, which is the thread's fs base; `native_thread_id` the kernel's number for it, in its
    own PID namespace; `base_frame` (3.15) holds a frame that stands below all others and runs nothing.
    """

    next: int
    interpreter: int
    thread_id: int
    frame: int
    native_thread_id: int = NONE
    base_frame: int = NONE


class CFrameOffsets(NamedTuple):
    """In `_PyCFrame` (3.11, 3.12): one for each C call of the evaluation loop, the innermost first."""

    frame: int = NONE
    previous: int = NONE


class FrameOffsets(NamedTuple):
    """In `PyFrameObject` (to 3.10) or `_PyInterpreterFrame`; one read of `header_bytes` has all of it.

    `code_tags` are the bits of the code reference that are marks and not part of the address. `instruction` is
    `instruction_bytes` wide: eight for a pointer into the code object, four for a place in its byte code, counted in
    units of `instruction_unit` bytes.

    Where a C call of the evaluation loop begins: with each frame when neither `is_entry` nor `owner` is there; with a
    frame that has the byte `is_entry` set; or with a frame whose `previous` is a shim, which stands for no Python
    code: a frame whose byte `owner` is `first_shim_owner` or more.
    """

    code: int
    previous: int
    instruction: int
    header_bytes: int
    owner: int = NONE
    is_entry: int = NONE
    first_shim_owner: int = NONE
    instruction_bytes: int = 8
    instruction_unit: int = 1
    code_tags: int = 0


class CodeOffsets(NamedTuple):
    """In `PyCodeObject`.

    `line_table` is `co_lnotab` in 3.8 and 3.9. `code_adaptive` is where the byte code begins, from 3.11 on; before,
    `byte_code` refers to a bytes object with it.
    """

    filename: int
    name: int
    first_line: int
    line_table: int
    qualname: int = NONE
    code_adaptive: int = NONE
    byte_code: int = NONE


class StringOffsets(NamedTuple):
    """In `PyASCIIObject`: the bytes that it, and `PyCompactUnicodeObject`, take before the characters."""

    ascii_bytes: int
    compact_bytes: int


class Layout(NamedTuple):
    """All offsets of one version. `described` says that they come from the interpreter itself."""

    version: Version
    runtime: RuntimeOffsets
    interpreter: InterpreterOffsets
    thread: ThreadOffsets
    cframe: CFrameOffsets
    frame: FrameOffsets
    code: CodeOffsets
    string: StringOffsets
    described: bool = False


def layout_of(version: Version) -> Layout | None:
    """The offsets of a version's ordinary build; None for one that is not known."""
    return _LAYOUTS.get(version)


OLDEST: Version = (3, 8)

_OLD_CODE = CodeOffsets(filename=104, name=112, first_line=40, line_table=120, byte_code=48)
_NEW_CODE = CodeOffsets(filename=112, name=120, first_line=68, line_table=136, qualname=128, code_adaptive=192)
_OLD_FRAME = FrameOffsets(code=32, previous=24, instruction=104, header_bytes=112, instruction_bytes=4)
_NEW_FRAME = FrameOffsets(code=0, previous=8, instruction=56, header_bytes=72, owner=70, first_shim_owner=3)
_NEW_STRING = StringOffsets(ascii_bytes=40, compact_bytes=56)

_3_9 = Layout(
    (3, 9),
    RuntimeOffsets(interpreters_head=32, auto_tss_key=584, tstate_current=568),
    InterpreterOffsets(next=0, threads_head=8, modules=856),
    ThreadOffsets(next=8, interpreter=16, thread_id=176, frame=24),
    CFrameOffsets(),
    _OLD_FRAME,
    _OLD_CODE,
    StringOffsets(ascii_bytes=48, compact_bytes=72),
)
_3_8 = _3_9._replace(
    version=(3, 8),
    runtime=RuntimeOffsets(interpreters_head=32, auto_tss_key=1392, tstate_current=1368),
    interpreter=InterpreterOffsets(next=0, threads_head=8, modules=56),
)
_3_10 = _3_9._replace(version=(3, 10), frame=_OLD_FRAME._replace(instruction=96, header_bytes=104, instruction_unit=2))
_3_11 = _3_9._replace(
    version=(3, 11),
    runtime=RuntimeOffsets(interpreters_head=40, auto_tss_key=592, tstate_current=576),
    interpreter=InterpreterOffsets(next=0, threads_head=16, modules=888),
    thread=ThreadOffsets(next=8, interpreter=16, thread_id=152, frame=56, native_thread_id=160),
    cframe=CFrameOffsets(frame=8, previous=16),
    frame=FrameOffsets(code=32, previous=48, instruction=56, header_bytes=72, owner=69, is_entry=68),
    code=_NEW_CODE._replace(first_line=72, code_adaptive=184),
)
_3_12 = Layout(
    (3, 12),
    RuntimeOffsets(interpreters_head=40, auto_tss_key=1544),
    InterpreterOffsets(next=0, threads_head=72, modules=944),
    ThreadOffsets(next=8, interpreter=16, thread_id=136, frame=56, native_thread_id=144),
    CFrameOffsets(frame=0, previous=8),
    _NEW_FRAME,
    _NEW_CODE,
    _NEW_STRING,
)
_3_13 = _3_12._replace(
    version=(3, 13),
    runtime=RuntimeOffsets(interpreters_head=632, auto_tss_key=2160),
    interpreter=InterpreterOffsets(next=7264, threads_head=7344, modules=7656),
    thread=ThreadOffsets(next=8, interpreter=16, thread_id=152, frame=72, native_thread_id=160),
    cframe=CFrameOffsets(),
    code=_NEW_CODE._replace(code_adaptive=200),
)
_3_14 = _3_13._replace(
    version=(3, 14),
    runtime=RuntimeOffsets(interpreters_head=808, auto_tss_key=2336),
    interpreter=InterpreterOffsets(next=7272, threads_head=7344, modules=7688),
    frame=_NEW_FRAME._replace(owner=74, header_bytes=80, code_tags=7),
    code=_NEW_CODE._replace(code_adaptive=208),
)
_LAYOUTS = {layout.version: layout for layout in (_3_8, _3_9, _3_10, _3_11, _3_12, _3_13, _3_14)}
