"""Stacks read from outside are those that the interpreter tells of itself: names, files and lines."""

from __future__ import annotations

import json
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest
from icetop.symbols.cpython.imported_modules import ImportedModules
from icetop.symbols.cpython.memory import Glimpse
from icetop.symbols.cpython.threads import find_slot, find_thread, holds_for_all, read_threads
from icetop.symbols.cpython.walk import End, FrameWalker, walk_live

from .conftest import PROGRAMS, Program, Run, some_versions
from .looking import look_at, said_by, same, wait_for


def test_all_kinds_of_stacks(program: Program, run: Run) -> None:
    process = run(program("stacks.py"))
    said = said_by(process)
    look = look_at(said["pid"])
    slot = find_slot(Glimpse(look.memory), look.threads)
    assert holds_for_all(look.memory, look.threads, slot)
    elsewhere = [look.threads[0]._replace(address=look.threads[1].address), *look.threads[1:]]
    assert not holds_for_all(look.memory, elsewhere, slot)
    assert len(look.threads) == len(said["threads"]) == len(said["kinds"]) + 1
    for thread in look.threads:
        kind = said["kinds"].get(str(thread.thread_id), "main")
        stack = look.walk(thread)
        assert stack.end is End.COMPLETE, kind
        assert same(look.lines(stack), said["threads"][str(thread.thread_id)]), kind
        assert find_thread(look.memory, look.runtime, thread.thread_id, slot) == thread
        assert look.memory.read(thread.thread_id + slot, 8) == thread.address.to_bytes(8, "little"), kind
    assert not [word for word in look.reader.counters if word != "code_read"]


@some_versions
def test_forked_workers(program: Program, run: Run) -> None:
    """The pids of children, and what they say of themselves."""
    process = run(program("workers.py"))
    for _ in range(3):
        said = said_by(process)
        look = look_at(said["pid"])
        (thread,) = look.threads
        assert same(look.lines(look.walk(thread)), said["frames"])


def test_code_in_another_interpreter(program: Program, run: Run) -> None:
    process = run(program("interpreters.py"))
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    assert len(look.threads) == 2
    assert len({thread.thread_id for thread in look.threads}) == 1
    stack = FrameWalker(Glimpse(look.memory), look.runtime).walk_joined(look.threads)
    names = [line.function for line in look.lines(stack) if line]
    assert names == ["inner", "<module>", "interpreters.outer", "interpreters.<module>"]
    assert stack.end is End.COMPLETE


@some_versions
def test_names_of_modules(program: Program, run: Run) -> None:
    process = run(program("stacks.py", "json_hook", "importing", "executed"))
    said = said_by(process)
    look = look_at(said["pid"])
    names = {line.function for thread in look.threads for line in look.lines(look.walk(thread)) if line}
    assert {"json.loads", "stacks.json_hook", "threading.run" if look.runtime.layout.version < (3, 11) else
            "threading.Thread.run", "module_that_waits_inside.<module>", "made"} <= names  # fmt: skip
    assert "importlib._bootstrap._find_and_load" in names


@some_versions
def test_a_package_names_its_modules(program: Program, run: Run, python: list[str], tmp_path: Path) -> None:
    if python[0] == "chroot":
        pytest.skip("its files are elsewhere")
    package = tmp_path / "shop" / "views"
    package.mkdir(parents=True)
    (package / "basket.py").write_text("def wait():\n    print(1, flush=True)\n    input()\n")
    main = tmp_path / "run.py"
    main.write_text("from shop.views import basket\nbasket.wait()\n")
    process = run([*python, str(main)])
    assert process.stdout.readline()
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    names = [line.function for line in look.lines(look.walk(look.threads[0])) if line]
    assert names == ["shop.views.basket.wait", "run.<module>"]


def test_imported_modules_are_those_of_sys_modules(python: list[str], run: Run) -> None:
    change = "del sys.modules['json.scanner']; sys.modules['größe.' * 30] = sys"
    code = f"import asyncio, json, sys; {change}; print(json.dumps(list(sys.modules))); input()"
    process = run([*python, "-c", code])
    modules = json.loads(process.stdout.readline())
    wait_for(process.pid, "S")
    look = look_at(process.pid)
    assert ImportedModules().text(look.memory, look.runtime) == "\n".join(["", *modules, ""])


def test_stacks_of_a_process_that_runs_on_are_calls_that_exist(program: Program, run: Run) -> None:
    """In a program whose call graph is known, no two neighbouring frames are a call that it does not have."""
    process = run(program("known_calls.py"))
    assert process.stdout.readline() == b"running\n"
    look = look_at(process.pid)
    calls = {tuple(line.split()) for line in (PROGRAMS / "known_calls.txt").read_text().splitlines()}
    pairs = wrong = whole = 0
    for _ in range(150):
        (thread,) = look.threads
        stack = walk_live(look.memory, look.runtime, thread)
        look.reader.new_round()
        names = [line.function.rpartition(".")[2] if line else "?" for line in look.lines(stack)]
        whole += stack.end is End.COMPLETE
        pairs += len(names) - 1
        wrong += sum((caller, callee) not in calls for callee, caller in pairwise(names))
    assert whole >= 75
    assert pairs >= 75
    assert wrong <= 0.05 * pairs


def test_code_that_comes_and_goes_never_has_the_name_of_another(program: Program, run: Run) -> None:
    process = run(program("exec_churn.py"))
    assert process.stdout.readline() == b"running\n"
    look = look_at(process.pid)
    made = 0
    for _ in range(60):
        time.sleep(0.003)
        process.send_signal(signal.SIGSTOP)
        wait_for(process.pid, "T")
        (thread,) = read_threads(look.memory, look.runtime)
        look.reader.new_round()
        for line in look.lines(look.walk(thread)):
            if line is not None and line.function.startswith("made_"):
                number = int(line.function.removeprefix("made_"))
                assert (line.file, line.line) in {(f"<gen {number % 11}>", place) for place in (1, 2 + number % 7)}
                made += 1
        process.send_signal(signal.SIGCONT)
    assert made > 10, made


def test_a_stopped_process_gives_calls_that_exist(program: Program, run: Run) -> None:
    process = run(program("known_calls.py"))
    assert process.stdout.readline() == b"running\n"
    look = look_at(process.pid)
    calls = {tuple(line.split()) for line in (PROGRAMS / "known_calls.txt").read_text().splitlines()}
    whole = 0
    for _ in range(30):
        time.sleep(0.003)
        process.send_signal(signal.SIGSTOP)
        wait_for(process.pid, "T")
        (thread,) = read_threads(look.memory, look.runtime)
        look.reader.new_round()
        stack = look.walk(thread)
        process.send_signal(signal.SIGCONT)
        names = [line.function.rpartition(".")[2] if line else "?" for line in look.lines(stack)]
        whole += stack.end is End.COMPLETE and not stack.raced
        assert not [call for call in pairwise(reversed(names)) if call not in calls], names
    assert whole >= 20  # a stop may fall between two instructions that link a frame: 1 in 300 in 3.12
