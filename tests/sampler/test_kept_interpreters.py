"""What is kept of interpreters' files from one start to the next."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from icetop.sampler.kept_interpreters import NAME, NOT_LINKED, KeptInterpreters, KnownFile
from icetop.sampler.loader.kept import Keeper
from icetop.symbols.binaries import Binary, BinaryCache
from icetop.symbols.cpython.interpreter_file import InterpreterFile, read_interpreter
from icetop.symbols.cpython.interpreter_records import from_record, to_record
from icetop.symbols.cpython.linked_library import Link

PYTHONS = [
    *Path("/usr/bin").glob("python3.*[0-9]"),
    *Path("~/.pyenv/versions").expanduser().glob("3.*/lib/libpython3.*.so.1.0"),
]
SLOT = 792


@pytest.fixture
def program(tmp_path: Path) -> Binary:
    """A copy of an interpreter."""
    shutil.copy(os.path.realpath(sys.executable), tmp_path / "python")
    binary = BinaryCache(Counter()).at_path(str(tmp_path / "python"))
    assert binary is not None
    return binary


def learnt(keeper: Keeper, binary: Binary, link: Link = NOT_LINKED) -> InterpreterFile:
    interpreter = read_interpreter(binary)
    assert isinstance(interpreter, InterpreterFile)
    kept = KeptInterpreters(keeper)
    kept.learn(binary.identity, KnownFile(binary.path, interpreter, "b1d", 64, binary.identity[1], SLOT, link))
    kept.save()
    return interpreter


def test_what_was_read_of_a_file_is_known_at_the_next_start(program: Binary, tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "cache")
    interpreter = learnt(keeper, program)
    (known,) = KeptInterpreters(keeper).programs()
    assert known.interpreter == interpreter
    assert (known.path, known.device, known.inode, known.slot) == (program.path, 64, program.identity[1], SLOT)
    assert KeptInterpreters(keeper).files == {program.identity: interpreter}


def test_of_a_program_that_is_linked_with_its_interpreter_the_link_is_known(program: Binary, tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "cache")
    learnt(keeper, program, Link(0x1234, 2))
    (known,) = KeptInterpreters(keeper).programs()
    assert known.link == Link(0x1234, 2)
    assert KeptInterpreters(keeper).files == {}


def test_a_file_that_changed_is_another(program: Binary, tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "cache")
    learnt(keeper, program)
    os.utime(program.path, ns=(1, 1))
    assert KeptInterpreters(keeper).programs() == []
    os.unlink(program.path)
    assert KeptInterpreters(keeper).programs() == []


@pytest.mark.parametrize("path", PYTHONS, ids=lambda path: path.name)
def test_records_are_whole(path: Path) -> None:
    binary = BinaryCache(Counter()).at_path(os.path.realpath(path))
    found = read_interpreter(binary) if binary is not None else None
    if not isinstance(found, InterpreterFile):
        pytest.skip("no interpreter that can be read")
    assert from_record(json.loads(json.dumps(to_record(found)))) == found


@pytest.mark.parametrize(
    "files",
    [
        None,
        {},
        7,
        [7],
        [[]],
        [[[1, 2, 3, 4], "/x", [], "", 0, 0, 0, 0, 0]],
        [[[1, 2], "/x", None, "", "a", 0, 0, 0, 0]],
        ["x" * 7],
    ],
)
def test_damaged_records_are_not_used(files: Any, tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "cache")
    keeper.write(NAME, {"files": files})
    assert KeptInterpreters(keeper).files == {}


def test_a_number_that_makes_no_sense_makes_no_record(program: Binary) -> None:
    interpreter = read_interpreter(program)
    assert isinstance(interpreter, InterpreterFile)
    for value in ("1", -2, 1 << 60, None, [1], True):
        record = to_record(interpreter)
        record[1] = value
        assert from_record(record) is None
        record = to_record(interpreter)
        record[0][3] = [value] * 6
        assert from_record(record) is None
