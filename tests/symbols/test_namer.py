from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from icetop.profiles.locations import Location
from icetop.profiles.vocabulary import Language
from icetop.symbols.mappings import AddressSpace, Mapping, read_address_space
from icetop.symbols.namer import Namer
from icetop.tests.programs_to_run import Build, Start
from icetop.tests.symbols.conftest import SOURCES
from icetop.tests.symbols.oracle import addr2line, build_id, file_offset, functions, slide


def test_the_vdso_of_another_process(small: Path, start: Start, tmp_path: Path) -> None:
    own = next(mapping for mapping in read_address_space(os.getpid()).mappings if mapping.path == "[vdso]")
    image = tmp_path / "vdso.so"
    image.write_bytes(ctypes.string_at(own.start, own.end - own.start))
    space, namer = read_address_space(start(small).pid), Namer()
    mapping = next(mapping for mapping in space.mappings if mapping.path == "[vdso]")
    symbols = [symbol for symbol in functions(image, "-D") if symbol.size]
    assert symbols
    for symbol in symbols:
        location = namer.locate_user(space, mapping.start + symbol.address + symbol.size - 1)
        assert (location.binary, location.build_id) == ("[vdso]", build_id(image))
        names = {other.name for other in symbols if other.address == symbol.address}
        assert location.lines[0].function in names
        assert namer.name(space, Location(location.language, "[vdso]", location.build_id, location.offset))


def test_the_vdso_of_a_32_bit_process_is_another() -> None:
    space = AddressSpace(os.getpid(), (Mapping(0xF7F00000, 0xF7F02000, 0, 0, 0, "[vdso]", False),))
    assert Namer().locate_user(space, 0xF7F00800).lines == ()


def test_where_nothing_is_mapped() -> None:
    location = Namer().locate_user(AddressSpace(os.getpid(), ()), 0x1234)
    assert (location.language, location.binary, location.offset) == (Language.NATIVE, "[unknown]", 0x1234)
    assert Namer().name(None, location) == ()


def test_lines_and_inlined_functions(build: Build, start: Start) -> None:
    program = build("small_debug", "gcc", "-g", "-O2", "small.c")
    process = start(program)
    space, namer, base = read_address_space(process.pid), Namer(), slide(program, process.pid)
    symbol = next(symbol for symbol in functions(program) if symbol.name == "outer_function")
    addresses = list(range(symbol.address, symbol.address + symbol.size))
    depths = set()
    for address, frames in zip(addresses, addr2line(program, addresses), strict=True):
        lines = namer.lines_of(space, namer.locate_user(space, base + address))
        assert [(line.function, f"{line.file}:{line.line}") for line in lines] == frames
        depths.add(len(lines))
    assert depths >= {1, 2}
    assert lines[-1].function == "outer_function"
    source = (SOURCES / "small.c").read_text().splitlines()
    assert "outer_function" in source[lines[-1].start_line - 1]


def test_debug_information_that_is_too_large_is_refused(build: Build, tmp_path: Path) -> None:
    program = build("small_packed", "gcc", "-g", "-gz=zlib", "-O2", "small.c")
    symbol = next(symbol for symbol in functions(program) if symbol.name == "outer_function")
    offset, bomb = file_offset(program, symbol.address), tmp_path / "bomb"
    with program.open("rb") as file:
        section = next(part for part in ELFFile(file).iter_sections() if part.name == ".debug_info")
        header = section["sh_offset"]
    data = bytearray(program.read_bytes())
    for path, unpacked, depth in ((program, None, True), (bomb, 1 << 50, False)):
        if unpacked is not None:
            data[header + 8 : header + 16] = unpacked.to_bytes(8, "little")
            bomb.write_bytes(data)
        namer = Namer()
        lines = namer.lines_of(None, Location(Language.NATIVE, str(path), build_id(program), offset))
        assert lines[-1].function == "outer_function"
        assert bool(lines[-1].line) is depth
        assert namer.counters["debug_files_refused"] == (0 if depth else 1)


def test_lines_of_a_program_without_them_are_its_names(small: Path, start: Start) -> None:
    process = start(small)
    space, namer = read_address_space(process.pid), Namer()
    symbol = next(symbol for symbol in functions(small) if symbol.name == "outer_function")
    location = namer.locate_user(space, slide(small, process.pid) + symbol.address)
    assert [line.function for line in namer.lines_of(space, location)] == ["outer_function"]


def test_names_that_are_there_stay() -> None:
    namer = Namer()
    kernel = namer.locate_kernel(0xFFFFFFFF81000000)
    assert namer.name(None, kernel) == kernel.lines == namer.lines_of(None, kernel) == namer.name_saved(kernel)


def test_the_collector_s_way_imports_nothing_heavy(small: Path) -> None:
    script = (
        "import os, sys\n"
        "before = set(sys.modules)\n"
        "from icetop.symbols.mappings import read_address_space\n"
        "from icetop.symbols.namer import Namer\n"
        "space, namer = read_address_space(os.getpid()), Namer()\n"
        "locations = [namer.locate_user(space, mapping.start + 4096) for mapping in space.mappings]\n"
        "names = [namer.name(space, location) for location in locations]\n"
        "namer.locate_kernel(0xffffffff81000000)\n"
        "heavy = {'numpy', 'symbolic', 'elftools', 'textual', 'psutil', 'asyncio', 'lzma', 'bcc', 'hashlib'}\n"
        "heavy &= set(sys.modules) - before\n"
        "assert any(names) and not heavy, heavy\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / ".namespace")}
    subprocess.run(["python3", "-c", script], check=True, env=environment)


@pytest.mark.parametrize("pid", [2**22 + 1, 0])
def test_processes_that_are_not_there(pid: int) -> None:
    mapping = Mapping(0x1000, 0x2000, 0, 99, 99, "/not/there", False)
    anonymous = Mapping(0x3000, 0x4000, 0, 0, 0, "", False)
    space, namer = AddressSpace(pid, (mapping, anonymous)), Namer()
    first, second = namer.locate_user(space, 0x1010), namer.locate_user(space, 0x3010)
    assert (first.binary, first.offset, first.lines) == ("/not/there", 0x10, ())
    assert (second.binary, second.language, second.offset) == ("[JIT]", Language.JIT, 0x3010)
    assert namer.name(space, first) == namer.name(space, second) == ()
