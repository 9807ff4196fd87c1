"""Telling the kernel where an interpreter keeps its frames: one entry for each program that runs Python."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..symbols.cpython.layouts import NONE, Layout
from ..symbols.cpython.runtimes import Runtime
from .code_identity import identity_offset
from .loader.maps import Map
from .loader.programs import CannotLoad

COMM_BYTES = 16


class PythonWriter:
    """Fills the map of interpreters. With the first that is there or expected, `join` puts the walker into the chain.

    That takes the verifier some 60 ms, so it is done beside everything else. `refused` says why it could not be done.
    """

    def __init__(self, held: Map, entry: type[Any], entries: Mapping[str, int], join: Callable[[], None]) -> None:
        self._map = held
        self._entry = entry
        self._entries = entries
        self._join = join
        self._joining: threading.Thread | None = None
        self.refused = ""

    def write(self, image: int, runtime: Runtime, thread_slot: int, certain: bool) -> None:
        """Tell of the interpreter in a program's image.

        `thread_slot` is how far behind the start of a thread's own storage the pointer to its state lies (0: not
        known); `certain` says that it was seen there in this program.
        """
        fields = {**self._fields(runtime.layout), "thread_slot": thread_slot, "slot_is_certain": int(certain)}
        entry = self._entry(runtime=runtime.address, code_type=runtime.code_type, **fields)
        self._map.update(struct.pack("=Q", image), bytes(entry))
        self.expect()

    def expect(self) -> None:
        """Let the walker join: there will be an interpreter."""
        if self._joining is None:
            self._joining = threading.Thread(target=self._join_chain)
            self._joining.start()

    def close(self) -> None:
        """Wait until nothing is under way."""
        if self._joining is not None:
            self._joining.join()

    def _join_chain(self) -> None:
        try:
            self._join()
        except (CannotLoad, OSError) as error:
            self.refused = str(error)

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
            "identity": identity_offset(layout.code),
            "entries": self._entries[entries_of(layout)],
            "shim_owner": max(frame.first_shim_owner, 0),
        }


def entries_of(layout: Layout) -> str:
    """How a layout's interpreter marks the frames that C called, as `enum python_entries` calls it."""
    if layout.frame.is_entry != NONE:
        return "ENTRIES_MARKED"
    return "ENTRIES_SHIM" if layout.frame.first_shim_owner != NONE else "ENTRIES_ALL"


def python_is_likely(command: Sequence[str]) -> bool:
    """Whether some process has the name of an interpreter, or the command that is about to start."""
    if command and "python" in command[0].rpartition("/")[2]:
        return True
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", "rb") as file:
                if file.read(COMM_BYTES).startswith(b"python") and int(pid) != os.getpid():
                    return True
        except OSError:
            continue
    return False
