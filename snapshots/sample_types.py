"""Which kinds a pprof file holds: its sample types, without those that only count another's samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .labels import SAMPLES

SCALES = {
    "nanoseconds": ("nanoseconds", 1),
    "microseconds": ("nanoseconds", 1_000),
    "milliseconds": ("nanoseconds", 1_000_000),
    "seconds": ("nanoseconds", 1_000_000_000),
    "bytes": ("bytes", 1),
    "kilobytes": ("bytes", 1 << 10),
    "megabytes": ("bytes", 1 << 20),
}
"""Units of files, the unit that icetop shows them in, and how many of it they are."""

LARGEST_VALUE, LARGEST_COUNT = (1 << 63) - 1, (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Column:
    """One kind: where its values are, what to multiply them by, where its numbers of samples are (None: nowhere)."""

    kind: str
    unit: str
    value: int
    scale: int
    count: int | None

    def counted(self, values: Sequence[int]) -> tuple[int, int]:
        """The number of samples and the value that a sample stands for in this kind."""
        value = values[self.value] * self.scale
        samples = int(value != 0) if self.count is None else values[self.count]
        return min(max(samples, 0), LARGEST_COUNT), min(max(value, -LARGEST_VALUE), LARGEST_VALUE)


def columns_of(types: Sequence[tuple[str, str]], default: str) -> list[Column]:
    """The kinds of a file's (type, unit) pairs, the default one first: the last, where the file names none."""
    places = {name: place for place, (name, _) in reversed(list(enumerate(types)))}
    plain = next((places[name] for name in (SAMPLES, "sample") if name in places), None)

    def only_counts(name: str) -> bool:
        return places[name] == plain or (name.endswith(f"_{SAMPLES}") and name[: -len(SAMPLES) - 1] in places)

    kinds = [name for name in places if not only_counts(name)] or [name for name in places if places[name] == plain]
    kinds.sort(key=places.__getitem__)
    first = default if default in kinds else kinds[-1]
    kinds.sort(key=lambda name: name != first)
    found = []
    for kind in kinds:
        unit, scale = SCALES.get(types[places[kind]][1], (types[places[kind]][1] or "count", 1))
        found.append(Column(kind, unit, places[kind], scale, places.get(f"{kind}_{SAMPLES}", plain)))
    return found
