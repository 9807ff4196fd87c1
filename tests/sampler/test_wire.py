"""Deltas on the wire: the same after as before, and nothing else is believed."""

from __future__ import annotations

import io
import random
from array import array

import msgpack
import pytest
from icetop.profiles.delta import Context, Counts, Delta, Notice, Vitals
from icetop.profiles.locations import Line, Location
from icetop.profiles.profile import Profile
from icetop.profiles.series import Series
from icetop.profiles.stacks import ROOTS
from icetop.profiles.vocabulary import Language
from icetop.sampler.wire import HEAD, MAGIC, VERSION, BadMessage, pack_delta, read_messages, unpack_delta, write_message


def full_delta() -> Delta:
    counts = Counts(array("I", [ROOTS + 1]), array("I", [0]), array("I", [3]), array("q", [-30]))
    return Delta(
        start_ns=1,
        end_ns=2,
        locations=[
            Location(Language.NATIVE, "/bin/x", "ab", 16, (Line("f<int>", "f.c", 7, 5), Line("g"))),
            Location(Language.KERNEL, "[kernel]", "", 0xFFFFFFFF81000000),
        ],
        nodes=[(0, 0), (ROOTS, 1)],
        series=[Series(5, 99, 6, "we\x1b[31mird", "/a/b")],
        names={1: (Line("do_syscall_64"),)},
        labels={0: {"process": "x", "title": "[bold]y"}},
        counts={"cpu": counts},
        expected=4,
        lost={"ring_full": 1},
        waits_lost={"map_full": 2},
        vitals=Vitals(1.5, 0.25, {"cpu": 3.0}, None, 0.01, 1 << 20),
        context=Context("h", "6.1", 4, 1, 99, "host", ("cpu",), "0.1", {"kernel": "on"}),
        notices=(Notice("warning", "what", "why", "mend"),),
        stage="attaching",
        reset=True,
        last=True,
    )


def through(delta: Delta) -> Delta:
    stream = io.BytesIO()
    write_message(stream, {"delta": pack_delta(delta)})
    stream.seek(0)
    return unpack_delta(next(read_messages(stream))["delta"])


def test_a_delta_is_the_same_on_the_other_side() -> None:
    assert through(full_delta()) == full_delta()


def test_a_delta_that_was_on_the_wire_folds() -> None:
    profile = Profile()
    profile.fold(through(full_delta()))
    assert profile.timeline.end_ns == 2


def test_a_stream_cut_anywhere_is_a_bad_message_or_ends() -> None:
    stream = io.BytesIO()
    write_message(stream, {"delta": pack_delta(full_delta())})
    data = stream.getvalue()
    for length in range(1, len(data)):
        with pytest.raises(BadMessage):
            list(read_messages(io.BytesIO(data[:length])))
    assert list(read_messages(io.BytesIO(b""))) == []


@pytest.mark.parametrize(
    "head", [HEAD.pack(MAGIC, VERSION + 1, 1), HEAD.pack(MAGIC, VERSION, 1 << 31), b"Permission denied (publickey)."]
)
def test_what_is_not_icetop_or_another_version_is_said(head: bytes) -> None:
    with pytest.raises(BadMessage):
        list(read_messages(io.BytesIO(head + b"x")))


def test_damaged_bytes_never_raise_anything_but_what_they_should() -> None:
    body = msgpack.packb({"delta": pack_delta(full_delta())})
    chance = random.Random(1)
    for _ in range(3000):
        damaged = bytearray(body)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        stream = io.BytesIO(HEAD.pack(MAGIC, VERSION, len(damaged)) + bytes(damaged))
        try:
            message = next(read_messages(stream))
            Profile().fold(unpack_delta(message.get("delta", {})))
        except (BadMessage, ValueError):
            pass
