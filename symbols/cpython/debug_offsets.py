"""What a CPython from 3.13 on says of its own layout: `_Py_DebugOffsets`, at the start of `_PyRuntime`.

A run of 64-bit offsets in groups, each of which begins with the size of its struct; every version adds some. Format:
CPython's Include/internal/pycore_debug_offsets.h (pycore_runtime.h in 3.13).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from .layouts import (
    NONE,
    CFrameOffsets,
    CodeOffsets,
    FrameOffsets,
    InterpreterOffsets,
    Layout,
    RuntimeOffsets,
    StringOffsets,
    ThreadOffsets,
    Version,
    layout_of,
)

COOKIE = b"xdebugpy"
MOST_BYTES = 1024
"""How much of `_PyRuntime` has to be read."""

FIRST: Version = (3, 13)

LARGEST = 1 << 20
"""Bytes that a struct of an interpreter may have; `PyInterpreterState` has some 400 KB."""

_3_13 = """
runtime: size finalizing interpreters_head
interpreter: size id next threads_head gc imports_modules sysdict builtins ceval_gil gil_runtime_state
 gil_runtime_state_enabled gil_runtime_state_locked gil_runtime_state_holder
thread: size prev next interp current_frame thread_id native_thread_id datastack_chunk status
frame: size previous executable instr_ptr localsplus owner
code: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds co_code_adaptive
object: size ob_type
type: size tp_name tp_repr tp_flags
tuple: size ob_item ob_size
list: size ob_item ob_size
dict: size ma_keys ma_values
float: size ob_fval
long: size lv_tag ob_digit
bytes: size ob_size ob_sval
unicode: size state length asciiobject_size
"""
_3_14 = """
runtime: size finalizing interpreters_head
interpreter: size id next threads_head threads_main gc imports_modules sysdict builtins ceval_gil gil_runtime_state
 gil_runtime_state_enabled gil_runtime_state_locked gil_runtime_state_holder code_object_generation tlbc_generation
thread: size prev next interp current_frame thread_id native_thread_id datastack_chunk status
frame: size previous executable instr_ptr localsplus owner stackpointer tlbc_index
code: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds co_code_adaptive
 co_tlbc
object: size ob_type
type: size tp_name tp_repr tp_flags
tuple: size ob_item ob_size
list: size ob_item ob_size
set: size used table mask
dict: size ma_keys ma_values
float: size ob_fval
long: size lv_tag ob_digit
bytes: size ob_size ob_sval
unicode: size state length asciiobject_size
"""
_3_15 = """
runtime: size finalizing interpreters_head
interpreter: size id next threads_head threads_main gc imports_modules sysdict builtins ceval_gil gil_runtime_state
 gil_runtime_state_enabled gil_runtime_state_locked gil_runtime_state_holder code_object_generation tlbc_generation
thread: size prev next interp current_frame base_frame last_profiled_frame last_profiled_frame_seq thread_id
 native_thread_id datastack_chunk status holds_gil gil_requested current_exception exc_state
exception: exc_value
frame: size previous executable instr_ptr localsplus owner stackpointer tlbc_index
code: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds co_code_adaptive
 co_tlbc
object: size ob_type
type: size tp_name tp_repr tp_flags tp_basicsize tp_dictoffset
heap_type: size ht_cached_keys
tuple: size ob_item ob_size
list: size ob_item ob_size
set: size used table mask
dict: size ma_keys ma_values
float: size ob_fval
long: size lv_tag ob_digit
bytes: size ob_size ob_sval
unicode: size state length asciiobject_size compactunicodeobject_size
"""
_FORMS = {(3, 13): _3_13, (3, 14): _3_14, (3, 15): _3_15}
_NEWEST: Version = max(_FORMS)

_CERTAIN = {"object.size": 16, "object.ob_type": 8, "float.size": 24, "float.ob_fval": 16, "list.size": 40}
"""What holds in every ordinary 64-bit build: a description that is read amiss does not have these."""


class NotDescribed(ValueError):
    """Why the description cannot be used, in words for a person."""


def from_debug_offsets(data: bytes) -> Layout:
    """The layout that an interpreter describes at the start of its `_PyRuntime`, of which `data` is a copy.

    One that is newer than what is known here is read as the newest known, and used if it makes sense that way. Raises
    NotDescribed with the reason otherwise, and for free-threaded builds.
    """
    if not data.startswith(COOKIE):
        raise NotDescribed("the interpreter's description of itself is missing")
    if len(data) < 24:
        raise NotDescribed("the interpreter's description of itself is cut short")
    number, free_threaded = struct.unpack_from("<QQ", data, 8)
    version = (number >> 24 & 0xFF, number >> 16 & 0xFF)
    if number >> 32 or version < FIRST or version[0] != FIRST[0]:
        raise NotDescribed(f"the interpreter's description of itself has a version that makes no sense ({number:#x})")
    if free_threaded:
        raise NotDescribed(
            f"Python {version[0]}.{version[1]} is a free-threaded build, whose stacks cannot be read yet"
        )
    return _layout(version, _fields(version, data))


def _fields(version: Version, data: bytes) -> dict[str, int]:
    """The offsets as `group.field`, checked."""
    names = _names(_FORMS[min(version, _NEWEST)])
    if len(data) < 24 + 8 * len(names):
        raise NotDescribed("the interpreter's description of itself is cut short")
    fields = dict(zip(names, struct.unpack_from(f"<{len(names)}Q", data, 24), strict=True))
    if not _plausible(fields):
        text = f"{version[0]}.{version[1]}"
        newest = f"{_NEWEST[0]}.{_NEWEST[1]}"
        reason = f"Python {text} is newer than {newest}, and describes itself in another form"
        raise NotDescribed(reason if version > _NEWEST else f"Python {text} describes itself as it cannot be")
    return fields


def _names(form: str) -> list[str]:
    names = []
    for line in form.strip().replace("\n ", " ").splitlines():
        group, _, fields = line.partition(":")
        names += [f"{group}.{field}" for field in fields.split()]
    return names


def _plausible(fields: Mapping[str, int]) -> bool:
    """Whether offsets lie in their structs, and those that never change have their values."""
    if any(fields[name] != value for name, value in _CERTAIN.items()):
        return False
    groups = ("runtime", "interpreter", "thread", "frame", "code", "unicode")
    for name, offset in fields.items():
        group = name.partition(".")[0]
        if group in groups and not 0 <= offset <= min(fields[f"{group}.size"], LARGEST):
            return False
    return True


def _layout(version: Version, fields: Mapping[str, int]) -> Layout:
    known = layout_of(version)
    owner = fields["frame.owner"]
    return Layout(
        version=version,
        runtime=RuntimeOffsets(fields["runtime.interpreters_head"], known.runtime.auto_tss_key if known else NONE),
        interpreter=InterpreterOffsets(
            fields["interpreter.next"], fields["interpreter.threads_head"], fields["interpreter.imports_modules"]
        ),
        thread=ThreadOffsets(
            next=fields["thread.next"],
            interpreter=fields["thread.interp"],
            thread_id=fields["thread.thread_id"],
            frame=fields["thread.current_frame"],
            native_thread_id=fields["thread.native_thread_id"],
            base_frame=fields.get("thread.base_frame", NONE),
        ),
        cframe=CFrameOffsets(),
        frame=FrameOffsets(
            code=fields["frame.executable"],
            previous=fields["frame.previous"],
            instruction=fields["frame.instr_ptr"],
            header_bytes=(max(owner + 1, fields["frame.instr_ptr"] + 8) + 7) & ~7,
            owner=owner,
            first_shim_owner=3,
            code_tags=7 if version >= (3, 14) else 0,
        ),
        code=CodeOffsets(
            filename=fields["code.filename"],
            name=fields["code.name"],
            first_line=fields["code.firstlineno"],
            line_table=fields["code.linetable"],
            qualname=fields["code.qualname"],
            code_adaptive=fields["code.co_code_adaptive"],
        ),
        string=StringOffsets(fields["unicode.asciiobject_size"], fields.get("unicode.compactunicodeobject_size", 56)),
        described=True,
    )
