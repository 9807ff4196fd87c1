"""Files of other tools: perf script, speedscope, V8; made up, made on this machine, and damaged."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from icetop.profiles.printable import printable
from icetop.profiles.profile import Profile
from icetop.profiles.report import Report, build_report
from icetop.profiles.source import SourceError
from icetop.profiles.view import View
from icetop.profiles.vocabulary import Language
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.folded import encode_folded
from icetop.snapshots.formats import save
from icetop.snapshots.limits import Limits

from ..profile_maker import SECOND, rich_profile

PERF = """\
# captured on    : Sat Nov 21 2026
node worker  2621/2622 [001] 13928.387223:    5025125 cpu-clock:
\tffffffff8158e7c0 filemap_map_pages+0x1e0 ([kernel.kallsyms])
\t         1a5c670 std::vector<int, std::allocator<int> >::at(unsigned long)+0x0 (/usr/bin/node (deleted))
\t          865785 main+0x755 (/usr/bin/node)

node worker  2621/2622 [001] 13930.387223:    5025125 cpu-clock:
\t          865785 main+0x755 (/usr/bin/node)

perl  7 13930.9:          3 cache-misses:u:
\t    7fff1234 [unknown] ([unknown])
"""


def read(folder: Path, content: str | bytes | object, limits: Limits | None = None, name: str = "x.bin") -> Profile:
    raw = (
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )
    (folder / name).write_bytes(raw)
    return FileSource(str(folder / name), limits).profile()


def refusal(folder: Path, content: str | bytes | object, limits: Limits | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        read(folder, content, limits)
    text = str(caught.value)
    assert text == printable(text) and len(text) < 800
    return text.split(": ", 1)[1]


def figures(profile: Profile, kind: str) -> Report:
    return build_report(profile, View(kind=kind))


def test_the_text_of_perf_script(tmp_path: Path) -> None:
    profile = read(tmp_path, PERF)
    assert profile.kinds() == ("cpu", "cache-misses:u")
    assert encode_folded(profile, "cpu").decode() == (
        "node worker;main 1\n"
        "node worker;main;std::vector<int, std::allocator<int> >::at(unsigned long);filemap_map_pages_[k] 1\n"
    )
    report = figures(profile, "cpu")
    assert (report.total, report.unit, report.samples) == (2 * 5025125, "nanoseconds", 2)
    assert [(row.pid, row.name) for row in report.processes] == [(2621, "node worker")]
    assert figures(profile, "cache-misses:u").total == 3
    assert encode_folded(profile, "cache-misses:u") == b"perl;[unknown+0x7fff1234] 3\n"
    written = os.stat(tmp_path / "x.bin").st_mtime_ns
    assert abs(profile.timeline.end_ns - written) <= SECOND and len(profile.timeline) == 2
    assert {place.language for place in profile.locations} == {Language.KERNEL, Language.NATIVE}


def speedscope(**more: Any) -> dict[str, Any]:
    sampled = {
        "type": "sampled", "name": "MainThread", "unit": "milliseconds", "startValue": 0, "endValue": 30,
        "samples": [[0, 1], [0], [], [0, 1]], "weights": [10, 5, 5, 10],
    }  # fmt: skip
    shared = {"frames": [{"name": "main", "file": "app.py", "line": 3}, {"name": "work"}]}
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "shared": shared,
        "profiles": [sampled],
        **more,
    }


def test_speedscope_sampled(tmp_path: Path) -> None:
    profile = read(tmp_path, speedscope(), name="shop.speedscope.json")
    (kind,) = profile.kinds()
    report = figures(profile, kind)
    assert (report.total, report.unit, report.samples) == (25_000_000, "nanoseconds", 3)
    assert [(row.frame.name, row.flat, row.cum) for row in report.functions] == [
        ("work", 20_000_000, 20_000_000),
        ("main", 5_000_000, 25_000_000),
    ]
    main = next(frame for frame in profile.frames if frame.name == "main")
    assert (main.file, main.line, main.language) == ("app.py", 3, Language.PYTHON)
    assert profile.labels[0]["process"] == "shop"


def test_speedscope_evented(tmp_path: Path) -> None:
    events = [("O", 0, 0), ("O", 1, 4), ("C", 1, 9), ("C", 0, 10)]
    evented = {
        "type": "evented", "name": "t", "unit": "bytes", "startValue": 0, "endValue": 10,
        "events": [{"type": kind, "frame": frame, "at": at} for kind, frame, at in events],
    }  # fmt: skip
    profile = read(tmp_path, speedscope(profiles=[evented]))
    assert profile.kinds() == ("bytes",)
    assert encode_folded(profile, "bytes") == b"x.bin;main 5\nx.bin;main;work 5\n"
    assert profile.timeline.start_ns == 0, "bytes are no time"


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_written_for_speedscope_comes_back(tmp_path: Path, packed: bool) -> None:
    whole = rich_profile(6)
    path = tmp_path / "out.speedscope.json"
    save(whole, str(path))
    content = path.read_bytes()
    profile = read(tmp_path, gzip.compress(content) if packed else content)
    (kind,) = profile.kinds()
    assert figures(profile, kind).total == figures(whole, "cpu").total
    stacks = {tuple(line.rsplit(" ", 1)[0].replace("_[k]", "").split(";")[1:]) for line in _lines(whole, "cpu")}
    assert {tuple(line.rsplit(" ", 1)[0].split(";")[1:]) for line in _lines(profile, kind)} == stacks


def _lines(profile: Profile, kind: str) -> list[str]:
    return encode_folded(profile, kind).decode().splitlines()


def cpuprofile(**more: Any) -> dict[str, Any]:
    def node(identity: int, name: str, *children: int) -> dict[str, Any]:
        frame = {"functionName": name, "scriptId": "1", "url": "file:///app/a.js", "lineNumber": 4, "columnNumber": 1}
        return {"id": identity, "callFrame": frame, "hitCount": 1, "children": list(children)}

    nodes = [node(1, "(root)", 2, 3), node(2, "(idle)"), node(3, "main", 4), node(4, "")]
    return {
        "nodes": nodes,
        "startTime": 1000,
        "endTime": 7000,
        "samples": [3, 4, 2, 4],
        "timeDeltas": [0, 1000, 2000, 500],
        **more,
    }


def test_v8s_cpuprofile(tmp_path: Path) -> None:
    profile = read(tmp_path, cpuprofile(), name="web.cpuprofile")
    report = figures(profile, "cpu")
    assert (report.total, report.samples) == ((1000 + 2000 + 2500) * 1000, 3)
    assert [(row.frame.name, row.frame.file, row.frame.line, row.flat) for row in report.functions] == [
        ("(anonymous)", "/app/a.js", 5, 4_500_000),
        ("main", "/app/a.js", 5, 1_000_000),
    ]
    assert report.functions[0].frame.language is Language.NODE
    assert any("idle" in str(notice) for notice in profile.notices)


def test_a_callers_id_in_place_of_its_callees(tmp_path: Path) -> None:
    content = cpuprofile()
    for node in content["nodes"]:
        del node["children"]
        if node["id"] > 1:
            node["parent"] = {2: 1, 3: 1, 4: 3}[node["id"]]
    assert encode_folded(read(tmp_path, content), "cpu") == b"x.bin;main 1\nx.bin;main;(anonymous) 2\n"


SECONDS = {"type": "sampled", "unit": "seconds", "samples": [[0]]}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{}", "it is JSON, but neither a speedscope file nor a V8 .cpuprofile"),
        ('{"profiles": [', "its JSON is damaged or cut off"),
        ('{"a":' * 100_000, "its JSON is nested too deeply"),
        (b'{"a": "\xff"}', "it is JSON, but not in UTF-8"),
        (speedscope(shared=5), "its 'frames' is missing or is no list"),
        (speedscope(profiles=[{"type": "sampled", "samples": [[7]], "weights": [1]}]), "it refers to frame 7"),
        (speedscope(profiles=[{"type": "sampled", "samples": [[0]], "weights": [1, 2]}]), "one of its"),
        (speedscope(profiles=[{"type": "sampled", "samples": [0], "weights": [1]}]), "one of its samples is no list"),
        (speedscope(profiles=[{"type": "sampled", "samples": [[0]], "weights": [1e300]}]), "a number is too large"),
        (speedscope(profiles=[{"type": "sampled", "samples": [[0]], "weights": [None]}]), "a number is missing"),
        (speedscope(profiles=[{**SECONDS, "weights": [None]}]), "a number"),
        (speedscope(profiles=[{"type": "wild"}]), "one of its profiles is neither sampled nor evented"),
        (speedscope(profiles=[5, None, "x"]), "one of its profiles is neither"),
        (speedscope(profiles=[]), "it has no samples"),
        (speedscope(profiles=[{"type": "evented", "events": [{"type": "C", "frame": 0, "at": 1}]}]), "its ev"),
        (speedscope(profiles=[{"type": "evented", "events": [{"type": "O", "frame": 0, "at": -5}]}]), "its"),
        (cpuprofile(samples=[3]), "it has not one time a sample"),
        (cpuprofile(samples=[9, 9, 9, 9]), "it refers to node 9"),
        (cpuprofile(nodes=[1]), "one of its nodes is damaged"),
        (cpuprofile(nodes=cpuprofile()["nodes"] * 2), "two of its nodes have the id 1"),
        (cpuprofile(nodes=[{"id": 3, "callFrame": {}, "parent": 3}]), "its nodes are their own callers"),
        (cpuprofile(startTime="x", timeDeltas=["a", 1, 1, 1]), "a number is missing"),
        (cpuprofile(samples=[2, 2, 2, 2]), "it has no samples"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_in_a_line(tmp_path: Path, content: object, why: str) -> None:
    assert refusal(tmp_path, content).startswith(why)


def test_large_json_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    assert "it is JSON and holds more than 131,072 bytes" in refusal(
        tmp_path, b'{"a":"' + b"x" * 200_000, Limits(1 << 20)
    )


def test_hostile_text_of_perf_script(tmp_path: Path) -> None:
    lines = (
        PERF
        + "x" * 100_000
        + " 1 1.0: e:\n"
        + "evil\x1b[2J 99999999999/5 1.5: cpu-clock:\n\tzz (x\n\t12 a;b (/bin/\x1b)\n\n"
    )
    profile = read(tmp_path, lines + "a" + " " * 50_000 + "b\n")
    assert figures(profile, "cpu").samples == 2
    assert any("left out" in str(notice) for notice in profile.notices)


@pytest.mark.skipif(shutil.which("perf") is None, reason="perf is not installed")
def test_what_perf_records_here(tmp_path: Path, shares: Path) -> None:
    data = tmp_path / "perf.data"
    words = ["perf", "record", "-q", "-F", "999", "-e", "cpu-clock", "-g", "-o", str(data), "--", str(shares), "0.4"]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("perf may not record here")
    text = subprocess.run(["perf", "script", "-i", str(data)], capture_output=True, check=True).stdout
    profile = read(tmp_path, text)
    assert figures(profile, "cpu").samples == text.count(b"cpu-clock:")
    burnt = {row.frame.name: row.flat_samples for row in figures(profile, "cpu").functions}
    leaves = [block.splitlines()[1] for block in text.decode().split("\n\n") if "cpu-clock" in block and "\n" in block]
    assert burnt["burn_sixty"] == sum(" burn_sixty" in leaf for leaf in leaves) > 100


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_what_node_records_here(tmp_path: Path) -> None:
    script = tmp_path / "busy.js"
    script.write_text(
        "function fib(n){return n<2?n:fib(n-1)+fib(n-2)} function outer(){return fib(29)} console.log(outer())"
    )
    subprocess.run(
        ["node", "--cpu-prof", "--cpu-prof-dir", str(tmp_path), str(script)], check=True, capture_output=True
    )
    (path,) = tmp_path.glob("*.cpuprofile")
    content = json.loads(path.read_bytes())
    profile = FileSource(str(path)).profile()
    report = figures(profile, "cpu")
    kinds = {node["id"]: node["callFrame"]["functionName"] for node in content["nodes"]}
    assert report.samples == sum(kinds[sample] != "(idle)" for sample in content["samples"])
    fib = next(row for row in report.functions if row.frame.name == "fib")
    assert (fib.frame.line, fib.frame.file) == (1, str(script))
    assert fib.flat_samples == sum(kinds[sample] == "fib" for sample in content["samples"])


@pytest.mark.skipif(shutil.which("py-spy") is None, reason="py-spy is not installed")
@pytest.mark.parametrize(("form", "ending"), [("raw", "txt"), ("speedscope", "json")])
def test_what_py_spy_records_here(tmp_path: Path, form: str, ending: str) -> None:
    script, path = tmp_path / "spin.py", tmp_path / f"spy.{ending}"
    script.write_text("def spin():\n    while True: pass\nspin()\n")
    words = ["py-spy", "record", "-r", "100", "-d", "1", "-f", form, "-o", str(path), "--", sys.executable, str(script)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("py-spy may not record here")
    report = build_report(profile := FileSource(str(path)).profile(), View(kind=profile.kinds()[0]))
    if form == "raw":
        assert report.samples == sum(int(line.rsplit(" ", 1)[1]) for line in path.read_text().splitlines())
    else:
        assert report.samples == sum(len(found["samples"]) for found in json.loads(path.read_text())["profiles"])
    assert sum(row.flat_samples for row in report.functions if row.frame.name.startswith("spin")) > report.samples / 2
