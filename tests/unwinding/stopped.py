"""Real processes, stopped at random moments: what gdb sees of their threads, and what the unwinder makes of them."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from icetop.profiles.vocabulary import StackEnd
from icetop.symbols.binaries import BinaryCache
from icetop.symbols.mappings import AddressSpace, read_address_space
from icetop.unwinding.code import ProcessCode, UnwindTables
from icetop.unwinding.stack_bytes import StackBytes
from icetop.unwinding.unwinder import Registers, Walk, unwind
from icetop.unwinding.x86_64 import RBP, RSP

MOST_FRAMES = 400
GDB_FRAMES, _SCRIPT = (Path(__file__).with_name(name) for name in ("gdb_frames.py", "gdb_stops.py"))


@dataclass(frozen=True)
class Stop:
    """A thread, stopped. `frames` are the (pc, function) that gdb sees, leaf first."""

    tid: int
    registers: Registers
    stack: StackBytes
    frames: list[tuple[int, str]]

    @property
    def addresses(self) -> list[int]:
        return [pc for pc, _ in self.frames]


def stops_of(pid: int, count: int, folder: Path, most_stack: int = 2 << 20) -> list[Stop]:
    """All threads of a process at `count` random moments, with at most so many bytes of each stack."""
    out = folder / "stops"
    order = f"python order = {pid}, {count}, {most_stack}, {str(out)!r}"
    words = ["gdb", "-nx", "-batch", "-ex", order, "-x", str(GDB_FRAMES), "-x", str(_SCRIPT)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    found = [_stop(json.loads(line)) for line in out.read_text().splitlines()] if out.exists() else []
    assert len(found) >= count, done.stderr[-2000:]
    return found


def _stop(line: dict[str, object]) -> Stop:
    values = line["registers"]
    assert isinstance(values, list)
    registers = Registers(line["pc"], values[RSP], values[RBP], dict(enumerate(values)))  # type: ignore[arg-type]
    stack = StackBytes((base, bytes.fromhex(data)) for base, data in line["stacks"])  # type: ignore[attr-defined]
    return Stop(line["tid"], registers, stack, [(pc, name) for pc, name, _ in line["frames"]])  # type: ignore


@dataclass
class Comparison:
    """How many stacks were equal, and the others as (what gdb saw, what the unwinder made of it).

    `roots` are the addresses at which equal stacks end.
    """

    space: AddressSpace
    equal: int = 0
    frames: int = 0
    different: list[tuple[Stop, Walk]] = field(default_factory=list)
    lost_by_gdb: list[Walk] = field(default_factory=list)
    roots: set[int] = field(default_factory=set)
    ends: Counter[StackEnd] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """The equal ones among those that gdb did not lose itself."""
        return self.equal / max(1, self.equal + len(self.different))

    def __str__(self) -> str:
        lines = [f"{self.equal} equal, {len(self.lost_by_gdb)} lost by gdb, {dict(self.ends)}, different:"]
        for stop, walk in self.different[:5]:
            lines.append(f"  gdb {[f'{pc:#x} {name}' for pc, name in stop.frames]}")
            lines.append(f"  us {[hex(pc) for pc in walk.addresses]} {walk.end.reason}")
        return "\n".join(lines)


def compare(
    pid: int, stops: list[Stop], expected: Callable[[Stop], list[int]] = lambda stop: stop.addresses
) -> Comparison:
    """The stops of a process that still runs, unwound and compared frame by frame."""
    space = read_address_space(pid)
    code = ProcessCode(space, BinaryCache(Counter()), UnwindTables())
    result = Comparison(space)
    for stop in stops:
        walk = unwind(stop.registers, stop.stack, code, MOST_FRAMES)
        wanted = expected(stop)
        result.ends[walk.end] += 1
        result.frames += len(wanted)
        if walk.addresses[: len(wanted)] == wanted and len(walk.addresses) >= len(wanted):
            result.equal += 1
            result.roots.add(walk.addresses[-1])
        elif any(space.find(pc) is None for pc in wanted):
            result.lost_by_gdb.append(walk)
        else:
            result.different.append((stop, walk))
    return result


def walks_of(pid: int, stops: list[Stop]) -> list[Walk]:
    """What the unwinder makes of the stops of a process that still runs."""
    code = ProcessCode(read_address_space(pid), BinaryCache(Counter()), UnwindTables())
    return [unwind(stop.registers, stop.stack, code, MOST_FRAMES) for stop in stops]
