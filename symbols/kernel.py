"""Names of kernel functions, modules and BPF programs, from /proc/kallsyms.

The list has 122,000 lines here and twice that elsewhere; it is never taken apart. The kernel proper is listed in order
of address, so that a name is found by bisecting the text itself. What modules and BPF programs add at the end is not,
and is indexed when an address is first sought there.
"""

from __future__ import annotations

import mmap
import re
import time
from array import array
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from . import kept_text
from .ranges import Ranges

KALLSYMS = "/proc/kallsyms"
MOST_BYTES = 64 << 20
"""How much of the list is read; the rest has no names."""

REREAD_SECONDS = 10.0
"""How long an address that is not known waits, at most, for the list to be read again."""

LARGEST = 1 << 20
"""How far from a symbol of a module or a BPF program an address may be and still be named after it, in bytes."""

_TEXT = b"tTwW"
_LOOKED_BACK = 64
_ALIASES = (b"__pi_", b"__ia32_")
_START_MARKS = frozenset({b"_text", b"_stext", b"_sinittext"})
_END_MARKS = frozenset({b"_etext", b"_einittext", b"__end_rodata", b"_end"})
_ADDED = re.compile(rb"^([0-9a-f]+) [tTwW] ", re.MULTILINE)


class KernelName(NamedTuple):
    """A function of the kernel; `binary` is `[kernel]`, or the module's name in brackets (`[bpf]` for programs)."""

    function: str
    binary: str


class KernelSymbols:
    """Kernel functions by address.

    Reads the list when first asked: 30 ms. With `cache_folder` the kernel's own part is kept there, readable by its
    owner only, and found again until the machine restarts; the part is then mapped and not read. `restricted` is
    true when the kernel hides all addresses from this process (kernel.kptr_restrict, or no CAP_SYSLOG).
    """

    def __init__(
        self,
        cache_folder: Path | None = None,
        source: str = KALLSYMS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache_folder = cache_folder
        self._source = source
        self._clock = clock
        self._core: bytearray | mmap.mmap = bytearray()
        self._added = b""
        self._index: Ranges | None = None
        self._read_at = float("-inf")
        self.restricted = False
        self.readable = True

    def name(self, address: int) -> KernelName | None:
        """The function at an address, None where none is known."""
        if self._read_at == float("-inf"):
            self._start()
        try:
            found = self._find(address)
        except ValueError:
            self._core = bytearray()
            found = None
        if found is None and self._is_worth_reading(address):
            self._read()
            found = self._find(address)
        return found

    def _find(self, address: int) -> KernelName | None:
        """As `name`, from what was read. Raises ValueError where a kept text is damaged."""
        return self._in_core(address) or self._in_added(address)

    def _start(self) -> None:
        kept = kept_text.find(self._cache_folder)
        if kept is None:
            self._read()
        else:
            self._core, self._read_at = kept, self._clock() - REREAD_SECONDS

    def _read(self) -> None:
        self._read_at = self._clock()
        try:
            with open(self._source, "rb", buffering=0) as file:
                text = _read_bounded(file)
        except OSError:
            self.readable = False
            return
        self.restricted = _all_zero(text)
        mark = text.find(b"\t[")
        border = len(text) if mark < 0 else text.rfind(b"\n", 0, mark) + 1
        self._added, self._index = bytes(text[border:]), None
        if self.restricted or isinstance(self._core, mmap.mmap):
            return
        del text[border:]
        self._core = kept_text.keep(self._cache_folder, text) or text

    def _is_worth_reading(self, address: int) -> bool:
        """Whether the list may name an address that it did not before: one outside of the kernel proper."""
        if self.restricted or not self.readable or self._clock() - self._read_at < REREAD_SECONDS:
            return False
        return address >> 63 == 1 and not self._covers(address)

    def _covers(self, address: int) -> bool:
        return bool(self._core) and self._address_at(0) <= address <= self._address_at(self._last_line())

    def _last_line(self) -> int:
        return self._core.rfind(b"\n", 0, len(self._core) - 1) + 1

    def _address_at(self, line: int) -> int:
        return int(self._core[line : self._core.find(b" ", line)], 16)

    def _in_core(self, address: int) -> KernelName | None:
        if self.restricted or not self._covers(address):
            return None
        line = self._line_before(address)
        best, start = b"", -1
        for _ in range(_LOOKED_BACK):
            end = self._core.find(b"\n", line)
            hexadecimal, kind, name = bytes(self._core[line:end]).split(b" ", 2)
            here = int(hexadecimal, 16)
            if start >= 0 and here != start:
                break
            if kind in _TEXT:
                start, best = here, max(best, kind + name, key=_preference) if best else kind + name
            if not line:
                break
            line = self._core.rfind(b"\n", 0, line - 1) + 1
        return (
            KernelName(best[1:].decode("utf-8", "replace"), "[kernel]") if best[1:] not in _END_MARKS | {b""} else None
        )

    def _line_before(self, address: int) -> int:
        """Where the last line starts whose address is at or before an address."""
        low, high = 0, len(self._core)
        while True:
            middle = self._core.rfind(b"\n", low, (low + high) // 2) + 1 or low
            if middle <= low:
                middle = self._core.find(b"\n", low) + 1
                if not low < middle < high:
                    return low
            if self._address_at(middle) <= address:
                low = middle
            else:
                high = middle

    def _in_added(self, address: int) -> KernelName | None:
        if self._index is None:
            self._index = _index(self._added)
        for start, _, place in self._index.before(address):
            if address - start > LARGEST:
                return None
            line = self._added[place : self._added.find(b"\n", place)]
            name, _, module = line.partition(b"\t")
            return KernelName(name.decode("utf-8", "replace"), module.decode("utf-8", "replace") or "[kernel]")
        return None


def _read_bounded(file: FileIO) -> bytearray:
    """The list's whole lines, up to the bound."""
    text = bytearray()
    while len(text) < MOST_BYTES and (part := file.read(1 << 16)):
        text += part
    del text[text.rfind(b"\n") + 1 :]
    return text


def _all_zero(text: bytearray) -> bool:
    """Whether no line has an address. Where they are hidden all are zero, so the last line tells."""
    last = text[text.rfind(b"\n", 0, len(text) - 1) + 1 :]
    return not text or not last.partition(b" ")[0].strip(b"0")


def _index(added: bytes) -> Ranges:
    starts, places = array("Q"), array("Q")
    for match in _ADDED.finditer(added):
        address = int(match.group(1), 16)
        if address < 1 << 64:
            starts.append(address)
            places.append(match.end())
    return Ranges(starts, array("Q", bytes(8 * len(starts))), places)


def _preference(symbol: bytes) -> tuple[bool, bool, bool, int, int, bytes]:
    """Which of several names of one address is shown, the greatest.

    By the criteria of perf's `choose_best_symbol`; before them, marks of sections and aliases for code that runs early
    and for 32-bit programs stand back.
    """
    kind, name = symbol[:1], symbol[1:]
    underscores = len(name) - len(name.lstrip(b"_"))
    stands_back = name in _START_MARKS or name.startswith(_ALIASES)
    return not stands_back, kind not in b"wW", kind.isupper(), -underscores, len(name), name
