from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest
from icetop.symbols import mappings
from icetop.symbols.mappings import Mapping, read_address_space
from icetop.tests.programs_to_run import Start


def maps_of(monkeypatch: pytest.MonkeyPatch, text: bytes) -> tuple[Mapping, ...]:
    monkeypatch.setattr(mappings, "_read_maps", lambda pid: text)
    return read_address_space(1).mappings


def test_own_code_is_found() -> None:
    space = read_address_space(os.getpid())
    lines = [line.split() for line in Path("/proc/self/maps").read_text().splitlines() if "x" in line.split()[1]]
    for fields in lines:
        start, end = (int(number, 16) for number in fields[0].split("-"))
        mapping = space.find(start)
        assert mapping is not None and mapping == space.find(end - 1)
        assert (mapping.start, mapping.end, mapping.offset) == (start, end, int(fields[2], 16))
        assert mapping.has_file == (fields[4] != "0")
        if mapping.has_file:
            assert mapping.inode == os.stat(mapping.path).st_ino
    assert space.find(0) is None
    assert space.find(1 << 64) is None


def test_only_code_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = maps_of(monkeypatch, b"1000-2000 rw-p 00000000 08:01 5 /data\n3000-4000 r-xp 00001000 08:01 5 /code\n")
    assert [mapping.path for mapping in found] == ["/code"]


def test_paths_are_data(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        b"1000-2000 r-xp 00000000 fe:10 77                         /a b\\012c\x1b[31m[red]  d (deleted)\n"
        b"2000-3000 r-xp 00000000 00:00 0 \n"
        b"3000-4000 r-xp 00000000 00:00 0                          [vdso]\n"
        b"4000-5000 r-xs 00000000 08:01 9                          /not\xffutf8\n"
    )
    first, second, third, fourth = maps_of(monkeypatch, text)
    assert (first.path, first.deleted, first.device) == ("/a b\nc\x1b[31m[red]  d", True, os.makedev(0xFE, 0x10))
    assert (second.path, second.has_file) == ("", False)
    assert third.path == "[vdso]"
    assert os.fsencode(fourth.path) == b"/not\xffutf8"


def test_nonsense_is_no_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    assert maps_of(monkeypatch, b"\x00\xff\nzz-yy r-xp\n1000-2000 r-xp\n") == ()


def test_a_process_that_is_not_there() -> None:
    with pytest.raises(ProcessLookupError):
        read_address_space(2**22 + 1)


def test_a_kernel_thread_has_no_mappings() -> None:
    kthreadd = Path("/proc/2/comm")
    if not kthreadd.exists() or kthreadd.read_text().strip() != "kthreadd" or os.geteuid() != 0:
        pytest.skip("kernel threads are not visible here")
    assert read_address_space(2).mappings == ()


def test_reading_again_keeps_what_was_found(start: Start, small: Path) -> None:
    process = start(small)
    space = read_address_space(process.pid)
    space.found = dict.fromkeys(space.mappings)
    assert read_address_space(process.pid, space) is space
    own = read_address_space(os.getpid())
    own.found = dict.fromkeys(own.mappings)
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC):
        again = read_address_space(os.getpid(), own)
    assert again is not own
    assert set(own.mappings) - set(again.found) == set(own.mappings) - set(again.mappings)
