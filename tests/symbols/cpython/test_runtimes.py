"""Finding the interpreter of a process."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest
from icetop.symbols.binaries import BinaryCache
from icetop.symbols.cpython.debug_offsets import COOKIE, MOST_BYTES, NotDescribed, from_debug_offsets
from icetop.symbols.cpython.eval_ranges import find_cold_parts
from icetop.symbols.cpython.layouts import NONE, layout_of
from icetop.symbols.cpython.memory import Memory, ProcessMemory, read_word
from icetop.symbols.cpython.runtimes import InterpreterFiles, Runtime, Unusable, find_runtime
from icetop.symbols.mappings import Mapping, read_address_space
from icetop.symbols.named_symbols import find_symbols
from icetop.tests.programs_to_run import Start

from .conftest import some_versions

WAIT = "print(1, flush=True); input()"


class Looker:
    """Looks for interpreters, and counts the files opened for that."""

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.binaries = BinaryCache(self.counters)
        self.files = InterpreterFiles()
        self.opened: list[str] = []

    def find(self, pid: int, memory: Memory | None = None) -> Runtime | Unusable | None:
        space = read_address_space(pid)

        def open_binary(mapping: Mapping):
            self.opened.append(mapping.path)
            return self.binaries.behind(space, mapping)

        return find_runtime(space.mappings, open_binary, memory or ProcessMemory(pid), self.files)


def test_each_interpreter_is_found(python: list[str], version: tuple[int, int], start: Start) -> None:
    process = start(*python, "-c", WAIT)
    runtime = Looker().find(process.pid)
    assert isinstance(runtime, Runtime)
    assert runtime.layout.version == version
    assert runtime.started
    assert (runtime.tss_key >= 0) == (version < (3, 15))
    memory = ProcessMemory(process.pid)
    interpreter = read_word(memory, runtime.address + runtime.layout.runtime.interpreters_head)
    thread = read_word(memory, interpreter + runtime.layout.interpreter.threads_head)
    assert read_word(memory, thread + runtime.layout.thread.interpreter) == interpreter
    assert read_word(memory, thread + runtime.layout.thread.next) == 0
    name = read_word(memory, runtime.code_type + 24)
    assert memory.read(name, 5) == b"code\0"


def test_the_described_layout_is_the_one_in_the_table(
    python: list[str], version: tuple[int, int], start: Start
) -> None:
    runtime = Looker().find(start(*python, "-c", WAIT).pid)
    assert isinstance(runtime, Runtime)
    known = layout_of(version)
    if known is None:
        assert runtime.layout.described
    else:
        assert runtime.layout._replace(described=False) == known
    assert runtime.layout.described == (version >= (3, 13))


def test_the_second_process_of_an_interpreter_opens_nothing_new(start: Start, find_python) -> None:
    command = find_python((3, 11))
    looker = Looker()
    first = looker.find(start(*command, "-c", WAIT).pid)
    opened = looker.counters["binaries_opened"]
    second = looker.find(start(*command, "-c", WAIT).pid)
    assert isinstance(first, Runtime)
    assert isinstance(second, Runtime)
    assert first.loop_ranges == second.loop_ranges
    assert looker.counters["binaries_opened"] == opened


def test_a_process_without_python_costs_a_look_at_its_executable(start: Start) -> None:
    looker = Looker()
    process = start("sh", "-c", "echo 1; read x")
    assert looker.find(process.pid) is None
    assert len(looker.opened) == 1


def test_an_interpreter_under_another_name(start: Start, find_python, tmp_path: Path) -> None:
    program = Path(find_python((3, 11))[0]).resolve()
    other = tmp_path / "service"
    other.write_bytes(program.read_bytes())
    other.chmod(0o755)
    looker = Looker()
    runtime = looker.find(start(other, "-c", WAIT).pid)
    assert isinstance(runtime, Runtime)
    assert runtime.layout.version == (3, 11)


def test_an_interpreter_without_symbols_is_found_by_its_section(start: Start, find_python, tmp_path: Path) -> None:
    program = Path(find_python((3, 11))[0]).resolve()
    data = program.read_bytes()
    if b".PyRuntime\0" not in data:
        pytest.skip("this interpreter is in a library")
    other = tmp_path / "python"
    other.write_bytes(data.replace(b"_PyRuntime\0", b"_PyRuntimf\0").replace(b"Py_Version\0", b"Py_Versiom\0"))
    other.chmod(0o755)
    runtime = Looker().find(start(other, "-c", WAIT).pid)
    assert isinstance(runtime, Runtime)
    assert (runtime.layout.version, runtime.started) == ((3, 11), True)


class OtherMemory:
    """The memory of a process in which each word is the same."""

    def __init__(self, word: int) -> None:
        self.word = word

    def read(self, address: int, size: int) -> bytes:
        return self.word.to_bytes(8, "little") * (size // 8)


@some_versions
def test_an_interpreter_that_starts_up_and_one_that_is_built_otherwise(python: list[str], start: Start) -> None:
    process = start(*python, "-c", WAIT)
    looker = Looker()
    starting = looker.find(process.pid, OtherMemory(0))
    assert isinstance(starting, Runtime)
    assert (starting.started, starting.tss_key) == (False, -1)

    class Moved(OtherMemory):
        def read(self, address: int, size: int) -> bytes:
            return (address + 64).to_bytes(8, "little") * (size // 8)

    other = looker.find(process.pid, Moved(0))
    assert isinstance(other, Unusable)
    assert "ordinary build" in other.reason


def test_old_versions_are_refused_with_a_reason(start: Start) -> None:
    old = sorted(Path("~/.pyenv/versions").expanduser().glob("3.7.*/bin/python"))
    if not old:
        pytest.skip("no Python 3.7 here")
    found = Looker().find(start(old[0], "-c", WAIT).pid)
    assert isinstance(found, Unusable)
    assert "3.7" in found.reason


def test_the_parts_of_the_loop_that_lie_elsewhere_are_those_that_symbols_name(find_python) -> None:
    """By jumps alone: what the symbol table of an unstripped interpreter says."""
    checked = 0
    for version in ((3, 9), (3, 11), (3, 12), (3, 13)):
        program = Path(find_python(version)[0]).resolve()
        for library in program.parent.parent.glob(f"lib/libpython3.{version[1]}*.so.1.0"):
            binary = BinaryCache(Counter()).at_path(str(library))
            assert binary is not None
            symbols = find_symbols(binary.elf, [b"_PyEval_EvalFrameDefault"], [b"_PyEval_EvalFrameDefault.cold"])
            main = next(symbol for symbol in symbols if symbol.name.endswith(b"Default"))
            cold = {(s.address, s.address + s.size) for s in symbols if s != main and s.size > 64}
            assert set(find_cold_parts(binary.elf, main.address, main.address + main.size)) == cold
            checked += 1
    if not checked:
        pytest.skip("no interpreter with symbols here")


def test_find_symbols_agrees_with_nm(find_python) -> None:
    program = str(Path(find_python((3, 11))[0]).resolve())
    binary = BinaryCache(Counter()).at_path(program)
    assert binary is not None
    listed = subprocess.run(["nm", "-DS", program], capture_output=True, text=True, check=False).stdout
    wanted = {line.split()[3]: line.split() for line in listed.splitlines() if len(line.split()) == 4}
    for name in ("PyCode_Type", "Py_Version", "PyEval_EvalFrameEx"):
        if name in wanted:
            (symbol,) = find_symbols(binary.elf, [name.encode()])
            assert (symbol.address, symbol.size) == (int(wanted[name][0], 16), int(wanted[name][1], 16))
    assert find_symbols(binary.elf, [b"No_Such_Symbol"]) == []


def described(start: Start, command: list[str]) -> bytes:
    """What an interpreter says of itself."""
    process = start(*command, "-c", WAIT)
    runtime = Looker().find(process.pid)
    assert isinstance(runtime, Runtime)
    return ProcessMemory(process.pid).read(runtime.address, MOST_BYTES)


@pytest.mark.parametrize("version", [(3, 13), (3, 14), (3, 15)], indirect=True)
def test_descriptions_that_do_not_hold_are_refused(python: list[str], start: Start, version: tuple[int, int]) -> None:
    data = described(start, python)
    assert data.startswith(COOKIE)
    assert from_debug_offsets(data).version == version
    with pytest.raises(NotDescribed, match="free-threaded"):
        from_debug_offsets(data[:16] + b"\1" + data[17:])
    for size in (0, 7, 8, 20, 200):
        with pytest.raises(NotDescribed):
            from_debug_offsets(data[:size])
    for place in range(24, 400, 8):
        lying = data[:place] + b"\xff" * 8 + data[place + 8 :]
        try:
            layout = from_debug_offsets(lying)
        except NotDescribed:
            continue
        assert layout._replace(described=False) == from_debug_offsets(data)._replace(described=False)


@pytest.mark.parametrize("version", [(3, 13), (3, 14), (3, 15)], indirect=True)
def test_a_newer_version_of_the_newest_form_works_and_of_another_form_is_refused(
    python: list[str], start: Start, version: tuple[int, int]
) -> None:
    data = described(start, python)
    newer = data[:8] + bytes((0xF0, 0, 16, 3, 0, 0, 0, 0)) + data[16:]
    if version == (3, 15):
        layout = from_debug_offsets(newer)
        assert layout.version == (3, 16)
        assert layout.frame == from_debug_offsets(data).frame
    else:
        with pytest.raises(NotDescribed, match="newer"):
            from_debug_offsets(newer)


def test_what_a_version_has_not_is_marked() -> None:
    oldest = layout_of((3, 8))
    assert oldest is not None
    assert oldest.frame.owner == oldest.cframe.frame == oldest.code.qualname == NONE
    assert layout_of((3, 7)) is None
