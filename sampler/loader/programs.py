"""The programs in the kernel: maps made, programs loaded and chained, ticks attached to every CPU.

Everything hangs on descriptors of this process: when it ends, however it ends, the kernel takes all of it down.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .compiled import CompiledForm
from .maps import Map
from .system_call import create_map, load_program, open_cpu_clock, open_raw_tracepoint

PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE, PERF_EVENT_IOC_SET_BPF = 0x2400, 0x2401, 0x40042408
LOAD_IMMEDIATE_64, MAP_DESCRIPTOR = 0x18, 1
ARRAY = 2
"""BPF_MAP_TYPE_ARRAY."""

ONLINE = "/sys/devices/system/cpu/online"


class CannotLoad(Exception):
    """The kernel refused a map, a program or an attachment. `error` is its OSError, `what` what it refused."""

    def __init__(self, what: str, error: OSError) -> None:
        super().__init__(f"{what}: {error.strerror}")
        self.what = what
        self.error = error


@dataclass(frozen=True, slots=True)
class Chain:
    """Programs that hand on to each other through the map `map`: the same walkers serve chains of different `kind`.

    In their code `map` takes the place of `chain`. `instead` are programs of this chain's own by those they stand for.
    """

    map: str
    kind: str
    instead: Mapping[str, str] = field(default_factory=dict)


TICKS = Chain("chain", "perf_event")
WAITS = Chain("wait_chain", "raw_tracepoint", {"emit": "emit_wait", "finish_later": "finish_wait_later"})


@dataclass(slots=True)
class Programs:
    """Maps by name, and what is attached. `chains` are those that a program joins."""

    form: CompiledForm
    maps: dict[str, Map]
    types: dict[str, Any]
    descriptors: list[int] = field(default_factory=list)
    clocks: dict[int, int] = field(default_factory=dict)
    settings: Any = None
    chains: list[Chain] = field(default_factory=lambda: [TICKS])
    _joined: dict[str, str] = field(default_factory=dict)
    _loaded: dict[str, int] = field(default_factory=dict)

    def configure(self, values: Mapping[str, int]) -> None:
        """Set fields of `struct settings` and hand them to the programs."""
        for name, value in values.items():
            setattr(self.settings, name, value)
        self.maps["settings"].update(struct.pack("=i", 0), bytes(self.settings))

    def load(self, name: str, chain: Chain | None = None) -> int:
        """Load a program, for a chain where given; gives its descriptor. Raises CannotLoad with the verifier's last
        words."""
        kind, code = self.form.programs[name]
        kind = chain.kind if chain else kind
        bound = self._bind(code, {TICKS.map: chain.map} if chain else {})
        try:
            descriptor = load_program(name, kind, bound)
        except OSError as error:
            raise CannotLoad(f"program {name}", explain(name, kind, bound, error)) from error
        self.descriptors.append(descriptor)
        self._loaded[name] = descriptor
        return descriptor

    def join_chain(self, name: str, slot: str) -> None:
        """Put a program into the chains, under its name in `enum program`."""
        self._joined[name] = slot
        for chain in self.chains:
            self._join(name, slot, chain)

    def add_chain(self, chain: Chain) -> None:
        """Have another chain, with all that have joined so far."""
        self.chains.append(chain)
        for name, slot in list(self._joined.items()):  # a program may join meanwhile
            self._join(name, slot, chain)

    def resize(self, name: str, entries: int) -> None:
        """Have a larger map before a program that uses it is loaded; what it held is gone. Raises CannotLoad."""
        old = self.maps[name]
        try:
            self.maps[name] = Map(name, old.kind, old.key_size, old.value_size, entries, old.flags)
        except OSError as error:
            raise CannotLoad(f"map {name}", error) from error
        old.close()

    def _join(self, name: str, slot: str, chain: Chain) -> None:
        program = self.load(chain.instead.get(name, name), chain)
        index = self.form.enums["program"][slot]
        self.maps[chain.map].update(struct.pack("=I", index), struct.pack("=I", program))

    def attach_clocks(self, name: str, frequency: int) -> list[int]:
        """Let a program run on every tick of every CPU that is online and has no clock yet; gives those CPUs.

        Raises CannotLoad when not one CPU could be attached.
        """
        program = self._loaded.get(name) or self.load(name)
        added, refused = [], None
        for cpu in [cpu for cpu in online_cpus() if cpu not in self.clocks]:
            try:
                clock = open_cpu_clock(cpu, frequency)
                fcntl.ioctl(clock, PERF_EVENT_IOC_SET_BPF, program)
                fcntl.ioctl(clock, PERF_EVENT_IOC_ENABLE, 0)
            except OSError as error:
                refused = error
                continue
            self.clocks[cpu] = clock
            added.append(cpu)
        if refused is not None and not self.clocks:
            raise CannotLoad("the CPU clock", refused)
        return added

    def attach_raw_tracepoint(self, tracepoint: str, name: str) -> None:
        """Let a program run at a raw tracepoint. Raises CannotLoad."""
        try:
            self.descriptors.append(open_raw_tracepoint(tracepoint, self.load(name)))
        except OSError as error:
            raise CannotLoad(f"tracepoint {tracepoint}", error) from error

    def stop_clocks(self) -> None:
        """No more ticks; what was counted can still be read."""
        for clock in self.clocks.values():
            with contextlib.suppress(OSError):
                fcntl.ioctl(clock, PERF_EVENT_IOC_DISABLE, 0)
            os.close(clock)
        self.clocks.clear()

    def close(self) -> None:
        """Take everything down."""
        self.stop_clocks()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()
        for held in self.maps.values():
            held.close()

    def _bind(self, code: bytes, instead: Mapping[str, str]) -> bytes:
        """The instructions with maps' descriptors in them, with maps taking the place of others by name."""
        bound = bytearray(code)
        for place in range(0, len(code), 8):
            if code[place] == LOAD_IMMEDIATE_64 and code[place + 1] >> 4 == MAP_DESCRIPTOR:
                number = struct.unpack_from("=i", code, place + 4)[0]
                wanted = self.form.maps[number].name
                struct.pack_into("=i", bound, place + 4, self.maps[instead.get(wanted, wanted)].fd)
        return bytes(bound)


def explain(name: str, kind: str, code: bytes, error: OSError) -> OSError:
    """The same refusal with the verifier's last words, which cost a second attempt."""
    if error.errno == errno.EPERM:
        return error
    try:
        os.close(load_program(name, kind, code, log_size=1 << 24))
    except OSError as again:
        return again
    return error


def check_permission() -> None:
    """Make one small map and let it go, before anything long is begun. Raises CannotLoad when that is not permitted."""
    try:
        os.close(create_map("permission", ARRAY, 4, 4, 1))
    except OSError as error:
        raise CannotLoad("an eBPF map", error) from error


def make_programs(form: CompiledForm, sizes: Mapping[str, int]) -> Programs:
    """The maps of a compiled form, with `sizes` entries where given; nothing is loaded yet. Raises CannotLoad."""
    maps: dict[str, Map] = {}
    types: dict[str, Any] = {}
    for wanted in form.maps:
        types[wanted.name] = wanted.value
        types[f"{wanted.name}.key"] = wanted.key
        try:
            maps[wanted.name] = Map(
                wanted.name,
                wanted.kind,
                wanted.key_size,
                wanted.value_size,
                sizes.get(wanted.name, wanted.entries),
                wanted.flags,
            )
        except OSError as error:
            for made in maps.values():
                made.close()
            raise CannotLoad(f"map {wanted.name}", error) from error
    return Programs(form, maps, types, settings=types["settings"]())


def online_cpus() -> list[int]:
    """The CPUs that are online now."""
    cpus: list[int] = []
    with open(ONLINE) as file:
        for part in file.read().strip().split(","):
            first, _, last = part.partition("-")
            cpus.extend(range(int(first), int(last or first) + 1))
    return cpus
