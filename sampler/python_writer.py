"""Telling the kernel where an interpreter keeps its frames: one entry for each program that runs Python."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..symbols.cpython.asyncio_tasks import TaskOffsets
from ..symbols.cpython.layouts import NONE, Layout
from ..symbols.cpython.linked_library import Link
from ..symbols.cpython.runtimes import Runtime
from .code_identity import add_identity, identity_offset, is_numbered
from .kept_interpreters import NOT_LINKED, KnownFile
from .loader.maps import Map
from .loader.processor import HERE
from .loader.programs import CannotLoad

MINOR_BITS = 20
"""Of a device's number, as the kernel has it."""

BY_FILE = 1 << 63
"""Tells the key of a file from that of a process in `python_expected`: see bpf/walk_python.h."""

WORD = (1 << 64) - 1


class PythonWriter:
    """Fills the map of interpreters. With the first that is there or expected, `join` puts the walker into the chain.

    That takes the verifier some 60 ms, so it is done beside everything else. `refused` says why it could not be done.
    """

    def __init__(
        self, maps: Mapping[str, Map], entry: type[Any], entries: Mapping[str, int], join: Callable[[], None]
    ) -> None:
        self._processes, self._expected = maps["python_processes"], maps["python_expected"]
        self._entry = entry
        self._entries = entries
        self._join = join
        self._joining: threading.Thread | None = None
        self.refused = ""

    def write(
        self,
        image: int,
        runtime: Runtime,
        thread_slot: int,
        certain: bool,
        tasks: TaskOffsets | None = None,
        task_runner: int = 0,
    ) -> None:
        """Tell of the interpreter in a program's image.

        `thread_slot` is how far behind the start of a thread's own storage the pointer to its state lies (0: not
        known); `certain` says that it was seen there in this program. `tasks` says where names of tasks are found,
        `task_runner` which code runs them where a thread does not say which it runs.
        """
        more = {"slot_is_certain": int(certain)}
        if tasks is not None and 0 < tasks.running < 1 << 16:
            more |= {"running_task": tasks.running, "task_name": tasks.name}
        elif tasks is not None and task_runner:
            more |= {"task_runner": task_runner, "frame_locals": tasks.locals, "task_name": tasks.name}
        entry = self._make(runtime.layout, runtime.address, runtime.code_type, thread_slot, more)
        self._processes.update(struct.pack("=Q", image), entry)
        self.expect()

    def expect_program(self, known: KnownFile) -> None:
        """Tell of a program with an interpreter: whoever runs it has Python frames from the first sample on."""
        key = add_identity(known.inode, os.major(known.device) << MINOR_BITS | os.minor(known.device)) | BY_FILE
        found, link = known.interpreter, known.link
        base = 0 if link.list else found.code_start
        self._expect(key, found.layout, (found.runtime, found.code_type, base), known.slot, link)

    def expect_process(self, pid: int, runtime: Runtime, code_start: int, thread_slot: int) -> None:
        """Tell of the interpreter in a library of a process, of which no sample has come yet."""
        self._expect(pid, runtime.layout, (runtime.address, runtime.code_type, code_start), thread_slot, NOT_LINKED)

    def _expect(self, key: int, layout: Layout, addresses: tuple[int, int, int], slot: int, link: Link) -> None:
        """The addresses are the runtime's, that of the type of code, and the one from which both are told."""
        runtime, code_type, base = addresses
        code_type = (code_type - base) & WORD if code_type else 0
        more = {"linked": link.list, "library": link.place}
        entry = self._make(layout, (runtime - base) & WORD, code_type, slot, more)
        self._expected.update(struct.pack("=Q", key), entry)

    def _make(self, layout: Layout, runtime: int, code_type: int, slot: int, more: Mapping[str, int]) -> bytes:
        fields = {**self._fields(layout), "thread_slot": slot, **more}
        if not HERE.thread_id_is_pointer:  # where the slot is from the pointer is not known: the list is looked through
            fields |= {"thread_slot": 0, "slot_is_certain": 0}
        return bytes(self._entry(runtime=runtime, code_type=code_type, **fields))

    @property
    def expected(self) -> bool:
        """Whether the walker has joined or is about to."""
        return self._joining is not None

    def expect(self) -> None:
        """Let the walker join: there will be an interpreter."""
        if self._joining is None:
            self._joining = threading.Thread(target=self._join_chain)
            self._joining.start()

    def wait(self) -> None:
        """Wait until the walker has joined, if it is about to."""
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
            "string_text": layout.string.ascii_bytes,
            "identity": identity_offset(layout.code),
            "numbered": int(is_numbered(layout)),
            "entries": self._entries[entries_of(layout)],
            "shim_owner": max(frame.first_shim_owner, 0),
        }


def entries_of(layout: Layout) -> str:
    """How a layout's interpreter marks the frames that C called, as `enum python_entries` calls it."""
    if layout.frame.is_entry != NONE:
        return "ENTRIES_MARKED"
    return "ENTRIES_SHIM" if layout.frame.first_shim_owner != NONE else "ENTRIES_ALL"
