"""Fuzzing the readers of files: whatever a file holds, reading it gives a profile or one line that says why not.

    python tests/snapshots/fuzz_readers.py FORMAT [-runs=100000 ...]

guides the inputs by what code they reach (with atheris, to be installed; the options are libFuzzer's);
`test_fuzzed_readers.py` makes them by seeded mutation. Packed files are not worth mutating: their checksum refuses
them, so what is in them is.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
FORMATS = (
    "pprof",
    "window",
    "gzip",
    "folded",
    "speedscope",
    "cpuprofile",
    "perf",
    "bundle",
    "notes",
    "comment",
    "names",
    "wire",
)
LIMIT = 1 << 20
NAMES = b"""20261121T140310.250Z-10.001s-1.85cores.pb.gz
20261121T140320.251Z-10.000s.pb.gz
20261121T140310.250Z-10.001s-1.85cores~2.pb.gz
.20261121T140330.251Z-10.000s-0.10cores.pb.gz.x1"""
TOKENS = (
    *(
        b"\x00",
        b"\xff" * 8,
        b"\x80" * 10,
        b"\x1f\x8b",
        b"PK\x05\x06",
        b"-1",
        b"0",
        b"1e999",
        b"NaN",
        b"99999999999999999999",
    ),
    *(
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'""',
        b"[" * 50,
        b'{"a":' * 50,
        b";",
        b"\n",
        b" ",
        b"\x1b[2J",
        b"\xed\xa0\x80",
        b"\\ud800",
    ),
)


def seeds(form: str) -> list[bytes]:
    """Good inputs of a format, to begin with."""
    from icetop.profiles.target import Target
    from icetop.profiles.view import View
    from icetop.sampler.wire import pack_delta, pack_target
    from icetop.snapshots.bundle import encode_bundle
    from icetop.snapshots.formats import _folded, _speedscope
    from icetop.snapshots.pprof_writer import encode_pprof
    from icetop.tests.profile_maker import rich_profile
    from icetop.tests.sampler.test_wire import full_delta
    from icetop.tests.snapshots import test_other_formats as others

    profile = rich_profile(2, rows=6)
    made: dict[str, Callable[[], list[bytes]]] = {
        "pprof": lambda: [gzip.decompress(encode_pprof(profile))],
        "window": lambda: [gzip.decompress(encode_pprof(profile))],
        "gzip": lambda: [encode_pprof(profile)],
        "folded": lambda: [_folded(profile, View(), ())],
        "speedscope": lambda: [_speedscope(profile, View(), ()), json.dumps(others.speedscope()).encode()],
        "cpuprofile": lambda: [json.dumps(others.cpuprofile()).encode()],
        "perf": lambda: [others.PERF.encode()],
        "bundle": lambda: [_stored(encode_bundle(profile, View()))],
        "notes": lambda: [b'{"start_ns": 1, "end_ns": 2, "text": "deployed"}\n' * 3],
        "comment": lambda: [_comment(gzip.decompress(encode_pprof(profile)))],
        "names": lambda: [NAMES],
        "wire": lambda: [_on_the_wire({"delta": pack_delta(full_delta())}), _on_the_wire(pack_target(Target()))],
    }
    return made[form]()


def try_input(form: str, data: bytes, folder: str) -> bool:
    """Read an input; whether it was taken. Anything but a profile or a SourceError comes out as it is."""
    from icetop.profiles.printable import printable
    from icetop.profiles.report import build_report
    from icetop.profiles.source import SourceError
    from icetop.profiles.view import View
    from icetop.snapshots.context_note import read_note
    from icetop.snapshots.file_source import FileSource
    from icetop.snapshots.limits import Limits
    from icetop.snapshots.notes_file import parse_notes

    if form == "notes":
        return bool(parse_notes(data)[0])
    if form == "names":
        return _names_a_window(data)
    if form == "wire":
        return _is_understood(data)
    if form == "comment":
        try:
            return bool(read_note(data.decode("utf-8", "replace")))
        except ValueError:
            return False
    path = os.path.join(folder, "input")
    with open(path, "wb") as file:
        file.write(gzip.compress(data, 1) if form == "window" else data)
    if form == "window":
        return _goes_on(path)
    try:
        profile = FileSource(path, Limits(LIMIT)).profile()
    except SourceError as error:
        text = str(error)
        assert text == printable(text) and len(text) < 1000
        return False
    kinds = profile.kinds()
    build_report(profile, View(kind=kinds[0] if kinds else "cpu"), top=5)
    return True


def _goes_on(path: str) -> bool:
    """Whether a window is taken after a good one, and by itself; what is said of both must hang together."""
    from icetop.profiles.profile import Profile
    from icetop.snapshots.joined import Joined
    from icetop.snapshots.limits import Limits, TooLarge
    from icetop.snapshots.window_reader import WindowReader

    good, limits = f"{path}.good", Limits(LIMIT)
    if not os.path.exists(good):
        with open(good, "wb") as file:
            file.write(gzip.compress(seeds("window")[0]))
    reader, profile, taken = WindowReader(Joined(limits), limits, named=True), Profile(), 0
    for place in (good, path, good):
        try:
            deltas = reader.read(place)
        except TooLarge:
            return False
        assert deltas is not None or place == path
        taken += deltas is not None
        for delta in deltas or ():
            profile.fold(delta)
    return taken == 3


def _names_a_window(data: bytes) -> bool:
    """Whether any of these names in a folder is that of a window; what a recorder wrote into its lock is read, too."""
    from icetop.snapshots.window_names import is_unfinished, parse_name
    from icetop.targets.recorders import _number

    windows = []
    for name in map(os.fsdecode, data.split(b"\n")):
        window = parse_name(name)
        windows += [window] if window is not None else []
        is_unfinished(name)
    assert all(0 <= window.start_ns <= window.end_ns for window in windows)
    assert 0 <= _number(data[:20]) < 10**10
    return bool(windows)


def _is_understood(data: bytes) -> bool:
    """Whether the messages that come from a far collector, or go to one, are taken."""
    from icetop.profiles.profile import Profile
    from icetop.sampler.wire import BadMessage, read_messages, unpack_delta, unpack_target

    profile, understood = Profile(), False
    try:
        for message in read_messages(io.BytesIO(data)):
            if "delta" in message:
                profile.fold(unpack_delta(message["delta"]))
            else:
                unpack_target(message)
            understood = True
    except (BadMessage, ValueError):  # the latter of a delta that does not go on from those before
        return False
    return understood


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A few changes to an input: bytes, blocks cut out or doubled, tokens that often break readers, a cut end."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(found) + 1)
        end = min(at + rng.choice((1, 1, 4, 40, 400)), len(found))
        what = rng.randrange(7)
        if what == 0 and at < len(found):
            found[at] = rng.randrange(256)
        elif what == 1 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif what == 2:
            del found[at:end]
        elif what == 3:
            found[at:at] = found[at:end] * rng.choice((1, 1, 3, 50))
        elif what == 4:
            found[at:at] = rng.choice(TOKENS)
        elif what == 5:
            found[at:end] = rng.choice(TOKENS)
        else:
            place = rng.randrange(len(found) + 1)
            found[at:at] = found[place : place + 60]
    if rng.random() < 0.1:
        del found[rng.randrange(len(found) + 1) :]
    return bytes(found[:200_000])


def _stored(bundle: bytes) -> bytes:
    """A bundle with nothing packed, so that a change in it gets further than to a checksum."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in ("manifest.json", "notes.jsonl", "profile.pb.gz"):
            new.writestr(name, old.read(name))
    return packed.getvalue()


def _on_the_wire(message: dict[str, object]) -> bytes:
    from icetop.sampler.wire import write_message

    stream = io.BytesIO()
    write_message(stream, message)
    return stream.getvalue()


def _comment(raw: bytes) -> bytes:
    from icetop.snapshots import profile_pb2 as pprof

    file = pprof.Profile.FromString(raw)
    return file.string_table[file.comment[0]].encode()


def main() -> None:
    """Run atheris on one format."""
    import atheris  # type: ignore[import-not-found]

    form = sys.argv.pop(1)
    with atheris.instrument_imports(include=["icetop"]):
        import icetop.snapshots.bundle_reader
        import icetop.snapshots.cpuprofile
        import icetop.snapshots.folded_reader
        import icetop.snapshots.perf_script
        import icetop.snapshots.pprof_reader
        import icetop.snapshots.speedscope_reader  # noqa: F401
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(seeds(form)):
            (corpus / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *sys.argv[1:], str(corpus)], lambda data: try_input(form, data, folder))
        atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / ".namespace"))
    main()
