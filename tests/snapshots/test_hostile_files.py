"""Files that are broken, huge or made to harm: each is refused in one line, quickly."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from icetop.profiles.printable import printable
from icetop.profiles.report import build_report
from icetop.profiles.report_json import report_json
from icetop.profiles.source import SourceError
from icetop.profiles.view import View
from icetop.snapshots import profile_pb2 as pprof
from icetop.snapshots.context_note import read_note
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.limits import Limits
from icetop.snapshots.pprof_writer import encode_pprof
from icetop.snapshots.wire import varint
from icetop.tests.profile_maker import rich_profile

GOOD = encode_pprof(rich_profile(4))
RAW = gzip.decompress(GOOD)


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        FileSource(str(path), limits).profile()
    text = str(caught.value)
    assert text == printable(text) and len(text) < 800
    assert text.startswith(str(path))
    return text.removeprefix(f"{path}: ")


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def changed(change: Callable[[pprof.Profile], object]) -> bytes:
    file = pprof.Profile.FromString(RAW)
    change(file)
    return file.SerializeToString()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (gzip.compress(b"", mtime=0), "it is empty"),
        (b"hello, world\n", "it is none of the formats that icetop reads"),
        (b"<html>404</html>", "it is none of the formats that icetop reads"),
        (bytes(5000), "it is not a pprof file"),
        (b"\x7fELF" + bytes(200), "it is not a pprof file"),
        (b"\xff" * 300, "it is none of the formats that icetop reads"),
        (GOOD[: len(GOOD) // 2], "it is cut off"),
        (GOOD[:-4], "it is cut off"),
        (GOOD[:12], "it is cut off"),
        (RAW[: len(RAW) - 5], "it is cut off"),
        (RAW[: len(RAW) // 2], "it is cut off"),
        (GOOD[:-8] + bytes(8), "its gzip data is damaged"),
        (GOOD[:200] + b"\xff\xff\xff" + GOOD[203:], "its gzip data is damaged"),
        (field(1, b"\x08\x00"), "it is not a pprof file"),
        (field(4, b"\x08"), "one of its tables is damaged"),
        (RAW + varint(6 << 3 | 2) + varint(1 << 40), "a part of it claims to be 1,099,511,627,776 bytes long"),
        (RAW + varint(6 << 3 | 3), "it is not a pprof file"),
    ],
)
def test_what_is_no_whole_profile(tmp_path: Path, content: bytes, why: str) -> None:
    assert refusal(written(tmp_path, content)).startswith(why)


def _no_value(file: pprof.Profile) -> None:
    del file.sample[0].value[:]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f: f.sample[0].location_id.append(1 << 50), "a sample refers to location 1125899906842624"),
        (lambda f: f.sample[0].location_id.append(0), "a sample refers to location 0, which is not there"),
        (lambda f: f.location.add(id=1), "two of its locations have the id 1"),
        (lambda f: f.function.add(id=1), "two of its functions have the id 1"),
        (lambda f: f.mapping.add(id=1), "two of its mappings have the id 1"),
        (lambda f: f.location.add(id=0), "one of its locations has no id"),
        (lambda f: setattr(f.location[0], "mapping_id", 99), "a location refers to mapping 99, which is not there"),
        (lambda f: f.location[0].line.add(function_id=77), "a location refers to function 77, which is not there"),
        (lambda f: setattr(f.function[0], "name", -1), "it refers to string -1, which is not there"),
        (lambda f: setattr(f.function[0], "name", 1 << 40), "it refers to string 1099511627776, which is not there"),
        (lambda f: setattr(f.sample[0].label[0], "key", -5), "it refers to string -5, which is not there"),
        (lambda f: setattr(f.sample_type[0], "type", 1 << 40), "it refers to string 1099511627776"),
        (lambda f: setattr(f, "default_sample_type", -1), "it refers to string"),
        (lambda f: f.comment.append(-2), "it refers to string"),
        (lambda f: f.sample_type.add(), "a sample has 2 values, the file 3 sample types"),
        (_no_value, "a sample has 0 values, the file 2 sample types"),
        (lambda f: f.sample[0].label.extend([pprof.Label(key=1, num=1)] * 300), "a sample has"),
        (lambda f: f.location[0].line.extend([pprof.Line(function_id=1)] * 2000), "it has more than 1,000 functions"),
        (lambda f: f.sample_type.extend([pprof.ValueType()] * 100), "it has more than 64 sample types"),
        (lambda f: f.sample[0].location_id.extend([1] * 70_000), "a stack is deeper than 65535 frames"),
        (lambda f: f.ClearField("string_table"), "it is not a pprof file"),
        (lambda f: f.ClearField("sample_type"), "it is not a pprof file"),
    ],
)
def test_indexes_that_lead_nowhere(tmp_path: Path, change: Callable[[pprof.Profile], object], why: str) -> None:
    assert refusal(written(tmp_path, changed(change))).startswith(why)


def test_a_sparse_file_of_10_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(RAW[:4000])
        file.truncate(10 << 30)
    assert refusal(path).startswith("it holds more than 536,870,912 bytes (--file-limit ")


def test_a_gzip_bomb_is_refused_after_the_limit(tmp_path: Path) -> None:
    limits = Limits(4 << 20)
    strings = gzip.compress(RAW + field(6, b"x" * (1 << 20)) * 64)
    assert len(strings) < 200_000
    assert (
        refusal(written(tmp_path, strings), limits)
        == "it holds more than 4,194,304 bytes (--file-limit 16MiB takes larger ones)"
    )
    zeros = gzip.compress(bytes(64 << 20))
    assert refusal(written(tmp_path, zeros), limits) == "it is not a pprof file"
    text = gzip.compress(b"main;a 1\n" * 1_000_000)
    assert refusal(written(tmp_path, text), limits).startswith("it holds more than")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (field(6, b"") * 3000, "strings"),
        (b"".join(field(5, b"\x08" + varint(n)) for n in range(1, 3000)), "functions"),
        (b"".join(field(4, b"\x08" + varint(n)) for n in range(1, 3000)), "locations"),
        (field(2, b"") * 12_000, "samples"),
    ],
)
def test_tables_that_only_want_memory(tmp_path: Path, content: bytes, what: str) -> None:
    why = refusal(written(tmp_path, content), Limits(1 << 20))
    assert why.startswith("it holds more than") and what in why


def test_stacks_and_labels_that_only_want_memory(tmp_path: Path) -> None:
    rng = random.Random(3)

    def deep(file: pprof.Profile) -> None:
        for sample in file.sample:
            sample.location_id.extend(rng.choices(range(1, 10), k=400))

    def many(file: pprof.Profile) -> None:
        for number, sample in enumerate(file.sample):
            sample.label.add(key=2, num=number)
        while len(file.sample) < 600:
            file.sample.add().CopyFrom(file.sample[0])
            file.sample[-1].label.add(key=2, num=len(file.sample))

    assert "stack frames" in refusal(written(tmp_path, changed(deep)), Limits(1 << 20))
    assert "different sets of labels" in refusal(written(tmp_path, changed(many)), Limits(1 << 20))


def test_a_missing_file_a_folder_and_one_that_may_not_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == "No such file or directory"
    assert refusal(tmp_path) == "it is a folder"
    if os.geteuid():
        path = written(tmp_path, GOOD)
        path.chmod(0)
        assert refusal(path) == "Permission denied"


def test_a_path_with_control_characters_is_printed_safely(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        FileSource(str(tmp_path / "\x1b[31m\nx")).profile()
    assert "\\e[31m\\nx: No such file" in str(caught.value)


def test_every_prefix_and_many_mutations_end_in_a_profile_or_in_one_line(tmp_path: Path) -> None:
    rng = random.Random(7)
    raw = gzip.decompress(encode_pprof(rich_profile(1, 10)))
    outcomes = {"read": 0, "refused": 0}
    for number in range(700):
        mutated = bytearray(raw[: rng.randrange(len(raw))] if number % 4 == 0 else raw)
        for _ in range(rng.randint(0 if number % 4 == 0 else 1, 4)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        path = written(tmp_path, bytes(mutated) or b"\x00")
        try:
            profile = FileSource(str(path), Limits(1 << 22)).profile()
        except SourceError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
            continue
        json.dumps(report_json(build_report(profile, View(kind=profile.kinds()[0]), stacks=True)), allow_nan=False)
        encode_pprof(profile)
        outcomes["read"] += 1
    assert min(outcomes.values()) > 20


NOTE = next(text for text in pprof.Profile.FromString(RAW).string_table if text.startswith("icetop:"))


@pytest.mark.parametrize(
    "comment",
    [
        "icetop:",
        "icetop:{}",
        "icetop:[]",
        "icetop:null",
        "icetop:" + "[" * 100_000,
        "icetop:" + "9" * 10_000,
        NOTE.replace('"cpus":4', '"cpus":NaN'),
        NOTE.replace('"cpus":4', '"cpus":-4'),
        NOTE.replace('"cpus":4', '"cpus":"4"'),
        NOTE.replace('"host":"web-3"', '"host":7'),
        NOTE.replace('"cpu_s":', '"cpu_s":1e999,"x":'),
        NOTE.replace('"gap":[', '"gap":["x",'),
        NOTE.replace('"gap":[', '"gap":[5,'),
        NOTE.replace('"gap":[17', '"gap":[-17'),
        NOTE.replace('"gap":[17', '"gap":[9917'),
        NOTE.replace('"length":[', '"length":[-5,'),
        NOTE.replace('"lost":{', '"lost":{"x":{"999":1},'),
        NOTE.replace('"lost":{', '"lost":{"x":{"-1":1},'),
        NOTE.replace('["python"', '["klingon"'),
        NOTE[:-1],
    ],
)
def test_a_damaged_comment_is_left_out_and_the_profile_still_read(tmp_path: Path, comment: str) -> None:
    assert comment != NOTE
    with pytest.raises(ValueError):
        read_note(comment)

    def replace_comment(file: pprof.Profile) -> None:
        file.string_table[file.comment[0]] = comment

    profile = FileSource(str(written(tmp_path, changed(replace_comment)))).profile()
    assert "left out" in profile.notices[0].what
    whole = build_report(rich_profile(4), View())
    assert (build_report(profile, View()).samples, profile.context.host) == (whole.samples, "")
