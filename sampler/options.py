"""What a collector is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..profiles.target import Target

LOWEST_HZ, DEFAULT_HZ, HIGHEST_HZ = 1, 99, 999
DRAIN_SECONDS = 1.0
DEFAULT_FRAMES, MOST_FRAMES = 255, 1792
"""Frames of user code kept of a stack; with the kernel's they fit into 2,048."""


@dataclass(frozen=True, slots=True)
class CollectOptions:
    """A collector's orders.

    `small` takes smaller kernel maps. `map_sizes` overrides entries (ring buffer: bytes) of kernel maps by their name;
    `java_maps` has it ask JVMs for the names of their code. New stacks of processes that are known may wait
    `patience_s` seconds to be read, so that there are fewer times to wake up.
    """

    target: Target = field(default_factory=Target)
    frequency_hz: int = DEFAULT_HZ
    kernel: bool = True
    frames: int = DEFAULT_FRAMES
    kinds: tuple[str, ...] = ("cpu",)
    show_command_output: bool = True
    java_maps: bool = False
    small: bool = False
    patience_s: float = 0.0
    map_sizes: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def period_ns(self) -> int:
        """The time one tick stands for: what `open_cpu_clock` asks the kernel for."""
        return 1_000_000_000 // self.frequency_hz


SMALL = {
    "counts": 8192,
    "sent": 8192,
    "spaces": 2048,
    "unwind_pages": 8192,
    "mappings": 256,
    "python_processes": 128,
    "snapshots": 1 << 20,
    "target_pids": 2048,
    "target_cgroups": 1024,
}
"""Maps of a collector that has little memory: fewer processes at once are followed without a loss."""


WITHOUT_ROWS = {"unwind_pages": 64, "mappings": 64, "snapshots": 1 << 16, "snapshot_room": 1}
"""Maps that are not used where stacks are not followed by rows."""


def map_sizes(options: CollectOptions, cpus: int) -> dict[str, int]:
    """How large the kernel maps must be so that a full second of ticks that are all different fits twice.

    Rows of both epochs are in `counts` while it is drained; a stack takes about a KiB of the ring, a sample to be
    finished some 16. Of waits a thousand stacks may come before the collector first looks.
    """
    ticks = cpus * options.frequency_hz
    sizes = {
        "counts": min(max(4 * ticks, 8192), 1 << 18),
        "sent": 32768,
        "spaces": 8192,
        "unwind_pages": 32768,
        "mappings": 2048,
        "python_processes": 2048,
        "snapshots": 1 << min(max((ticks * 16384 - 1).bit_length(), 21), 25),
        "snapshot_room": cpus,
        "waits": 1,
        "waited": 1,
        "target_pids": 32768,
        "target_cgroups": 8192,
        "target_comms": 64,
        "stacks": 1 << min(max((ticks * 1024 - 1).bit_length(), 20 if "offcpu" in options.kinds else 18), 24),
    }
    return {**sizes, **(SMALL if options.small else {}), **options.map_sizes}
