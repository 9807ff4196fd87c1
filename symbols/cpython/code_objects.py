"""From a code object in the memory of a process to names, as people write them: `module.Class.method`, file, line.

To 3.10 a code object does not know its class: there it is `module.method`.
"""

from __future__ import annotations

import sys
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from ...profiles.locations import Line
from .fields import Fields
from .imported_modules import ImportedModules
from .layouts import NONE, Layout
from .line_tables import MOST_BYTES, find_line
from .memory import Glimpse, Memory, read_word
from .module_names import ModuleNames
from .runtimes import Runtime
from .strings import read_bytes as read_bytes_object
from .strings import read_string

MOST_CODES = 16_384
"""Code objects remembered, of all processes: some 16 MB."""

MOST_GLIMPSES = 4
"""Processes whose memory is looked at by pages at a time, half a megabyte each at most."""

MOST_PLACES = 1024
"""Instructions of one code object of which the line is remembered."""

SHIM = Line("<shim>")
"""What a code object gives that stands for no Python code: to be left out of a stack."""

UNIT = 2
"""Bytes of an instruction; a frame that has not begun stands before the first."""

_TYPE, _SIZE, _TYPE_NAME = 8, 16, 24
_SHIM_NAMES = {("__init__", "__init__"), ("<shim>", "<shim>"), ("<sys>", "<shim>"), ("<interpreter trampoline>",) * 2}


class PythonProcess:
    """A process to read from. `key` tells it from all others, such as (pid, start).

    `fields` are those of a code object that do not change while it lives: name, file name, table of lines, type, size
    (or byte code), first line.
    """

    __slots__ = ("fields", "key", "memory", "runtime")

    def __init__(self, key: object, memory: Memory, runtime: Runtime) -> None:
        self.key = key
        self.memory = memory
        self.runtime = runtime
        code = runtime.layout.code
        places = (code.name if code.qualname == NONE else code.qualname, code.filename, code.line_table)
        size = _SIZE if code.byte_code == NONE else code.byte_code
        numbers = [(place, "Q") for place in (*places, _TYPE, size)]
        self.fields = Fields([*numbers, (code.first_line, "i")])


@dataclass(slots=True)
class _Code:
    """A code object as it was read. `fields` and `name` tell whether it is still the same one."""

    fields: tuple[int, ...]
    name: str
    round: int
    function: str
    file: str
    first_line: int
    line_table: bytes
    byte_code_size: int
    found: dict[int, Line] = field(default_factory=dict)


class CodeReader:
    """Names code objects, those of all processes.

    What is remembered of one is used for the length of a round; in the next one, it is first looked at again, since
    its memory may have gone to another. `counters` counts, by word, what could not be named: `code_gone` (its memory
    cannot be read, or holds no code object any more), `code_damaged` (what it holds makes no sense), and
    `code_outside` (the instruction lies outside of it, so it is not the one that ran). And also `code_read`,
    `code_replaced` (another code object was found in its place), `code_of_ended` (named as it was when last looked at,
    since the process is gone), `code_dropped` (for the sake of the bound) and `lines_too_many` (a table beyond the
    limit, whose lines are not told).
    """

    def __init__(self, most_codes: int = MOST_CODES) -> None:
        self.counters: Counter[str] = Counter()
        self._most = most_codes
        self._codes: OrderedDict[tuple[object, int], _Code] = OrderedDict()
        self._modules = ModuleNames()
        self._imported = ImportedModules()
        self._glimpses: OrderedDict[object, Glimpse] = OrderedDict()
        self._round = 0

    def new_round(self) -> None:
        """From now on look at memory anew. To be called before the stacks of a new reading are named."""
        self._round += 1
        self._glimpses.clear()

    def resolve(self, process: PythonProcess, code: int, instruction: int) -> Line | None:
        """The function of a code object, with the line of an instruction as the frame has it; None, and counted, when
        it cannot be told. `SHIM` for what stands for no Python code."""
        known = self._current(process, code)
        if known is None:
            return None
        line = known.found.get(instruction)
        if line is None:
            line = self._line(process.runtime.layout, known, code, instruction)
            if line is not None and len(known.found) < MOST_PLACES:
                known.found[instruction] = line
        return line

    def forget(self, key: object) -> None:
        """Drop what is remembered of a process."""
        for known in [known for known in self._codes if known[0] == key]:
            del self._codes[known]

    def _current(self, process: PythonProcess, code: int) -> _Code | None:
        """What is known of a code object, looked at in this round."""
        key = (process.key, code)
        known = self._codes.get(key)
        if known is not None and known.round == self._round:
            return known
        memory = self._glimpse(process)
        if known is not None:
            ended = False
            if self._same(process, memory, code, known) or (ended := self._has_ended(process)):
                self.counters["code_of_ended"] += ended
                known.round = self._round
                self._codes.move_to_end(key)
                return known
            self.counters["code_replaced"] += 1
            del self._codes[key]
        known = self._read(process, memory, code)
        if known is not None:
            self.counters["code_read"] += 1
            self._codes[key] = known
            if len(self._codes) > self._most:
                self._codes.popitem(last=False)
                self.counters["code_dropped"] += 1
        return known

    def _glimpse(self, process: PythonProcess) -> Glimpse:
        glimpse = self._glimpses.get(process.key)
        if glimpse is None:
            glimpse = self._glimpses[process.key] = Glimpse(process.memory)
            if len(self._glimpses) > MOST_GLIMPSES:
                self._glimpses.popitem(last=False)
        return glimpse

    def _same(self, process: PythonProcess, memory: Memory, code: int, known: _Code) -> bool:
        data = memory.read(code, process.fields.size)
        if not data or process.fields.of(data) != known.fields:
            return False
        return read_string(memory, process.runtime.layout.string, known.fields[0]) == known.name

    def _has_ended(self, process: PythonProcess) -> bool:
        """Whether a process is gone: what was known of its code last is what can be known."""
        return not process.memory.read(process.runtime.address, 8)

    def _read(self, process: PythonProcess, memory: Memory, code: int) -> _Code | None:
        layout = process.runtime.layout
        data = memory.read(code, process.fields.size)
        fields = process.fields.of(data) if data else ()
        if not fields or not self._is_code(process, memory, fields[3]):
            self.counters["code_gone"] += 1
            return None
        name_at, file_at, table_at, _, size, first_line = fields
        name = read_string(memory, layout.string, name_at)
        file = read_string(memory, layout.string, file_at)
        if file is None or not name or first_line < 0:
            self.counters["code_damaged"] += 1
            return None
        table = read_bytes_object(memory, table_at, MOST_BYTES)
        if table is None:
            self.counters["lines_too_many"] += 1
        module = self._modules.of(process.key, file, lambda: self._imported.text(memory, process.runtime))
        return _Code(
            fields=fields,
            name=name,
            round=self._round,
            function=f"{module}.{name}" if module else name,
            file=sys.intern(file),
            first_line=first_line,
            line_table=table or b"",
            byte_code_size=size * UNIT if layout.code.byte_code == NONE else read_word(memory, size + _SIZE),
        )

    def _is_code(self, process: PythonProcess, memory: Memory, type_address: int) -> bool:
        """Whether a type is that of code objects, told by its name where the runtime does not tell."""
        if type_address == process.runtime.code_type:
            return True
        return (
            not process.runtime.code_type and memory.read(read_word(memory, type_address + _TYPE_NAME), 5) == b"code\0"
        )

    def _line(self, layout: Layout, known: _Code, code: int, instruction: int) -> Line | None:
        if (known.file, known.name) in _SHIM_NAMES:
            return SHIM
        offset = byte_offset(layout, code, instruction)
        if not -UNIT <= offset < known.byte_code_size:
            self.counters["code_outside"] += 1
            return None
        line = find_line(layout.version, known.line_table, known.first_line, offset)
        return Line(known.function, known.file, line, known.first_line)


def byte_offset(layout: Layout, code: int, instruction: int) -> int:
    """How many bytes into the byte code of a code object an instruction is, by a frame's own way to tell; before the
    first one, it is negative."""
    if layout.frame.instruction_bytes == 8:
        return instruction - code - layout.code.code_adaptive
    return instruction * layout.frame.instruction_unit
