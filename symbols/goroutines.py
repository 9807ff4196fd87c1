"""The goroutines of a process that wait, each with its functions: read from the process's memory while it runs on.

Go's runtime has a slice of pointers to all of them, `runtime.allgs`. It is found by what it looks like, as stripped
programs do not name it: every `g` tells its own address in `sched.g`. Functions follow by frame pointers.

Format: `g`, `gobuf` and the states of goroutines of Go's src/runtime/runtime2.go, of Go 1.20 to 1.26 on x86-64.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from random import randrange

from .cpython.memory import LARGEST, Glimpse, Memory, read_word
from .elf_file import ElfFile

MOST_LOOKED_AT, MOST_FRAMES = 256, 64
"""Goroutines looked at of a process, evenly picked where there are more, and frames of each."""

MOST_DATA, MOST_GOROUTINES = 4 << 20, 1 << 24
"""Bounds of the search: bytes of a program's variables that are searched, the longest slice that is believed."""

X86_64 = 62

_LOW, _HIGH, _SP, _PC, _OWN, _HEAD = 0, 1, 7, 8, 9, 21
_FRAME_POINTERS = (12, 13)
_STATES = (18, 19)
"""Words of a `g`: its stack's ends, `sched.sp`, `sched.pc`, `sched.g`, and how many are read; `sched.bp` from Go 1.25
on and before; its state, in Go 1.23 and 1.24 the later one. The goroutine's number follows the state."""

_WAITING, _LAST_STATE, _SCANNED = 4, 11, 0x1000


class Goroutines:
    """Reads the goroutines of one process. `variables` are the start and size of what it may have the slice in,
    `name` gives the functions at an address, those inlined first. Each look costs some 0.05 ms a goroutine."""

    def __init__(self, memory: Memory, variables: tuple[int, int], name: Callable[[int], tuple[str, ...]]) -> None:
        self._glimpse = Glimpse(memory)
        self._memory = memory
        self._name = name
        self._state = 0
        self._all = self._find_all(*variables)

    def look(self) -> list[tuple[str, ...]]:
        """The functions of goroutines that wait, leaf first; without those of the runtime itself."""
        self._glimpse.renew()
        found = [self._functions(head) for head in self._heads() if self._waits(head)]
        self._glimpse.renew()
        return [functions for functions in found if any(not name.startswith("runtime.") for name in functions)]

    def _heads(self) -> list[array[int]]:
        """The first words of goroutines."""
        if not self._all:
            return []
        place, length = read_word(self._memory, self._all), read_word(self._memory, self._all + 8)
        size = min(8 * length, LARGEST)
        pointers = array("Q", self._memory.read(place, size))
        step = -(-len(pointers) // MOST_LOOKED_AT) or 1
        heads = [self._head(pointer) for pointer in pointers[randrange(step) :: step]]
        found = [head for head in heads if head is not None]
        if not self._state and found:
            self._state = max(_STATES, key=lambda place: sum(_is_state(head, place) for head in found))
        return found

    def _head(self, pointer: int) -> array[int] | None:
        head = array("Q", self._glimpse.read(pointer, 8 * _HEAD))
        return head if head and head[_OWN] == pointer else None

    def _waits(self, head: array[int]) -> bool:
        return _is_state(head, self._state) and head[self._state] & ~_SCANNED & 0xFFFFFFFF == _WAITING

    def _functions(self, head: array[int]) -> tuple[str, ...]:
        return tuple(islice((name for pc in self._frames(head) for name in self._name(pc - 1)), MOST_FRAMES))

    def _frames(self, head: array[int]) -> Iterator[int]:
        """Return addresses, leaf first."""
        yield head[_PC]
        low, high = head[_SP], head[_HIGH]
        here = next((head[place] for place in _FRAME_POINTERS if low <= head[place] < high), 0)
        for _ in range(MOST_FRAMES):
            words = array("Q", self._glimpse.read(here, 16)) if here else ()
            if not words or not words[1]:
                return
            yield words[1]
            here = words[0] if here < words[0] < high else 0

    def _find_all(self, start: int, size: int) -> int:
        """Where the slice of all goroutines is; 0 where it is not to be found."""
        for begin in range(start, start + min(size, MOST_DATA), LARGEST):
            words = array("Q", self._memory.read(begin, min(start + size - begin, LARGEST) & ~7))
            for place, length in enumerate(words[1:-1]):
                if 0 < length <= words[place + 2] < MOST_GOROUTINES and self._is_slice(words[place], length):
                    return begin + 8 * place
        return 0

    def _is_slice(self, address: int, length: int) -> bool:
        """Whether so many goroutines are told there."""
        if address & 7 or address < LARGEST:
            return False
        pointers = array("Q", self._memory.read(address, 8 * min(length, 4)))
        return bool(pointers) and all(self._head(pointer) is not None for pointer in pointers)


def variables_of(elf: ElfFile) -> tuple[int, int] | None:
    """Where a Go program's variables are that begin as zeros, and their size; None where that cannot be told."""
    if elf.machine != X86_64:
        return None
    return next(((part.address, part.size) for part in elf.sections if part.name == ".bss"), None)


def _is_state(head: array[int], place: int) -> bool:
    """Whether this word may tell a state, and the next one a number."""
    return 0 < head[place] & ~_SCANNED & 0xFFFFFFFF <= _LAST_STATE and head[place + 1] > 0
