"""Code made at run time: named late, by process, and anew when other code takes its place."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from icetop.profiles.stacks import ROOTS
from icetop.profiles.vocabulary import Language, StackEnd
from icetop.sampler.process_table import KnownProcess, ProcessTable
from icetop.sampler.raw_stacks import RawStack
from icetop.sampler.stack_reader import StackReader
from icetop.sampler.tables import Tables
from icetop.symbols.mappings import AddressSpace, Mapping
from icetop.symbols.namer import Namer
from icetop.targets.places import Places

CODE = 0x7F00_0000_0000
SPACE = AddressSpace(os.getpid(), (Mapping(CODE, CODE + 0x10000, 0, 0, 0, "", False),))


class OneProcess(ProcessTable):
    """A table in which every process has the same code mapped."""

    def find(self, pid: int, start_ns: int) -> KnownProcess:
        return KnownProcess(pid, start_ns, space=SPACE)

    def space(self, process: KnownProcess, space_id: int) -> AddressSpace | None:
        return SPACE


@pytest.fixture
def path() -> Iterator[Path]:
    path = Path(f"/tmp/perf-{os.getpid()}.map")
    if path.exists():
        pytest.skip(f"{path} is there already")
    yield path
    path.unlink(missing_ok=True)


class Reading:
    """A stack reader over one process, and the names it has told so far."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.reader = StackReader(self.tables, Namer(), OneProcess({}, Places()))

    def see(self, *addresses: int, space: int = 7) -> int:
        """The node of a stack with these addresses, leaf first; its hash is made of them."""
        user = array("Q", [address + bool(place) for place, address in enumerate(addresses)])
        stack = RawStack(
            stack=hash((space, *addresses)),
            space=space,
            image=space,
            start_ns=1,
            pid=os.getpid(),
            end=StackEnd.COMPLETE,
            kernel=array("Q"),
            user=user,
            python=array("Q"),
            python_end="",
        )
        return self.reader.node(stack)

    def names(self, node: int) -> list[str]:
        """The functions of a stack by its node, leaf first; `-` where there is no name."""
        found = []
        while node >= ROOTS:
            node, location = self.tables.new_nodes[node - ROOTS]
            lines = self.tables.new_names.get(location, self.tables.new_locations[location].lines)
            found.append(lines[0].function if lines else "-")
        return found


def test_names_that_come_late(path: Path) -> None:
    reading = Reading()
    node = reading.see(CODE + 4, CODE + 0x100)
    assert reading.names(node) == ["-", "-"]
    assert [map.language for _, map in reading.reader.generated_code.unnamed()] == [Language.JIT]
    path.write_text(f"{CODE:x} 10 first\n")
    assert reading.reader.follow_generated_code(last=True) == set(), "the stack stays what it is"
    assert reading.names(node) == ["first", "-"]
    with path.open("a") as file:
        file.write(f"{CODE + 0x100:x} 10 second\n")
    reading.reader.follow_generated_code(last=True)
    assert reading.names(node) == ["first", "second"]
    assert not list(reading.reader.generated_code.unnamed())
    assert reading.see(CODE + 4, CODE + 0x100) == node


def test_other_code_in_the_same_place(path: Path) -> None:
    """Samples from then on have the new name, those before keep the old one."""
    path.write_text(f"{CODE:x} 10 old\n{CODE + 0x100:x} 10 caller\n")
    reading = Reading()
    before, other = reading.see(CODE + 4, CODE + 0x100), reading.see(CODE + 0x104)
    with path.open("a") as file:
        file.write(f"{CODE:x} 10 new\n")
    again = reading.reader.follow_generated_code(last=True)
    assert hash((7, CODE + 4, CODE + 0x100)) in again
    after = reading.see(CODE + 4, CODE + 0x100)
    assert reading.names(before) == ["old", "caller"]
    assert reading.names(after) == ["new", "caller"]
    assert reading.see(CODE + 0x104) == other
    assert reading.reader.follow_generated_code(last=True) == set()


def test_a_map_written_anew_with_the_same_names_changes_nothing(path: Path) -> None:
    path.write_text(f"{CODE:x} 10 same\n")
    reading = Reading()
    node = reading.see(CODE + 4)
    path.write_text(f"{CODE + 0x200:x} 10 another\n{CODE:x} 10 same\n")
    assert reading.reader.follow_generated_code(last=True) == set()
    assert reading.see(CODE + 4) == node


def test_the_same_address_in_two_address_spaces_is_not_the_same_code(path: Path) -> None:
    reading = Reading()
    one, two = reading.see(CODE + 4, space=7), reading.see(CODE + 4, space=8)
    assert one != two
