"""What a source yields: the news since the last time, as one frozen value."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from .locations import Line, Location
from .series import Series
from .stacks import Nodes
from .time_notes import TimeNote

NO_WAITS = "offcpu.refused"
"""The context's option that says why threads cannot be followed, where they cannot."""


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for a whole profile. `start_ns` is unix time; `frequency_hz` is 0 when unknown."""

    host: str = ""
    kernel: str = ""
    cpus: int = 0
    start_ns: int = 0
    frequency_hz: int = 0
    target: str = "host"
    kinds: tuple[str, ...] = ("cpu",)
    version: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vitals:
    """The machine's vital signs over one interval, and what icetop's collector cost in it.

    `busy_cores` is in cores; `run_queue` is seconds waited for a CPU a second (None where the
    kernel does not count it); `pressure` is PSI's `some avg10`
    in percent by resource (empty where PSI is off); `throttled` is the share of periods in which the target's
    cgroup was throttled (None: not asked or not known); `profiler_cpu_s` is CPU seconds used in the interval,
    `profiler_rss` bytes of memory, those of its maps in the kernel included. `target_queue` is that of the
    target alone, `target_turn_s` how long it waited before each turn on a CPU; `requests` are block requests a second,
    and `request_s` how long each took. Of waits, where they are followed: `followed` is the share of switches that
    were, the others being stood for.
    """

    busy_cores: float = 0.0
    run_queue: float | None = None
    pressure: Mapping[str, float] = field(default_factory=dict)
    throttled: float | None = None
    profiler_cpu_s: float = 0.0
    profiler_rss: int = 0
    target_queue: float | None = None
    target_turn_s: float | None = None
    requests: float | None = None
    request_s: float | None = None
    followed: float | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know: what happened, why, and the mend. `level` is info, warning or error."""

    level: str
    what: str
    why: str = ""
    mend: str = ""

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.what, self.why))) + (f" ({self.mend})" if self.mend else "")


@dataclass(slots=True)
class Counts:
    """The counts of one kind as four parallel columns: leaf node, series, samples, value in the kind's unit."""

    nodes: array[int] = field(default_factory=lambda: array("I"))
    series: array[int] = field(default_factory=lambda: array("I"))
    samples: array[int] = field(default_factory=lambda: array("I"))
    values: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.nodes)

    def add(self, node: int, series: int, samples: int, value: int) -> None:
        """Append one row. Samples are clipped to 32 bits."""
        self.nodes.append(node)
        self.series.append(series)
        self.samples.append(min(samples, 0xFFFFFFFF))
        self.values.append(value)


@dataclass(frozen=True, slots=True)
class Delta:
    """The news of one interval.

    Tables grow by appending: the first of `locations` gets the next free location id, and likewise `nodes`
    ((parent, location) pairs) and `series`. `names` gives lines to locations already sent, `labels` adds labels to
    series (already sent or new). Times are unix nanoseconds. `expected` is the number of ticks the kernel counted
    for the target in the interval; `lost` says by reason how many of them could not be kept, and `waits_lost` how many
    waits, which are no ticks.
    `reset` says that ids start again from nothing, as if this were the first delta: a collector that reached the
    bound of its tables forgets them; what was counted under the old ids stays.
    `beside` says that it belongs to the profile that comparisons compare with. All of those come before the first
    that does not, and ids start again from nothing there.
    `notes` are what people wrote on the time line.
    `stage` is what the source is doing before there are samples ("compiling", "attaching"); `last` ends the stream.
    """

    start_ns: int
    end_ns: int
    locations: list[Location] = field(default_factory=list)
    nodes: Nodes | list[tuple[int, int]] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    names: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    labels: dict[int, dict[str, str]] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    expected: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    waits_lost: dict[str, int] = field(default_factory=dict)
    vitals: Vitals | None = None
    context: Context | None = None
    notices: tuple[Notice, ...] = ()
    notes: tuple[TimeNote, ...] = ()
    stage: str = ""
    reset: bool = False
    beside: bool = False
    last: bool = False
