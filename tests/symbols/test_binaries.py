"""Files that are stripped, split, deleted, elsewhere, hostile: named where they can be, never an exception."""

from __future__ import annotations

import mmap
import os
import random
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from icetop.profiles.locations import Location
from icetop.profiles.vocabulary import Language
from icetop.symbols import binaries, debug_files
from icetop.symbols.binaries import Binary, BinaryCache
from icetop.symbols.debug_lines import DebugLines
from icetop.symbols.elf_symbols import SymbolTables
from icetop.symbols.mappings import read_address_space
from icetop.symbols.namer import Namer
from icetop.symbols.raw_bytes import open_regular
from icetop.tests.programs_to_run import Build, Start
from icetop.tests.symbols.conftest import SOURCES, needs_root
from icetop.tests.symbols.oracle import Symbol, build_id, file_offset, functions, output, readable, slide

pytestmark = [
    pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed") for tool in ("gcc", "objcopy")
]


def symbol_of(program: Path, name: str, *options: str) -> Symbol:
    return next(symbol for symbol in functions(program, *options) if symbol.name == name)


def address_of(program: Path, name: str) -> int:
    """The address of a symbol, also one without a size."""
    lines = (line.split() for line in output("nm", "--defined-only", program).splitlines())
    return next(int(fields[0], 16) for fields in lines if fields[-1] == name)


def saved_name(program: Path, address: int, offset_from: Path | None = None) -> str:
    """What a fresh namer calls a virtual address of a file, empty for nothing."""
    offset = file_offset(offset_from or program, address)
    lines = Namer().name_saved(Location(Language.NATIVE, str(program), identity(program), offset))
    return lines[0].function if lines else ""


def identity(program: Path) -> str:
    binary = BinaryCache(Counter()).at_path(str(program))
    return binary.build_id if binary is not None else ""


def test_gaps_and_symbols_without_a_size(small: Path) -> None:
    sized, label, after = (
        address_of(small, name) for name in ("sized_function", "label_without_size", "after_the_label")
    )
    assert saved_name(small, sized) == saved_name(small, sized + 2) == "sized_function"
    assert saved_name(small, sized + 3) == saved_name(small, label - 1) == ""
    assert saved_name(small, label) == saved_name(small, after - 1) == "label_without_size"
    assert saved_name(small, after) == "after_the_label"


def test_only_dynamic_symbols(build: Build) -> None:
    program = build("exporting", "gcc", "-O1", "-rdynamic", "-Wl,--build-id", "small.c")
    stripped = build("exporting_stripped", "strip", str(program))
    known, hidden = symbol_of(program, "outer_function"), symbol_of(program, "hidden_function")
    assert symbol_of(stripped, "outer_function", "-D").address == known.address
    assert saved_name(stripped, known.address + 1) == "outer_function"
    assert saved_name(stripped, hidden.address) == ""


def test_stripped_of_everything(small: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, small], check=True)
    assert saved_name(stripped, symbol_of(small, "outer_function").address) == ""


@pytest.mark.parametrize("by", ["build_id", "link", "checksum"])
def test_symbols_in_a_file_of_their_own(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debug_files, "ROOT", str(tmp_path / "debug"))
    program = tmp_path / "program"
    build_id_option = "-Wl,--build-id=none" if by == "checksum" else "-Wl,--build-id"
    subprocess.run(["gcc", "-O1", "-g", build_id_option, SOURCES / "small.c", "-o", program], check=True)
    hidden, known_id = symbol_of(program, "hidden_function").address, build_id(program)
    if by == "build_id":
        separate = tmp_path / "debug" / ".build-id" / known_id[:2] / f"{known_id[2:]}.debug"
    else:
        separate = tmp_path / ".debug" / "program.debug"
    separate.parent.mkdir(parents=True)
    subprocess.run(["objcopy", "--only-keep-debug", program, separate], check=True)
    link = [] if by == "build_id" else [f"--add-gnu-debuglink={separate}"]
    subprocess.run(["objcopy", "--strip-all", *link, program], check=True)
    assert saved_name(program, hidden) == "hidden_function"
    separate.write_bytes(separate.read_bytes().replace(b"hidden_function", b"forged_function"))
    assert saved_name(program, hidden) == ("" if by == "checksum" else "forged_function")
    other = tmp_path / "other"
    subprocess.run(["gcc", "-O2", "-g", "-Wl,--build-id", SOURCES / "small.c", "-o", other], check=True)
    shutil.copy(other, separate)
    assert saved_name(program, hidden) == "", "a file with another build-id or checksum is not used"


@pytest.mark.skipif(shutil.which("xz") is None, reason="xz is not installed")
def test_mini_debug_info(small: Path, tmp_path: Path) -> None:
    program, table = tmp_path / "program", tmp_path / "table"
    subprocess.run(["objcopy", "--only-keep-debug", small, table], check=True)
    subprocess.run(["xz", table], check=True)
    subprocess.run(["objcopy", "--strip-all", f"--add-section=.gnu_debugdata={table}.xz", small, program], check=True)
    assert saved_name(program, symbol_of(small, "hidden_function").address) == "hidden_function"
    bomb = tmp_path / "bomb"
    subprocess.run(f"head -c 100M /dev/zero | xz > {bomb}", shell=True, check=True)
    subprocess.run(["objcopy", "--strip-all", f"--add-section=.gnu_debugdata={bomb}", small, program], check=True)
    assert saved_name(program, symbol_of(small, "hidden_function").address) == ""


def test_a_stripped_go_program(build: Build) -> None:
    whole = build("names_go", "go", "names.go")
    stripped = build("go_stripped", "go", "-ldflags=-s -w", "names.go")
    if output("nm", "-a", whole) == "" or len(functions(whole)) < 1000:
        pytest.skip("this Go writes no symbols")
    here = {symbol.address: symbol for symbol in functions(whole) if symbol.size}
    cache, counters = BinaryCache(Counter()), Counter[str]()
    binary, tables = cache.at_path(str(stripped)), SymbolTables(1 << 24, counters)
    assert binary is not None and binary.language is Language.GO
    named = {}
    for address, symbol in here.items():
        name = tables.find(binary, file_offset(stripped, address + symbol.size // 2)) or b""
        named[symbol.name] = re.sub(r"\[.*\]", "[...]", name.decode()).replace("·", ".")
    assert named == {name: re.sub(r"\[.*\]", "[...]", name).removesuffix(".abi0") for name in named}


@pytest.mark.parametrize("flags", [("-fcf-protection=full",), ("-fcf-protection=none",)])
def test_stubs_of_shared_libraries(flags: tuple[str, ...], build: Build) -> None:
    program = build(f"names{flags[0]}", "g++", "-O2", "-std=c++17", *flags, "names.cpp")
    labels = re.findall(
        r"^([0-9a-f]+) <(.*@plt)>:$", output("objdump", "-d", "-C", "-j.plt.sec", "-j.plt", program), re.M
    )
    stubs = {
        int(start, 16): readable(name[:-4]) + "@plt"
        for start, name in labels
        if "-0x" not in name and not name.startswith("*ABS*")
    }
    assert len(stubs) > 5
    assert {address: saved_name(program, address + 5) for address in stubs} == stubs


def test_a_deleted_binary(small: Path, start: Start, tmp_path: Path) -> None:
    program = tmp_path / "deleted"
    shutil.copy(small, program)
    process = start(program)
    known, base = symbol_of(small, "outer_function"), slide(program, process.pid)
    program.unlink()
    namer, space = Namer(), read_address_space(process.pid)
    location = namer.locate_user(space, base + known.address)
    assert (location.binary, location.build_id) == (str(program), build_id(small))
    assert namer.name(space, location)[0].function == "outer_function"


def test_a_binary_put_in_the_place_of_the_one_that_runs(small: Path, start: Start, tmp_path: Path) -> None:
    program = tmp_path / "replaced"
    shutil.copy(small, program)
    process = start(program)
    known, base = symbol_of(small, "outer_function"), slide(program, process.pid)
    other = tmp_path / "other"
    subprocess.run(["gcc", "-O0", SOURCES / "small.c", "-o", other], check=True)
    other.replace(program)
    namer, space = Namer(), read_address_space(process.pid)
    location = namer.locate_user(space, base + known.address)
    assert location.build_id == build_id(small) != build_id(program)
    assert namer.name(space, location)[0].function == "outer_function"


def test_a_process_that_is_gone(small: Path, start: Start) -> None:
    process = start(small)
    known, base = symbol_of(small, "outer_function"), slide(small, process.pid)
    namer, space = Namer(), read_address_space(process.pid)
    process.kill()
    process.wait()
    location = namer.locate_user(space, base + known.address)
    assert location.build_id == build_id(small)
    assert namer.name(space, location)[0].function == "outer_function"


def test_gone_and_deleted_after_it_was_located(small: Path, start: Start, tmp_path: Path) -> None:
    program = tmp_path / "gone"
    shutil.copy(small, program)
    process = start(program)
    known, base = symbol_of(small, "outer_function"), slide(program, process.pid)
    namer, space = Namer(), read_address_space(process.pid)
    location = namer.locate_user(space, base + known.address)
    process.kill()
    process.wait()
    program.unlink()
    assert namer.name(space, location)[0].function == "outer_function"
    assert namer.name(None, location)[0].function == "outer_function"


@needs_root
@pytest.mark.parametrize("link", [True, False])
def test_another_mount_namespace(
    link: bool, small: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    script = f"mount -t tmpfs none {folder} && cp {small} {folder}/program && exec {folder}/program"
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("mount namespaces cannot be made here")
    process = start("unshare", "-m", "sh", "-c", script)
    assert not (folder / "program").exists()
    known, base = symbol_of(small, "outer_function"), slide(small, process.pid, "inside/program")
    if not link:

        def refuse_links(path: str, follow: bool = True) -> int:
            if "map_files" in path:
                raise PermissionError(path)
            return open_regular(path, follow)

        monkeypatch.setattr(binaries, "open_regular", refuse_links)
    namer, space = Namer(), read_address_space(process.pid)
    location = namer.locate_user(space, base + known.address)
    assert location.build_id == build_id(small)
    assert namer.name(space, location)[0].function == "outer_function"


def test_another_file_at_the_path_is_not_taken_for_it(
    small: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    shutil.copy(small, program)
    process = start(program)
    base = slide(program, process.pid)
    space = read_address_space(process.pid)
    program.rename(tmp_path / "moved")
    shutil.copy(small, program)

    def refuse_links(path: str, follow: bool = True) -> int:
        if "map_files" in path:
            raise PermissionError(path)
        return open_regular(path, follow)

    monkeypatch.setattr(binaries, "open_regular", refuse_links)
    namer = Namer()
    location = namer.locate_user(space, base + symbol_of(small, "outer_function").address)
    assert (location.build_id, location.binary) == ("", str(program))
    assert namer.name(space, location) == ()
    assert namer.counters["binaries_gone"] == 1


def test_files_are_closed_and_opened_again(small: Path, start: Start, tmp_path: Path) -> None:
    namer = Namer(most_open=3)
    before = len(os.listdir("/proc/self/fd"))
    known, places = symbol_of(small, "outer_function"), []
    for number in range(8):
        program = tmp_path / f"program{number}"
        program.write_bytes(small.read_bytes().replace(b"outer_function", b"outer_functi%02d" % number))
        with program.open("ab") as file:
            file.write(bytes(number))
        program.chmod(0o755)
        process = start(program)
        space = read_address_space(process.pid)
        places.append((space, namer.locate_user(space, slide(program, process.pid) + known.address)))
    assert len(os.listdir("/proc/self/fd")) <= before + 3 + 8 * 2
    assert namer.counters["binaries_closed"] >= 5
    for number, (space, location) in enumerate(places):
        assert namer.name(space, location)[0].function == f"outer_functi{number:02}"
    assert len(os.listdir("/proc/self/fd")) <= before + 3 + 8 * 2


def test_a_shared_binary_is_read_once(small: Path, start: Start, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copy(small, copy)
    namer, known, locations = Namer(), symbol_of(small, "outer_function"), []
    for program in (small, small, copy):
        process = start(program)
        space = read_address_space(process.pid)
        locations.append(namer.locate_user(space, slide(program, process.pid) + known.address))
        assert namer.name(space, locations[-1])[0].function == "outer_function"
    assert namer.counters["binaries_opened"] == 2
    assert namer.counters["tables_loaded"] == 1
    assert len({(location.build_id, location.offset) for location in locations}) == 1


def test_tables_are_bounded(small: Path, build: Build) -> None:
    counters = Counter[str]()
    cache, tables = BinaryCache(counters), SymbolTables(4096, counters)
    large = build("names_cpp", "g++", "-O2", "-std=c++17", "names.cpp")
    for program, name, known in ((large, "plain_c_name", False), (small, "outer_function", True)):
        binary = cache.at_path(str(program))
        assert binary is not None
        found = tables.find(binary, file_offset(program, symbol_of(program, name).address))
        assert found == (name.encode() if known else None)
    assert counters["tables_refused"] == 1


def test_without_a_build_id_the_contents_tell(tmp_path: Path) -> None:
    program = tmp_path / "program"
    subprocess.run(["gcc", "-O1", "-Wl,--build-id=none", SOURCES / "small.c", "-o", program], check=True)
    assert build_id(program) == ""
    assert saved_name(program, symbol_of(program, "outer_function").address) == "outer_function"
    first = identity(program)
    assert len(first) == 32
    with program.open("ab") as file:
        file.write(b"changed")
    assert identity(program) != first


def test_names_and_paths_with_control_characters(small: Path, start: Start, tmp_path: Path) -> None:
    program = tmp_path / "pro\x1b[2J\n[bold red]gram"
    program.write_bytes(small.read_bytes().replace(b"outer_function", b"ou\x1b[31m[r]\xff\nnn"))
    program.chmod(0o755)
    process = start(program)
    space, known = read_address_space(process.pid), symbol_of(small, "outer_function")
    first = min(mapping.start - mapping.offset for mapping in space.mappings if mapping.path == str(program))
    namer = Namer()
    location = namer.locate_user(space, first + known.address)
    assert location.binary == str(program)
    assert namer.name(space, location)[0].function == "ou\x1b[31m[r]\ufffd\nnn"


def probe(program: Path, offsets: list[int], counters: Counter[str]) -> None:
    """Everything that reads a file, on one that may be damaged."""
    cache, tables, lines = BinaryCache(counters), SymbolTables(1 << 22, counters), DebugLines(counters)
    binary = cache.at_path(str(program))
    if isinstance(binary, Binary):
        for offset in offsets:
            assert isinstance(tables.find(binary, offset), bytes | None)
            lines.find(binary, offset)


@pytest.mark.parametrize("kind", ["debug", "stripped", "go"])
def test_files_cut_short_and_changed_anywhere(kind: str, build: Build, tmp_path: Path) -> None:
    if kind == "go":
        whole = build("go_stripped", "go", "-ldflags=-s -w", "names.go")
    else:
        whole = build("hostile", "gcc", "-g", "-O1", "-rdynamic", "small.c")
        if kind == "stripped":
            whole = build("hostile_stripped", "strip", str(whole))
    data, hostile, counters = whole.read_bytes(), tmp_path / "hostile", Counter[str]()
    offsets = [file_offset(whole, start) for start in (address_in_code(whole), address_in_code(whole) + 100)]
    chooser = random.Random(7)
    for step in range(50):
        hostile.write_bytes(data[: len(data) * step // 50])
        probe(hostile, offsets, counters)
    headers = [*range(64 + 56 * 14), *range(len(data) - 64 * 40, len(data))]
    for _ in range(60 if kind == "go" else 250):
        changed = bytearray(data)
        for _ in range(chooser.randrange(1, 6)):
            changed[chooser.choice((chooser.choice(headers), chooser.randrange(len(data))))] = chooser.randrange(256)
        hostile.write_bytes(changed)
        probe(hostile, offsets, counters)
    assert counters["binaries_refused"] > 0 and counters["binaries_opened"] > 0


def address_in_code(program: Path) -> int:
    fields = next(line for line in output("readelf", "-SW", program).splitlines() if " .text " in line).split("]")[1]
    return int(fields.split()[2], 16)


def test_mapped_files_that_are_no_binaries(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"no binary at all" * 1000)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ | mmap.PROT_EXEC):
        space, namer = read_address_space(os.getpid()), Namer()
        mapping = next(mapping for mapping in space.mappings if mapping.path == str(path))
        for _ in range(3):
            location = namer.locate_user(space, mapping.start + 5)
            assert (location.binary, location.build_id, location.offset) == (str(path), "", 5)
            assert namer.name(space, location) == ()
        assert namer.counters["binaries_refused"] == 1


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/null"), tmp_path / "nothing"):
        with pytest.raises(OSError):
            open_regular(str(path))
        assert BinaryCache(Counter()).at_path(str(path)) is None
    assert BinaryCache(Counter()).at_path("with\0zero") is None


def test_saved_locations_need_the_same_build_id(small: Path) -> None:
    offset = file_offset(small, symbol_of(small, "outer_function").address)
    location = Location(Language.NATIVE, str(small), build_id(small), offset)
    assert Namer().name_saved(location)[0].function == "outer_function"
    for other in ("00" * 20, ""):
        assert Namer().name_saved(Location(Language.NATIVE, str(small), other, offset)) == ()
    assert Namer().name_saved(Location(Language.NATIVE, "/not/there", build_id(small), offset)) == ()
    assert Namer().name_saved(Location(Language.KERNEL, "[kernel]", "", 0xFFFFFFFF81000000)) == ()
