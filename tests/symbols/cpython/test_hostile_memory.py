"""Memory that lies: sizes, circles, garbage. Readers stay bounded and nothing they do raises."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from icetop.symbols.cpython.code_objects import CodeReader, PythonProcess
from icetop.symbols.cpython.imported_modules import MOST_MODULES, ImportedModules
from icetop.symbols.cpython.layouts import NONE, StringOffsets, layout_of
from icetop.symbols.cpython.line_tables import find_line
from icetop.symbols.cpython.memory import Glimpse, Memory, ProcessMemory
from icetop.symbols.cpython.module_names import ModuleNames
from icetop.symbols.cpython.runtimes import Runtime
from icetop.symbols.cpython.strings import MOST_CHARACTERS, read_bytes, read_string
from icetop.symbols.cpython.threads import find_slot, find_thread, read_interpreters, read_threads
from icetop.symbols.cpython.walk import MOST_FRAMES, MOST_SHIMS, End, FrameWalker, walk_live
from icetop.symbols.mappings import Mapping
from icetop.tests.programs_to_run import Start

from .conftest import Program, Run, some_versions
from .looking import look_at, said_by

MOST_READS = 400_000


class LyingMemory:
    """Real memory of which some words are replaced, by a seeded choice; each address lies the same way each time."""

    def __init__(self, memory: Memory, seed: int, share: float) -> None:
        self._memory = memory
        self._random = random.Random(seed)
        self._share = share
        self._seen = [0]
        self.reads = 0

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        data = self._memory.read(address, size)
        if self._random.random() < self._share / 4:
            return b""
        words = bytearray(data)
        for place in range(0, len(data) - 7, 8):
            if self._random.random() < self._share:
                words[place : place + 8] = struct.pack("<Q", self._lie(address) & (1 << 64) - 1)
        self._seen.append(address)
        return bytes(words)

    def _lie(self, address: int) -> int:
        return self._random.choice(
            [0, 1, address, address ^ 7, 1 << 63, (1 << 64) - 1, 0xFFFFFFFF, 4096, self._random.choice(self._seen),
             self._random.getrandbits(64), self._random.getrandbits(47)]
        )  # fmt: skip


@some_versions
@pytest.mark.parametrize("share", [0.005, 0.1])
def test_lies_anywhere(program: Program, run: Run, share: float) -> None:
    tell_lies(program, run, share, range(4))


@pytest.mark.soak
@pytest.mark.parametrize("share", [0.0005, 0.002, 0.02, 0.2])
def test_many_lies_anywhere(program: Program, run: Run, share: float) -> None:
    tell_lies(program, run, share, range(1000, 1100))


def tell_lies(program: Program, run: Run, share: float, seeds: range) -> None:
    process = run(program("stacks.py", "recursion", "generators", "json_hook", "event_loop"))
    said_by(process)
    look = look_at(process.pid)
    for seed in seeds:
        memory = LyingMemory(look.memory, seed, share)
        reader = CodeReader(most_codes=50)
        lying = PythonProcess(seed, memory, look.runtime)
        threads = read_threads(memory, look.runtime)
        slot = find_slot(memory, threads)
        find_thread(memory, look.runtime, look.threads[0].thread_id, slot, threads)
        for thread in [*threads[:4], *look.threads]:
            for stack in (
                FrameWalker(memory, look.runtime).walk(thread),
                FrameWalker(Glimpse(memory), look.runtime).walk(thread),
                walk_live(memory, look.runtime, thread),
            ):
                assert len(stack.frames) <= MOST_FRAMES
                for frame in stack.frames[:40]:
                    reader.resolve(lying, frame.code, frame.instruction)
            reader.new_round()
        assert ImportedModules().text(memory, look.runtime).count("\n") <= MOST_MODULES + 1
        assert memory.reads < MOST_READS


class Words:
    """Memory of a few words; all else is zero where `filled`, and cannot be read otherwise."""

    def __init__(self, words: dict[int, int], filled: bool = True) -> None:
        self.words = words
        self._filled = filled
        self.reads = 0

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        if not self._filled and not any(place in self.words for place in range(address, address + size, 8)):
            return b""
        places = range(address, address + size + 7, 8)
        return b"".join(struct.pack("<Q", self.words.get(place, 0)) for place in places)[:size]


def runtime_of(version: tuple[int, int]) -> Runtime:
    layout = layout_of(version)
    assert layout is not None
    mapping = Mapping(0, 1, 0, 0, 0, "", False)
    return Runtime(0x1000, layout, 0, mapping, "", (), True, NONE)


ALL = [(3, minor) for minor in range(8, 15)]


@pytest.mark.parametrize("version", ALL)
def test_lists_that_go_in_circles(version: tuple[int, int]) -> None:
    runtime = runtime_of(version)
    layout = runtime.layout
    words = {
        0x1000 + layout.runtime.interpreters_head: 0x10000,
        0x10000 + layout.interpreter.next: 0x20000,
        0x20000 + layout.interpreter.next: 0x10000,
    }
    for interpreter, thread in ((0x10000, 0x30000), (0x20000, 0x40000)):
        words[interpreter + layout.interpreter.threads_head] = thread
        words[thread + layout.thread.next] = thread
        words[thread + layout.thread.interpreter] = interpreter
    assert read_interpreters(Words(words), runtime) == [0x10000, 0x20000]
    assert [state.address for state in read_threads(Words(words), runtime)] == [0x30000, 0x40000]


@pytest.mark.parametrize("version", ALL)
def test_frames_and_shims_that_go_in_circles(version: tuple[int, int]) -> None:
    runtime = runtime_of(version)
    layout = runtime.layout
    frame, state = layout.frame, 0x30000
    words = {state + layout.thread.frame: 0x50000, state + layout.thread.interpreter: 1}
    if layout.cframe.frame != NONE:
        words |= {0x50000 + layout.cframe.frame: 0x60000, 0x50000 + layout.cframe.previous: 0x50000}
    first = 0x50000 if layout.cframe.frame == NONE else 0x60000
    words |= {first + frame.previous: first, first + frame.code: 0x70000}
    memory = Words(words)
    thread = read_thread_at(memory, runtime, state)
    stack = FrameWalker(memory, runtime).walk(thread)
    assert stack.end is End.TOO_DEEP or stack.raced
    assert len(stack.frames) <= MOST_FRAMES
    if frame.first_shim_owner != NONE:
        place = first + frame.owner
        words[place & ~7] = words.get(place & ~7, 0) | 0xFF << 8 * (place & 7)
        memory = Words(words)
        assert FrameWalker(memory, runtime).walk(thread).end is End.UNREADABLE
        assert memory.reads < MOST_SHIMS + 10


def read_thread_at(memory: Memory, runtime: Runtime, address: int):
    from icetop.symbols.cpython.threads import read_thread

    thread = read_thread(memory, runtime, address)
    assert thread is not None
    return thread


@pytest.mark.parametrize("length", [-1, 0, 1, 1 << 31, 1 << 40, (1 << 63) - 1])
@pytest.mark.parametrize("state", [0, 0x20, 0x64, 0x24, 0x28, 0x30, 0x3C, 0xFF, 0xFFFFFFFF])
def test_strings_of_any_size_and_state(length: int, state: int) -> None:
    words = {0x1000 + 16: length & (1 << 64) - 1, 0x1000 + 32: state, 0x1000 + 56: 0xDBFFDBFFDBFFDBFF}
    for memory in (Words(words), Words(words, filled=False)):
        text = read_string(memory, StringOffsets(40, 56), 0x1000)
        assert text is None or len(text) <= MOST_CHARACTERS
        data = read_bytes(memory, 0x1000, 1 << 18)
        assert data is None or len(data) <= 1 << 18


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 11)])
def test_any_table_gives_some_line(version: tuple[int, int]) -> None:
    chance = random.Random(7)
    for _ in range(3000):
        table = chance.randbytes(chance.randrange(60))
        line = find_line(version, table, chance.randrange(-5, 1 << 31), chance.randrange(-20, 400))
        assert 0 <= line < 1 << 31


@some_versions
def test_a_code_object_whose_memory_goes_to_another_is_noticed(program: Program, run: Run) -> None:
    """The names of two code objects in turn at one address."""
    process = run(program("stacks.py", "recursion"))
    said_by(process)
    look = look_at(process.pid)
    frames = [frame for thread in look.threads for frame in look.walk(thread).frames]
    first = frames[0]
    other = next(f for f in frames if look.reader.resolve(look.process, f.code, f.instruction)
                 != look.reader.resolve(look.process, first.code, first.instruction))  # fmt: skip

    class Moved:
        shift = 0

        def read(self, address: int, size: int) -> bytes:
            inside = first.code <= address < first.code + 250
            return look.memory.read(address + (self.shift if inside else 0), size)

    memory = Moved()
    reader, process_of = CodeReader(), PythonProcess(1, memory, look.runtime)
    # pages are read whole, so the move is told to a reader without them
    reader._glimpses = type("None", (dict,), {"get": lambda self, key: memory, "clear": lambda self: None})()
    before = reader.resolve(process_of, first.code, first.instruction)
    memory.shift = other.code - first.code
    assert reader.resolve(process_of, first.code, first.instruction) == before
    reader.new_round()
    after = reader.resolve(process_of, first.code, first.instruction)
    assert reader.counters["code_replaced"] == 1
    assert before is not None
    assert after is None or after.function != before.function


@some_versions
def test_what_was_known_of_a_process_serves_when_it_is_gone(program: Program, run: Run) -> None:
    process = run(program("stacks.py", "recursion"))
    said_by(process)
    look = look_at(process.pid)
    frames = look.walk(look.threads[0]).frames
    known = look.reader.resolve(look.process, frames[0].code, frames[0].instruction)
    process.kill()
    process.wait()
    look.reader.new_round()
    assert look.reader.resolve(look.process, frames[0].code, frames[0].instruction) == known is not None
    assert look.reader.resolve(look.process, frames[-1].code, frames[-1].instruction) is None
    assert look.reader.counters == {"code_read": 1, "code_of_ended": 1, "code_gone": 1}


@some_versions
def test_what_is_remembered_is_bounded(program: Program, run: Run) -> None:
    process = run(program("stacks.py"))
    said_by(process)
    look = look_at(process.pid)
    reader = CodeReader(most_codes=10)
    for thread in look.threads:
        for frame in look.walk(thread).frames:
            assert reader.resolve(look.process, frame.code, frame.instruction) is not None
    assert len(reader._codes) == 10
    assert reader.counters["code_dropped"] == reader.counters["code_read"] - 10
    reader.forget(look.process.key)
    assert not reader._codes


def test_a_process_that_is_gone_or_runs_another_program_gives_nothing(start: Start) -> None:
    process = start("sh", "-c", "echo 1; read x; exec sleep 100")
    memory = ProcessMemory(process.pid)
    maps = Path(f"/proc/{process.pid}/maps").read_text().splitlines()
    start_of_stack, end = (
        int(word, 16) for word in next(line for line in maps if "[stack]" in line).split()[0].split("-")
    )
    assert len(memory.read(end - 64, 64)) == 64
    assert memory.read(0, 8) == memory.read(1 << 70, 8) == memory.read(-8, 8) == memory.read(start_of_stack, -1) == b""
    process.kill()
    process.wait()
    assert memory.read(end - 64, 64) == b""
    memory.close()
    assert memory.read(end - 64, 64) == b""


IMPORTED = ["sys", "shop", "shop.views", "shop.views.basket", "views", "helpers"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/python3.11/json/decoder.py", "json.decoder"),
        ("/usr/lib/python3.11/json/__init__.py", "json"),
        ("/usr/lib/python3/dist-packages/bcc/table.py", "bcc.table"),
        ("/srv/venv/lib/python3.12/site-packages/flask/app.py", "flask.app"),
        ("/opt/lib/python3.13t/threading.py", "threading"),
        ("/srv/shop/views/basket.py", "shop.views.basket"),
        ("/srv/shop/shop/views/__init__.py", "shop.views"),
        ("/srv/other/helpers.py", "helpers"),
        ("/srv/app/main.py", "main"),
        ("main.py", "main"),
        ("<frozen importlib._bootstrap>", "importlib._bootstrap"),
        ("<string>", ""),
        ("", ""),
        ("/", ""),
        ("/a\0b/c.py", "c"),
        ("/" + "a/" * 3000 + "b.py", "b"),
    ],
)
def test_names_of_modules_by_path(path: str, name: str) -> None:
    assert ModuleNames().of(1, path, lambda: "\n".join(["", *IMPORTED, ""])) == name
