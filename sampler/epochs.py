"""What the programs counted, read without a gap.

Counts and counters are kept in two halves, told apart by `epoch`. To read, the epoch is turned and the programs that
are still in the old one are waited for; the old half then stands still, and ticks = taken + lost holds exactly.
"""

from __future__ import annotations

import struct
import time
from array import array
from dataclasses import dataclass, field

from .loader.maps import possible_cpus
from .loader.programs import Programs
from .wait_side import WaitReading
from .who import RawCount, who_of

LOST_REASONS = {"LOST_RING_FULL": "ring_full", "LOST_COUNTS_FULL": "counts_full", "LOST_CHAIN_BROKEN": "chain_broken"}
EPOCH_STRIDE = 8


@dataclass(slots=True)
class Reading:
    """What one drain found: counts, ticks and losses agree exactly."""

    epoch: int = 0
    counts: list[RawCount] = field(default_factory=list)
    ticks: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    waits: WaitReading = field(default_factory=WaitReading)


class Epochs:
    """The two halves of the counts of some programs."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._key = programs.types["counts.key"]
        self._counters = programs.form.enums["counter"]

    def turn(self) -> Reading:
        """Begin a new epoch and read the one that ended."""
        old = self._programs.settings.epoch
        self._programs.configure({"epoch": 1 - old})
        self._wait_for_programs()
        reading = Reading(epoch=old)
        self._read_counters(old, reading)
        self._read_counts(old, reading)
        return reading

    def _wait_for_programs(self) -> None:
        """Wait until no program that may have read the old epoch still runs: microseconds, as they never sleep."""
        running = set(range(possible_cpus()))
        while running:
            busy = array("Q", self._programs.maps["busy"].lookup(bytes(4)) or b"")
            running = {cpu for cpu in running if cpu < len(busy) and busy[cpu]}
            if running:
                time.sleep(0.0001)

    def _read_counters(self, epoch: int, reading: Reading) -> None:
        counters = self._programs.maps["counters"]
        for name, index in self._counters.items():
            if name == "COUNTERS":
                continue
            key = struct.pack("=i", index + epoch * EPOCH_STRIDE)
            values = counters.lookup(key) or b""
            total = sum(array("Q", values))
            if total:
                counters.update(key, bytes(len(values)))
            if name == "COUNT_TICKS":
                reading.ticks = total
            elif name in LOST_REASONS and total:
                reading.lost[LOST_REASONS[name]] = total

    def _read_counts(self, epoch: int, reading: Reading) -> None:
        counts, gone = self._programs.maps["counts"], []
        for key, value in counts.items():
            row = self._key.from_buffer_copy(key)
            if row.epoch != epoch:
                continue
            gone.append(key)
            reading.counts.append(RawCount(*who_of(row), struct.unpack("=Q", value)[0]))
        counts.delete_all(gone)
