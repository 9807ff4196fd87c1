"""Goroutines that wait, as they lie in the memory of Go programs."""

from __future__ import annotations

import random
import struct

import pytest
from icetop.symbols.goroutines import MOST_FRAMES, MOST_LOOKED_AT, Goroutines

VARIABLES, POINTERS, HEAP, STACKS, SLICE = 0x500000, 0x600000, 0xC000000000, 0xC000800000, 0x500120
GO_1_22, GO_1_24, GO_1_26 = (13, 18), (13, 19), (12, 18)
"""Words of a goroutine that have its frame pointer and its state."""

RUNNING, WAITING = 2, 4


class Pretended:
    """The memory of a process with these goroutines: (state, return addresses leaf first)."""

    def __init__(self, form: tuple[int, int], goroutines: list[tuple[int, list[int]]]) -> None:
        self._parts = {start: bytearray(1 << 20) for start in (VARIABLES, POINTERS, HEAP, STACKS)}
        self.damage = random.Random(0)
        self.damaged = 0.0
        self._put(SLICE, POINTERS, len(goroutines), len(goroutines) + 5)
        self._put(VARIABLES + 0x80, POINTERS + 0x8000, 2, 3)  # a slice of something else
        for number, (state, addresses) in enumerate(goroutines):
            head, stack = HEAP + number * 480, STACKS + number * 1024
            self._put(POINTERS + 8 * number, head)
            words = [0] * 24
            words[0], words[1], words[7], words[8], words[9] = stack, stack + 1024, stack + 64, addresses[0], head
            words[form[0]], words[form[1]], words[form[1] + 1] = stack + 96, state | 0x1000 * (number % 2), number + 1
            self._put(head, *words)
            for place, address in enumerate(addresses[1:]):
                last = place == len(addresses) - 2
                self._put(stack + 96 + 32 * place, 0 if last else stack + 128 + 32 * place, address)

    def _put(self, address: int, *words: int) -> None:
        start = max(start for start in self._parts if start <= address)
        struct.pack_into(f"<{len(words)}Q", self._parts[start], address - start, *words)

    def read(self, address: int, size: int) -> bytes:
        for start, part in self._parts.items():
            if start <= address and address + size <= start + len(part):
                data = bytes(part[address - start : address - start + size])
                if self.damage.random() < self.damaged:
                    return self.damage.choice((b"", self.damage.randbytes(size)))
                return data
        return b""


NAMES = {0x99: "runtime.gopark", 0x199: "runtime.chanrecv1", 0x299: "main.take", 0x399: "runtime.goexit"}


def named(address: int) -> tuple[str, ...]:
    return (NAMES[address],) if address in NAMES else ()


TAKES, IS_IDLE = [0x9A, 0x19A, 0x29A, 0x39A], [0x9A, 0x39A]


@pytest.mark.parametrize("form", [GO_1_22, GO_1_24, GO_1_26])
def test_those_that_wait_for_something_of_the_program(form: tuple[int, int]) -> None:
    memory = Pretended(form, [(WAITING, TAKES), (RUNNING, TAKES), (WAITING, IS_IDLE), (WAITING, TAKES)])
    reader = Goroutines(memory, (VARIABLES, 1 << 20), named)
    assert reader.look() == [("runtime.gopark", "runtime.chanrecv1", "main.take", "runtime.goexit")] * 2


def test_of_many_some_are_looked_at() -> None:
    memory = Pretended(GO_1_26, [(WAITING, TAKES)] * 1000)
    assert 0.9 * MOST_LOOKED_AT < len(Goroutines(memory, (VARIABLES, 1 << 20), named).look()) <= MOST_LOOKED_AT


def test_lies_give_few() -> None:
    """Memory that changes all the time, and a program without goroutines."""
    for seed in range(50):
        memory = Pretended(GO_1_26, [(WAITING, TAKES)] * 30)
        reader = Goroutines(memory, (VARIABLES, 1 << 20), lambda address: ("main.f",))
        memory.damage.seed(seed)
        memory.damaged = 0.1
        found = reader.look()
        assert len(found) <= 30
        assert all(len(functions) <= MOST_FRAMES for functions in found)
    assert Goroutines(Pretended(GO_1_26, []), (VARIABLES, 1 << 20), named).look() == []
