"""Telling the kernel where an interpreter keeps its frames: one entry for each program that runs Python."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from ..symbols.cpython.layouts import NONE, Layout
from ..symbols.cpython.runtimes import Runtime
from .loader.maps import Map


class PythonWriter:
    """Fills the map of interpreters; with the first entry, `join` makes the Python walker a part of the chain."""

    def __init__(self, held: Map, entry: type[Any], entries: Mapping[str, int], join: Callable[[], None]) -> None:
        self._map = held
        self._entry = entry
        self._entries = entries
        self._join: Callable[[], None] | None = join

    def write(self, image: int, runtime: Runtime, thread_slot: int, certain: bool) -> None:
        """Tell of the interpreter in a program's image.

        `thread_slot` is how far behind the start of a thread's own storage the pointer to its state lies (0: not
        known); `certain` says that it was seen there in this program.
        """
        fields = {**self._fields(runtime.layout), "thread_slot": thread_slot, "slot_is_certain": int(certain)}
        entry = self._entry(runtime=runtime.address, code_type=runtime.code_type, **fields)
        self._map.update(struct.pack("=Q", image), bytes(entry))
        if self._join is not None:
            self._join()
            self._join = None

    def _fields(self, layout: Layout) -> dict[str, int]:
        frame, code, cframe = layout.frame, layout.code, layout.cframe
        return {
            "current_thread": max(layout.runtime.tstate_current, 0),
            "interpreters_head": layout.runtime.interpreters_head,
            "threads_head": layout.interpreter.threads_head,
            "thread_next": layout.thread.next,
            "thread_id": layout.thread.thread_id,
            "thread_frame": layout.thread.frame,
            "has_cframe": int(cframe.frame != NONE),
            "frame_of_cframe": max(cframe.frame, 0),
            "previous_cframe": max(cframe.previous, 0),
            "code": frame.code,
            "previous": frame.previous,
            "instruction": frame.instruction,
            "owner": frame.is_entry if frame.is_entry != NONE else max(frame.owner, 0),
            "frame_bytes": frame.header_bytes,
            "code_mask": frame.code_tags,
            "bytecode": max(code.code_adaptive, 0),
            "instruction_bytes": frame.instruction_unit,
            "entries": self._entries[entries_of(layout)],
            "shim_owner": max(frame.first_shim_owner, 0),
        }


def entries_of(layout: Layout) -> str:
    """How a layout's interpreter marks the frames that C called, as `enum python_entries` calls it."""
    if layout.frame.is_entry != NONE:
        return "ENTRIES_MARKED"
    return "ENTRIES_SHIM" if layout.frame.first_shim_owner != NONE else "ENTRIES_ALL"
