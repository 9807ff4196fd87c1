"""200 addresses of a C++, a Rust and a Go program and of the kernel have the names that other tools give them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from icetop.profiles.locations import Location
from icetop.profiles.vocabulary import Language
from icetop.symbols.mappings import read_address_space
from icetop.symbols.namer import Namer
from icetop.tests.programs_to_run import Build, Start
from icetop.tests.symbols.oracle import Symbol, addr2line, build_id, file_offset, functions, names_at, readable, slide

ADDRESSES = 200

PROGRAMS = {
    "cpp": (("names_cpp", "g++", "-O2", "-std=c++17", "names.cpp"), Language.NATIVE),
    "cpp_static": (("names_static", "g++", "-O2", "-std=c++17", "-static", "names.cpp"), Language.NATIVE),
    "rust": (("names_rust", "rustc", "-O", "names.rs"), Language.NATIVE),
    "rust_legacy": (
        ("names_legacy", "rustc", "-O", "-Csymbol-mangling-version=legacy", "-Zunstable-options", "names.rs"),
        Language.NATIVE,
    ),
    "go": (("names_go", "go", "names.go"), Language.GO),
}


def spread(symbols: list[Symbol], seed: int) -> list[int]:
    """Addresses inside functions, spread over all of them."""
    chooser = random.Random(seed)
    chosen = symbols if len(symbols) < ADDRESSES else chooser.sample(symbols, ADDRESSES)
    return [symbol.address + chooser.randrange(symbol.size) for symbol in chooser.choices(chosen, k=ADDRESSES)]


def program_of(kind: str, build: Build, monkeypatch: pytest.MonkeyPatch) -> Path:
    if kind == "rust_legacy":
        monkeypatch.setenv("RUSTC_BOOTSTRAP", "1")
    return build(*PROGRAMS[kind][0])


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_running_program(kind: str, build: Build, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    program = program_of(kind, build, monkeypatch)
    process = start(program)
    symbols = [symbol for symbol in functions(program) if symbol.size]
    space, namer, base = read_address_space(process.pid), Namer(), slide(program, process.pid)
    addresses = spread(symbols, seed=11)
    wrong = []
    for address, other in zip(addresses, addr2line(program, addresses), strict=True):
        location = namer.locate_user(space, base + address)
        assert location.binary == str(program)
        assert location.offset == file_offset(program, address)
        assert location.language is PROGRAMS[kind][1]
        assert not build_id(program) or location.build_id == build_id(program)
        lines = namer.name(space, location)
        expected = names_at(symbols, address)
        outer = lines[-1].function if lines else ""
        if outer != readable(other[-1][0]) and (len(expected) == 1 or outer not in expected):
            wrong.append((hex(address), lines, expected, other[-1]))
    assert not wrong
    assert namer.counters["tables_loaded"] == 1
    assert not namer.counters["tables_refused"] + namer.counters["binaries_refused"]


def test_a_second_look_has_the_name_at_once(build: Build, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    program = program_of("cpp", build, monkeypatch)
    process = start(program)
    namer, space = Namer(), read_address_space(process.pid)
    place = next(symbol for symbol in functions(program) if symbol.name == "plain_c_name")
    address = place.address + slide(program, process.pid)
    first = namer.locate_user(space, address)
    assert first.lines == ()
    assert namer.name(space, first)[0].function == "plain_c_name"
    assert namer.locate_user(space, address).lines == namer.name(space, first)


def test_cold_parts_have_their_function_s_name(build: Build, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    program = program_of("cpp", build, monkeypatch)
    cold = [symbol for symbol in functions(program) if "[clone .cold]" in symbol.name]
    assert any("shop::checked" in symbol.name for symbol in cold)
    namer = Namer()
    for symbol in cold:
        location = Location(Language.NATIVE, str(program), build_id(program), file_offset(program, symbol.address))
        name = namer.name_saved(location)[0].function
        assert name == readable(symbol.name) and "clone" not in name


def test_the_kernel() -> None:
    text: dict[int, set[str]] = {}
    for line in Path("/proc/kallsyms").read_text().splitlines():
        hexadecimal, kind, name, *module = line.split()
        if not module:
            text.setdefault(int(hexadecimal, 16), set()).update({name} if kind in "tTwW" else set())
    if not any(text):
        pytest.skip("the kernel hides its addresses")
    borders = sorted(text)
    chooser = random.Random(12)
    marks = {"_etext", "_einittext", "__end_rodata", "_end"}
    places = [place for place in range(len(borders) - 1) if text[borders[place]] - marks]
    namer = Namer()
    for place in chooser.sample(places, ADDRESSES):
        address = chooser.randrange(borders[place], borders[place + 1])
        location = namer.locate_kernel(address)
        assert location.lines and location.lines[0].function in set(map(readable, text[borders[place]]))
        assert (location.language, location.binary, location.offset) == (Language.KERNEL, "[kernel]", address)
