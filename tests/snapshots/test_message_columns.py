"""Tables and samples of pprof files taken apart in bulk say what protobuf says of each."""

from __future__ import annotations

import random

import pytest
from google.protobuf.message import DecodeError
from icetop.snapshots import profile_pb2 as pprof
from icetop.snapshots.message_columns import columns, split
from icetop.snapshots.pprof_input import LINE_TAG, LOCATION_FORMS
from icetop.snapshots.sample_parts import Counted, SampleParts
from icetop.snapshots.wire import Malformed, varint

TIME_KEY = 7
FULL = LOCATION_FORMS[0]


def numbers(rng: random.Random) -> int:
    return rng.choice((0, 1, 127, 128, 300, 1 << 31, (1 << 63) - 1, rng.getrandbits(62)))


def location(rng: random.Random) -> bytes:
    """A location; some have several functions or none, or are folded, and some are damaged."""
    lines = [
        pprof.Line(function_id=numbers(rng), line=rng.choice((0, -1, 5, 1 << 40)))
        for _ in range(rng.choice((0, 1, 1, 1, 2)))
    ]
    made = pprof.Location(id=numbers(rng), mapping_id=numbers(rng), address=numbers(rng) * 2, line=lines)
    made.is_folded = rng.random() < 0.1
    data = bytearray(made.SerializeToString())
    if rng.random() < 0.3 and data:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: len(data) - (rng.random() < 0.1)])


def test_columns_are_what_protobuf_reads() -> None:
    rng = random.Random(1)
    contents = [location(rng) for _ in range(3000)]
    read = columns(contents, FULL, 1, inner=LINE_TAG)
    assert sorted([*read.places.tolist(), *read.others]) == list(range(len(contents)))
    assert 500 < len(read.places) < 2500
    rows = zip(*(values.tolist() for values in read.values), strict=True)
    for place, (identity, mapping, address, _, function, line) in zip(read.places.tolist(), rows, strict=True):
        wanted = pprof.Location.FromString(contents[place])
        assert (identity, mapping, address) == (wanted.id, wanted.mapping_id, wanted.address)
        assert [(function, line)] == [(one.function_id, one.line & (1 << 64) - 1) for one in wanted.line]


@pytest.mark.parametrize("piece", [b"\x80", b"\x80" * 12 + b"\x01", b"\x01\x80", b"\xff" * 30])
def test_a_piece_that_is_no_row_of_numbers_spoils_no_other(piece: bytes) -> None:
    good = varint(5) + varint(1 << 40)
    read, begins, sizes = split([good, piece, b"", good])
    assert sizes.tolist()[:3] == [2, -1, 0]
    assert sizes[3] in (2, -1)
    assert read.numbers[begins[0] : begins[0] + 2].tolist() == [5, 1 << 40]


def counted(sample: pprof.Sample) -> Counted:
    """All that a sample says beside its stack, as numbers."""
    labels = [label for label in sample.label if label.key != TIME_KEY]
    times = [label.num for label in sample.label if label.key == TIME_KEY]
    words = hash(tuple((label.key, label.num) for label in labels))
    return Counted(words, times[-1] if times else 0, len(labels), [(value, 0) for value in sample.value])


def sample(rng: random.Random) -> bytes:
    """Icetop's form mostly, sometimes another order, sometimes damaged."""
    locations = pprof.Sample(location_id=rng.choices(range(1, 400), k=rng.randrange(6))).SerializeToString()
    values = pprof.Sample(value=[rng.randrange(3), rng.randrange(3)]).SerializeToString()
    who = pprof.Sample(label=[pprof.Label(key=key, num=rng.randrange(1, 3)) for key in (3, 4)]).SerializeToString()
    time = pprof.Sample(label=[pprof.Label(key=TIME_KEY, num=10**18 + rng.randrange(3))]).SerializeToString()
    parts = [locations, values, who, time]
    if rng.random() < 0.1:
        rng.shuffle(parts)
    data = bytearray(b"".join(parts if rng.random() < 0.95 else parts * 2))
    if rng.random() < 0.1:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def test_samples_in_parts_are_what_protobuf_reads() -> None:
    rng, parts = random.Random(2), SampleParts(counted, lambda key: key == TIME_KEY)
    refused = 0
    for _ in range(5000):
        data = sample(rng)
        try:
            wanted = pprof.Sample.FromString(data)
        except DecodeError:
            wanted = None
        try:
            locations, found, time_ns = parts.of(data)
        except (DecodeError, Malformed):
            assert wanted is None
            refused += 1
            continue
        read, _, sizes = split([locations])
        if wanted is None:
            assert sizes[0] < 0, "what is damaged is the locations, which are read later"
            continue
        whole = counted(wanted)
        assert (found.series, found.end, found.values, time_ns) == (
            whole.series,
            whole.end,
            whole.values,
            whole.time_ns,
        )
        assert sizes[0] >= 0 and read.numbers.tolist() == list(wanted.location_id)
    assert refused > 20
