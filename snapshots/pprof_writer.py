"""A profile as a pprof file: any tool's sums over it are icetop's, and it keeps the seconds.

One sample for each (time bucket, stack, series); what pprof has no place for is one comment (see `context_note`).
The message is put together from parts that are encoded once each, since protobuf joins messages by concatenation.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ..profiles.delta import Counts
from ..profiles.profile import Profile
from ..profiles.target import Target
from ..profiles.timeline import SECOND, Bucket
from ..profiles.view import EVERYTHING, HOST, Stretch
from ..profiles.vocabulary import StackEnd
from . import labels as names
from . import profile_pb2 as pprof
from .context_note import write_note
from .pprof_tables import Numbers, Strings, Tables
from .wire import varint

LEVEL = 6
"""gzip's level: 9 is no smaller by more than 2 % and takes twice as long."""

GZIP = 31
"""What zlib calls a gzip file with the largest window. It has no time in it: equal profiles are equal files."""

TICKS = "cpu"
"""The kind that expected and lost samples are of."""

SAMPLE_FIELD = b"\x12"
"""Profile.sample, a message: field 2 of wire type 2."""


def encode_pprof(
    profile: Profile,
    stretch: Stretch = EVERYTHING,
    target: Target = HOST,
    kinds: Sequence[str] = (),
    numbers: Numbers | None = None,
) -> bytes:
    """A gzip-compressed pprof file of a profile, or of a stretch, a target, or some kinds (none given: all) of it.

    `numbers` are shared by the windows of a recording.
    """
    chosen = tuple(kind for kind in profile.kinds() if not kinds or kind in kinds) or tuple(kinds)
    buckets = list(profile.timeline.buckets(stretch.start_ns, stretch.end_ns))
    deflate = zlib.compressobj(LEVEL, wbits=GZIP)
    return deflate.compress(_Writer(profile, target, chosen, numbers or Numbers()).encode(buckets)) + deflate.flush()


class _Writer:
    def __init__(self, profile: Profile, target: Target, kinds: tuple[str, ...], numbers: Numbers) -> None:
        self._profile = profile
        self._kinds = kinds
        self._numbers = numbers
        self._strings = Strings(numbers)
        self._target = target
        self._wanted = [target.matches(*who) for who in zip(profile.series, profile.labels, strict=True)]
        self._stacks: dict[int, bytes] = {}
        self._who: dict[int, bytes] = {}
        self._used: set[int] = set()
        self._values = lru_cache(maxsize=1 << 14)(self._encode_values)

    def encode(self, buckets: list[Bucket]) -> bytes:
        samples = b"".join(part for bucket in buckets for part in self._samples(bucket))
        used = sorted(self._used)
        tables = Tables(self._strings, self._numbers)
        for location in used:
            tables.add(location + 1, self._profile.locations[location])
        note = write_note(
            self._profile,
            self._accounts(buckets),
            [self._profile.locations[i] for i in used],
            self._kinds,
            self._target,
        )
        head = self._head(buckets)
        strings = self._strings.encoded()
        head.comment.append(len(strings))
        head.string_table.extend((*strings, note))
        return head.SerializeToString() + tables.encoded() + samples

    def _accounts(self, buckets: list[Bucket]) -> list[Bucket]:
        """The buckets as the comment tells them: of a target's samples no more can be expected than there are.

        Who a lost sample belonged to nobody knows: they all stay.
        """
        if not self._target:
            return buckets
        return [replace(bucket, expected=self._kept(bucket) + sum(bucket.lost.values())) for bucket in buckets]

    def _kept(self, bucket: Bucket) -> int:
        counts = bucket.counts.get(TICKS, Counts())
        rows = zip(counts.series, counts.samples, strict=True)
        return sum(samples for series, samples in rows if self._wanted[series])

    def _head(self, buckets: list[Bucket]) -> pprof.Profile:
        index, context = self._strings.index, self._profile.context
        head = pprof.Profile(
            default_sample_type=index(self._kinds[0]),
            time_nanos=buckets[0].start_ns if buckets else context.start_ns,
            duration_nanos=buckets[-1].end_ns - buckets[0].start_ns if buckets else 0,
        )
        for kind in self._kinds:
            count = names.count_column(kind, kind == self._kinds[0])
            head.sample_type.add(type=index(count), unit=index("count"))
            head.sample_type.add(type=index(kind), unit=index(self._profile.unit(kind)))
        if context.frequency_hz:
            head.period_type.type, head.period_type.unit = index("cpu"), index("nanoseconds")
            head.period = round(SECOND / context.frequency_hz)
        return head

    def _samples(self, bucket: Bucket) -> Iterator[bytes]:
        time = self._label(names.END_TIME, bucket.end_ns, "nanoseconds")
        for place, kind in enumerate(self._kinds):
            counts = bucket.counts.get(kind)
            if counts is None:
                continue
            rows = zip(counts.series, counts.nodes, counts.samples, counts.values, strict=True)
            for series, node, samples, value in sorted(rows):
                if self._wanted[series]:
                    body = self._stack(node) + self._values(place, samples, value) + self._series(series) + time
                    yield SAMPLE_FIELD + varint(len(body)) + body

    def _encode_values(self, place: int, samples: int, value: int) -> bytes:
        columns = [0] * (2 * len(self._kinds))
        columns[2 * place : 2 * place + 2] = samples, value
        return pprof.Sample(value=columns).SerializeToString()

    def _stack(self, node: int) -> bytes:
        encoded = self._stacks.get(node)
        if encoded is None:
            locations = list(self._profile.stacks.walk(node))
            self._used.update(locations)
            encoded = pprof.Sample(location_id=[location + 1 for location in locations]).SerializeToString()
            end = self._profile.stacks.end(node)
            if end is not StackEnd.COMPLETE:
                encoded += self._label(names.END, end.reason)
            self._stacks[node] = encoded
        return encoded

    def _series(self, index: int) -> bytes:
        encoded = self._who.get(index)
        if encoded is None:
            series = self._profile.series[index]
            words = {names.COMM: series.comm, names.CGROUP: series.cgroup}
            words |= {key: word for key, word in self._profile.labels[index].items() if key not in names.OWN}
            encoded = self._label(names.PID, series.pid) + self._label(names.TID, series.tid)
            encoded += b"".join(self._label(key, word) for key, word in words.items())
            encoded += self._label(names.PROCESS_START, series.start_ns, "nanoseconds")
            self._who[index] = encoded
        return encoded

    def _label(self, key: str, value: str | int, unit: str = "") -> bytes:
        """A label as a part of a sample; nothing where it has no value."""
        if not value:
            return b""
        label = pprof.Label(key=self._strings.index(key), num_unit=self._strings.index(unit))
        if isinstance(value, str):
            label.str = self._strings.index(value)
        else:
            label.num = value
        return pprof.Sample(label=[label]).SerializeToString()
