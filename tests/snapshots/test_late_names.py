"""Names for saved places from folders and servers: by build-id, from binaries and from files with symbols alone."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from icetop.profiles.locations import Line, Location
from icetop.profiles.vocabulary import Language
from icetop.snapshots.file_source import FileSource
from icetop.snapshots.limits import Limits
from icetop.snapshots.pprof_writer import encode_pprof
from icetop.symbols import debuginfod, symbol_folder
from icetop.symbols.debuginfod import Debuginfod
from icetop.symbols.elf_file import ElfFile
from icetop.symbols.raw_bytes import FileBytes, open_regular
from icetop.symbols.symbol_folder import SymbolFolder

from ..profile_maker import MAIN, ProfileMaker

pytestmark = pytest.mark.skipif(shutil.which("objcopy") is None, reason="binutils are not installed")


def place(program: Path, function: str) -> Location:
    """A place in a function, as a recording of a stripped copy has it."""
    symbols = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    address = next(int(line.split()[0], 16) for line in symbols.splitlines() if line.endswith(f" {function}"))
    elf = ElfFile(FileBytes(open_regular(str(program))))
    offset = elf.offset_of(address)
    assert offset is not None and elf.build_id
    return Location(Language.NATIVE, "/gone/shares", elf.build_id, offset + 3)


@pytest.fixture(params=[(), ("-static",)], ids=["pie", "static"])
def program(request: pytest.FixtureRequest, build: Callable[..., Path]) -> Path:
    return build("shares", "-O1", "-fno-inline", "-Wl,--build-id", *request.param)


def test_a_binary_in_the_folder(tmp_path: Path, program: Path) -> None:
    (tmp_path / "deep").mkdir()
    shutil.copy(program, tmp_path / "deep" / "other-name")
    (tmp_path / "text").write_text("no ELF file")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = SymbolFolder([str(tmp_path)])
    assert found.lines(place(program, "burn_thirty")) == (Line("burn_thirty"),)
    assert found.lines(Location(Language.NATIVE, "/gone/shares", "0" * 40, 4096)) == ()
    assert found.lines(Location(Language.NATIVE, "/gone/shares", "../../etc", 4096)) == ()


def test_a_file_with_the_symbols_alone(tmp_path: Path, program: Path) -> None:
    subprocess.run(["objcopy", "--only-keep-debug", program, tmp_path / "x.debug"], check=True)
    found = SymbolFolder([str(tmp_path)])
    for function in ("burn_sixty", "burn_ten", "burn_all", "main"):
        assert found.lines(place(program, function)) == (Line(function),)


def test_a_stripped_binary_beside_its_debug_file(tmp_path: Path, program: Path) -> None:
    subprocess.run(["objcopy", "--only-keep-debug", program, tmp_path / "x.debug"], check=True)
    subprocess.run(["strip", "-o", tmp_path / "stripped", program], check=True)
    assert SymbolFolder([str(tmp_path)]).lines(place(program, "burn_ten")) == (Line("burn_ten"),)


def test_the_number_of_files_is_bounded(tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbol_folder, "MOST_FILES", 0)
    shutil.copy(program, tmp_path)
    assert SymbolFolder([str(tmp_path)]).lines(place(program, "main")) == ()


def test_a_file_that_is_opened_with_symbols_gets_its_names(tmp_path: Path, program: Path) -> None:
    maker = ProfileMaker()
    maker.add(maker.node_of([place(program, "main"), place(program, "burn_ten")]), maker.who(MAIN))
    path = tmp_path / "x.pb.gz"
    path.write_bytes(encode_pprof(maker.tick()))
    assert {len(location.lines) for location in FileSource(str(path)).profile().locations} == {0}
    shutil.copy(program, tmp_path)
    named = FileSource(str(path), Limits(symbols=(str(tmp_path),))).profile()
    assert sorted(location.lines[0].function for location in named.locations) == ["burn_ten", "main"]


class _Handler(http.server.BaseHTTPRequestHandler):
    files: dict[str, bytes] = {}  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        content = self.files.get(self.path)
        self.send_response(200 if content is not None else 404)
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    _Handler.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_a_server_is_asked_once_and_what_it_gave_is_kept(tmp_path: Path, program: Path, server: str) -> None:
    subprocess.run(["objcopy", "--only-keep-debug", program, tmp_path / "x"], check=True)
    wanted = place(program, "burn_sixty")
    _Handler.files[f"/buildid/{wanted.build_id}/debuginfo"] = (tmp_path / "x").read_bytes()
    for _ in range(2):
        found = SymbolFolder([], Debuginfod([server, "file:///etc"], tmp_path / "cache").fetch)
        assert found.lines(wanted) == (Line("burn_sixty"),)
        assert found.lines(Location(Language.NATIVE, "/gone/y", "ab" * 20, 4096)) == ()
    assert _Handler.asked.count(f"/buildid/{wanted.build_id}/debuginfo") == 1


def test_a_server_that_lies_or_is_away(
    tmp_path: Path, program: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = place(program, "burn_sixty")
    _Handler.files[f"/buildid/{wanted.build_id}/debuginfo"] = b"\x7fELF" + bytes(5000)
    cache = tmp_path / "cache"
    assert SymbolFolder([], Debuginfod([server], cache).fetch).lines(wanted) == ()
    assert SymbolFolder([], Debuginfod(["http://127.0.0.1:9"], tmp_path / "no").fetch).lines(wanted) == ()
    monkeypatch.setattr(debuginfod, "LARGEST", 100)
    assert Debuginfod([server], tmp_path / "small").fetch(wanted.build_id) is None
    assert list((tmp_path / "small").iterdir()) == []
    assert Debuginfod([server], tmp_path / "late", seconds=0).fetch(wanted.build_id) is None
