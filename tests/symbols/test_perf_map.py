from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from icetop.profiles.locations import Line
from icetop.profiles.vocabulary import Language
from icetop.symbols import perf_map
from icetop.symbols.generated_names import GeneratedName
from icetop.symbols.mappings import read_address_space
from icetop.symbols.namer import Namer
from icetop.symbols.perf_map import RECHECK_SECONDS, Allowance, MapState, PerfMap
from icetop.tests.programs_to_run import Start
from icetop.tests.symbols.conftest import needs_root

ANONYMOUS_CODE = (
    "import ctypes, mmap, sys\n"
    "code = mmap.mmap(-1, 1 << 16, prot=7)\n"
    "print(ctypes.addressof(ctypes.c_char.from_buffer(code)), flush=True)\n"
    "sys.stdin.read()\n"
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path() -> Iterator[Path]:
    """Where this process's own perf map is."""
    path = Path(f"/tmp/perf-{os.getpid()}.map")
    if path.exists():
        pytest.skip(f"{path} is there already")
    yield path
    path.unlink(missing_ok=True)


def function(found: GeneratedName | None) -> str:
    return found.line.function if found else ""


def test_a_map_that_grows(path: Path, clock: Clock) -> None:
    perf = PerfMap(os.getpid(), Counter(), clock)
    assert perf.find(0x1000) is None
    with path.open("wb", buffering=0) as file:
        file.write(b"1000 10 first\n2000 20 second with spaces\n3000 10 unfin")
        assert perf.find(0x1000) is None, "not looked at before its time"
        clock.now += RECHECK_SECONDS
        assert perf.find(0x1000) == (Language.JIT, Line("first"))
        assert function(perf.find(0x201F)) == "second with spaces"
        assert [perf.find(address) for address in (0xFFF, 0x1010, 0x2020, 0x3000)] == [None] * 4
        file.write(b"ished\n1000 10 first again\n")
        clock.now += RECHECK_SECONDS
        assert function(perf.find(0x3005)) == "unfinished"
        assert function(perf.find(0x1000)) == "first again", "what is written later holds"
        for number in range(40):
            file.write(b"%x 8 many%d\n" % (0x10000 + 16 * number, number))
            clock.now += RECHECK_SECONDS
            assert function(perf.find(0x10000 + 16 * number)) == f"many{number}"
        assert function(perf.find(0x10000)) == "many0"
        assert function(perf.find(0x1000)) == "first again"
    path.write_bytes(b"5000 10 fresh\n")
    clock.now += RECHECK_SECONDS
    assert perf.find(0x1000) is None and function(perf.find(0x5000)) == "fresh"


def test_what_is_gone_is_still_known(path: Path, clock: Clock) -> None:
    path.write_bytes(b"1000 10 kept\n")
    perf = PerfMap(os.getpid(), Counter(), clock)
    assert function(perf.find(0x1000)) == "kept"
    path.unlink()
    clock.now += RECHECK_SECONDS
    assert function(perf.find(0x1000)) == "kept"


def test_hostile_lines(path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        b"", b"\0\0\0", b"xyz 10 a", b"1000", b"1000 10", b"1000 10 ", b"-5 10 negative", b"11000 0 empty",
        b"12000 ffffffffffffffff endless", b"1" * 40 + b" 10 too long a number", b"ffffffffffffffff 10 last",
        b"13000 10 " + b"n" * 5000, b"14000 10 evil\x1b[31m[red]\xff", b"0x15000 0x10 prefixed",
    ]  # fmt: skip
    path.write_bytes(b"\n".join(lines) + b"\n")
    counters = Counter[str]()
    perf = PerfMap(os.getpid(), counters, clock)
    assert function(perf.find(0x14000)) == "evil\x1b[31m[red]\ufffd"
    assert function(perf.find(0x13000)) == "n" * (1024 - len("13000 10 "))
    assert function(perf.find(0x15000)) == "prefixed"
    assert perf.find(0x12000) is None and perf.find(0x1000) is None
    assert counters["perf_map_lines_skipped"] >= 9
    monkeypatch.setattr(perf_map, "MOST_BYTES", 100)
    with path.open("wb") as file:
        file.write(b"1000 10 within\n" + b"2000 10 beyond\n" * 100)
    clock.now += RECHECK_SECONDS
    assert function(perf.find(0x1000)) == "within"
    assert counters["perf_maps_cut"] == 1


def test_one_endless_line(path: Path, clock: Clock) -> None:
    path.write_bytes(b"1000 10 " + b"x" * (3 << 20) + b"\n2000 10 after\n")
    assert function(PerfMap(os.getpid(), Counter(), clock).find(0x2000)) == "after"


@needs_root
def test_only_of_the_process_s_own_user(path: Path, clock: Clock) -> None:
    path.write_bytes(b"1000 10 forged\n")
    os.chown(path, 12345, 12345)
    counters = Counter[str]()
    perf = PerfMap(os.getpid(), counters, clock)
    assert perf.find(0x1000) is None and perf.state is MapState.FOREIGN
    assert counters["perf_maps_refused"] == 1


def test_no_links(path: Path, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "other").write_bytes(b"1000 10 elsewhere\n")
    path.symlink_to(tmp_path / "other")
    assert PerfMap(os.getpid(), Counter(), clock).find(0x1000) is None


def test_a_map_that_is_written_anew_in_its_place(path: Path, clock: Clock) -> None:
    path.write_bytes(b"1000 10 first\n2000 10 second\n")
    perf = PerfMap(os.getpid(), Counter(), clock)
    assert function(perf.find(0x1000)) == "first"
    generation = perf.generation
    path.write_bytes(b"3000 10 third\n1000 10 another\n4000 10 a longer file than before\n")
    assert perf.find(0x1000) is None, "what is read from the place of the old entry is another line"
    clock.now += RECHECK_SECONDS
    assert [function(perf.find(at)) for at in (0x1000, 0x2000, 0x3000)] == ["another", "", "third"]
    assert perf.generation > generation


def test_a_map_that_an_earlier_process_of_the_same_number_left(path: Path, clock: Clock) -> None:
    path.write_bytes(b"1000 10 of another life\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    perf = PerfMap(os.getpid(), Counter(), clock)
    assert perf.find(0x1000) is None and perf.state is MapState.STALE
    path.write_bytes(b"1000 10 of this one\n")
    clock.now += RECHECK_SECONDS
    assert function(perf.find(0x1000)) == "of this one"


def test_large_maps_are_read_bit_by_bit(path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    with path.open("wb") as file:
        for number in range(100_000):
            file.write(b"%x 10 function_%06d\n" % (0x100000 + 0x10 * number, number))
    perf = PerfMap(os.getpid(), Counter(), clock, allowance=Allowance(clock, per_second=1 << 20))
    assert function(perf.find(0x100000)) == "function_000000"
    assert perf.find(0x100000 + 0x10 * 99_999) is None, "more than is read at once"
    clock.now += 2
    perf.refresh()
    clock.now += 2
    assert function(perf.find(0x100000 + 0x10 * 99_999)) == "function_099999"
    monkeypatch.setattr(perf_map, "MOST_ENTRIES", 60_000)
    counters = Counter[str]()
    bounded = PerfMap(os.getpid(), counters, clock)
    assert function(bounded.find(0x100000 + 0x10 * 99_999)) == "function_099999"
    assert bounded.find(0x100000) is None, "those written first go"
    assert counters["perf_map_entries_dropped"] > 0
    assert bounded.weight < 24 * 60_000 + 2048


def test_all_maps_together_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (b"%x 10 function_%06d\n" % (0x100000 + 0x10 * number, number) for number in range(100_000))
    path.write_bytes(b"".join(lines))
    namer, space = Namer(), read_address_space(os.getpid())
    perf = namer.perf_map(space)
    perf.refresh()
    whole = perf.weight
    namer.bound_perf_maps()
    assert perf.weight == whole, "within the bound"
    monkeypatch.setattr("icetop.symbols.namer.PERF_MAP_BYTES", whole // 2)
    namer.bound_perf_maps()
    assert perf.weight <= whole // 2
    assert perf.find(0x100000) is None
    assert function(perf.find(0x100000 + 0x10 * 99_999)) == "function_099999"
    assert namer.counters["perf_map_entries_dropped"] > 0


def test_the_entry_written_last_holds_wherever_it_was_read(path: Path, clock: Clock) -> None:
    perf = PerfMap(os.getpid(), Counter(), clock)
    with path.open("wb", buffering=0) as file:
        for number in range(60):
            file.write(b"5000 10 version%d\n%x 8 other\n" % (number, 0x10000 + 16 * number))
            clock.now += RECHECK_SECONDS
            assert function(perf.find(0x5008)) == f"version{number}"


def test_through_the_namer() -> None:
    process = subprocess.Popen(
        ["python3", "-c", ANONYMOUS_CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    path = Path(f"/tmp/perf-{process.pid}.map")
    try:
        assert process.stdout is not None
        address = int(process.stdout.readline())
        path.write_text(f"{address + 256:x} 40 compiled\n")
        space, namer = read_address_space(process.pid), Namer()
        named, unnamed = namer.locate_user(space, address + 260), namer.locate_user(space, address)
        assert (named.language, named.binary, named.offset) == (Language.JIT, "[JIT]", address + 260)
        assert named.lines == namer.name(space, named) == (Line("compiled"),)
        assert (unnamed.binary, unnamed.lines, namer.name(space, unnamed)) == ("[JIT]", (), ())
    finally:
        path.unlink(missing_ok=True)
        process.communicate("")


@needs_root
def test_in_another_pid_and_mount_namespace(tmp_path: Path) -> None:
    script = tmp_path / "code.py"
    script.write_text(
        "import os\nopen(f'/tmp/perf-{os.getpid()}.map', 'w').write('1000 10 inner\\n')\n" + ANONYMOUS_CODE
    )
    command = f"mount -t tmpfs none /tmp && exec python3 -c '{script.read_text().replace(chr(39), chr(34))}'"
    process = subprocess.Popen(
        ["unshare", "-m", "-p", "-f", "--mount-proc", "sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",
    )
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            pytest.skip("namespaces cannot be made here")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert function(PerfMap(int(children[0]), Counter()).find(0x1004)) == "inner"
    finally:
        process.communicate(b"")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_s_own_map(start: Start, tmp_path: Path) -> None:
    script = tmp_path / "busy.js"
    script.write_text(
        "function scanProducts(n) { let t = 0; for (let i = 0; i < n; i++) t += i % 7; return t; }\n"
        "for (let i = 0; i < 2000; i++) scanProducts(1000);\n"
        "console.log('ready'); process.stdin.on('data', () => {});\n"
    )
    process = start("node", "--perf-basic-prof", script)
    path = Path(f"/tmp/perf-{process.pid}.map")
    try:
        entries = [line.split(" ", 2) for line in path.read_text().splitlines() if "scanProducts" in line]
        space, namer = read_address_space(process.pid), Namer()
        compiled = [start for start, _, _ in entries if space.find(int(start, 16)) is not None]
        assert compiled, "bytecode is listed too, which is not mapped as code"
        for start_address in compiled:
            location = namer.locate_user(space, int(start_address, 16) + 1)
            assert location.language is Language.NODE
            assert (location.lines[0].function, location.lines[0].start_line) == ("scanProducts", 1)
            assert location.lines[0].file.endswith("busy.js")
    finally:
        path.unlink(missing_ok=True)
