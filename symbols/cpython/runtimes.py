"""Finding the CPython in a process: whether there is one, and where its state lies."""

from __future__ import annotations

import re
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..binaries import Binary, Identity
from ..elf_file import ElfFile
from ..mappings import Mapping
from .eval_ranges import FileRange
from .interpreter_file import InterpreterFile, Unusable, holds_python, read_interpreter
from .layouts import NONE, Layout
from .memory import Memory, read_word

MOST_FILES = 512
"""Files of which is remembered what they hold."""

ATTEMPTS = 3
"""Looks at an interpreter whose layout seems to be another: what changes meanwhile looks like that once."""

MOST_CANDIDATES = 8
"""Files of one process that are looked into."""

_NAME = re.compile(r"(?:lib)?python[\w.-]*$")
_TSS = struct.Struct("<iI")


class Runtime(NamedTuple):
    """A CPython in a process.

    `address` is that of its `_PyRuntime`, `code_type` that of `PyCode_Type` (0: not known). `loop_ranges` are (start,
    end) offsets of the evaluation loop in the file of `build_id` that `mapping` maps. `started` says whether it has an
    interpreter yet; `tss_key` is the pthread key that holds each thread's state (-1: none, or not made yet).
    """

    address: int
    layout: Layout
    code_type: int
    mapping: Mapping
    build_id: str
    loop_ranges: tuple[FileRange, ...]
    started: bool
    tss_key: int


class InterpreterFiles:
    """What is known of files by (build-id, size), so that only the first process of an interpreter costs anything.

    `kept` is what was known of files by their identity when this began.
    """

    def __init__(self, most: int = MOST_FILES, kept: dict[Identity, InterpreterFile] | None = None) -> None:
        self._most = most
        self._kept = kept or {}
        self._known: OrderedDict[tuple[str, int], InterpreterFile | Unusable | None] = OrderedDict()

    def of(self, binary: Binary, by_name: bool) -> InterpreterFile | Unusable | None:
        """The interpreter in a file. Without a name that speaks for it, a file is looked at more briefly."""
        key = binary.key
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        found: InterpreterFile | Unusable | None = self._kept.get(binary.identity)
        if found is None and (by_name or holds_python(binary.elf)):
            found = read_interpreter(binary)
        self._known[key] = found
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return found


def find_runtime(
    mappings: Sequence[Mapping],
    open_binary: Callable[[Mapping], Binary | None],
    memory: Memory,
    files: InterpreterFiles,
) -> Runtime | Unusable | None:
    """The CPython of a process with these executable mappings, in the order of their addresses; None: there is none.

    A process that has none costs no more than a look at the names of its files and at the sections of its executable.
    Look again when it is not `started`: an interpreter that starts up has no state yet.
    """
    unusable: Unusable | None = None
    for mapping, by_name in _candidates(mappings):
        binary = open_binary(mapping)
        found = files.of(binary, by_name) if binary is not None else None
        if isinstance(found, Unusable):
            unusable = unusable or found
        elif found is not None and binary is not None:
            return _runtime(found, binary, mapping, memory)
    return unusable


def _candidates(mappings: Sequence[Mapping]) -> Iterator[tuple[Mapping, bool]]:
    """The mappings worth a look, one a file, and whether the file's name speaks for it: those, and the first file,
    which is the executable."""
    seen = set()
    first = True
    for mapping in mappings:
        identity = (mapping.device, mapping.inode)
        if not mapping.has_file or identity in seen:
            continue
        by_name = _NAME.match(mapping.path.rpartition("/")[2]) is not None
        if by_name or first:
            seen.add(identity)
            yield mapping, by_name
        first = False
        if len(seen) >= MOST_CANDIDATES:
            return


def _runtime(found: InterpreterFile, binary: Binary, mapping: Mapping, memory: Memory) -> Runtime | Unusable:
    bias = load_bias(binary.elf, mapping)
    if bias is None:
        return Unusable("the mapping of its Python does not agree with the file")
    address = bias + found.runtime
    layout = found.layout
    if not any(_agrees(memory, address, layout) for _ in range(ATTEMPTS)):
        version = f"{layout.version[0]}.{layout.version[1]}"
        return Unusable(f"its Python {version} is not laid out in memory as an ordinary build of {version} is")
    return Runtime(
        address=address,
        layout=layout,
        code_type=bias + found.code_type if found.code_type else 0,
        mapping=mapping,
        build_id=binary.build_id,
        loop_ranges=found.loop_ranges,
        started=read_word(memory, address + layout.runtime.interpreters_head) != 0,
        tss_key=_tss_key(memory, address, layout),
    )


def _agrees(memory: Memory, address: int, layout: Layout) -> bool:
    """Whether the first interpreter's first thread, if there is one yet, says that it belongs to it."""
    interpreter = read_word(memory, address + layout.runtime.interpreters_head)
    thread = read_word(memory, interpreter + layout.interpreter.threads_head) if interpreter else 0
    return not thread or read_word(memory, thread + layout.thread.interpreter) == interpreter


def load_bias(elf: ElfFile, mapping: Mapping) -> int | None:
    """What is added to a file's virtual addresses where this executable mapping of it lies; None when none fits."""
    for segment in elf.segments:
        if segment.executable and segment.offset & ~0xFFF <= mapping.offset < segment.offset + segment.file_size:
            return mapping.start - (mapping.offset - segment.offset + segment.address)
    return None


def _tss_key(memory: Memory, address: int, layout: Layout) -> int:
    if layout.runtime.auto_tss_key == NONE:
        return NONE
    data = memory.read(address + layout.runtime.auto_tss_key, _TSS.size)
    initialized, key = _TSS.unpack(data) if data else (0, 0)
    return key if initialized else NONE
