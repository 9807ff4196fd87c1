from __future__ import annotations

import os
from pathlib import Path

import pytest
from icetop.symbols import kept_text
from icetop.symbols.kernel import REREAD_SECONDS, KernelName, KernelSymbols

CORE = b"""\
0000000000001000 A cpu_data
ffffffff81000000 T _stext
ffffffff81000000 T startup_64
ffffffff81000040 t __pi_memmove
ffffffff81000040 W memmove_weak
ffffffff81000040 T __memmove
ffffffff81000040 T memmove
ffffffff81000100 T last_function
ffffffff81000200 T _etext
ffffffff82000000 D some_data
ffffffff83000000 T _sinittext
ffffffff83000000 t init_function
ffffffff83000100 T _einittext
ffffffff83100000 B _end
"""
MODULES = b"""\
ffffffffc0002000 t second\t[fat]
ffffffffc0001000 T first\t[fat]
ffffffffc0003000 d data\t[fat]
ffffffffc0100000 t bpf_prog_0123_sample\t[bpf]
"""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "kallsyms"
    path.write_bytes(CORE + MODULES)
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_names(source: Path) -> None:
    symbols = KernelSymbols(source=str(source))
    expected = {
        0xFFFFFFFF81000000: ("startup_64", "[kernel]"),
        0xFFFFFFFF8100003F: ("startup_64", "[kernel]"),
        0xFFFFFFFF81000041: ("memmove", "[kernel]"),
        0xFFFFFFFF810001FF: ("last_function", "[kernel]"),
        0xFFFFFFFF83000010: ("init_function", "[kernel]"),
        0xFFFFFFFFC0001001: ("first", "[fat]"),
        0xFFFFFFFFC0002FFF: ("second", "[fat]"),
        0xFFFFFFFFC0100010: ("bpf_prog_0123_sample", "[bpf]"),
    }
    assert {address: symbols.name(address) for address in expected} == {
        address: KernelName(*name) for address, name in expected.items()
    }


@pytest.mark.parametrize(
    "address",
    [0, 0x1000, 0x1001, 0xFFFFFFFF80FFFFFF, 0xFFFFFFFF81000200, 0xFFFFFFFF82000010, 0xFFFFFFFF83000100,
     0xFFFFFFFFBFFFFFFF, 0xFFFFFFFFFF000000, (1 << 64) - 1],
)  # fmt: skip
def test_what_has_no_name(source: Path, address: int) -> None:
    assert KernelSymbols(source=str(source)).name(address) is None


def test_hidden_addresses_are_told(tmp_path: Path) -> None:
    path = tmp_path / "kallsyms"
    path.write_bytes(b"0000000000000000 T _stext\n0000000000000000 t a\n0000000000000000 t b\t[fat]\n")
    symbols = KernelSymbols(source=str(path), cache_folder=tmp_path / "kept")
    assert symbols.name(0xFFFFFFFF81000000) is None
    assert symbols.restricted and symbols.readable
    assert not (tmp_path / "kept").exists()


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    symbols = KernelSymbols(source=str(tmp_path / "nothing"))
    assert symbols.name(0xFFFFFFFF81000000) is None
    assert not symbols.readable


@pytest.mark.parametrize("text", [b"", b"\n", b"garbage", b"\xff\n\0\n", b"zz T a\nyy T b\n", b"ffff T\nffff\n"])
def test_a_list_that_makes_no_sense(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "kallsyms"
    path.write_bytes(text)
    assert KernelSymbols(source=str(path)).name(0xFFFFFFFF81000000) is None


def test_modules_that_come_later_are_found_but_not_sought_all_the_time(source: Path, clock: Clock) -> None:
    symbols = KernelSymbols(source=str(source), clock=clock)
    new = 0xFFFFFFFFC0500000
    assert symbols.name(new) is None
    source.write_bytes(CORE + MODULES + b"ffffffffc0500000 t late\t[late]\n")
    clock.now += REREAD_SECONDS / 2
    assert symbols.name(new) is None
    clock.now += REREAD_SECONDS
    assert symbols.name(new) == KernelName("late", "[late]")
    source.write_bytes(CORE)
    assert symbols.name(0xFFFFFFFFC0001001) == KernelName("first", "[fat]")


def test_the_kept_list(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    KernelSymbols(folder, source=str(source)).name(0xFFFFFFFF81000000)
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    source.write_bytes(MODULES)
    again = KernelSymbols(folder, source=str(source))
    assert again.name(0xFFFFFFFF81000100) == KernelName("last_function", "[kernel]")
    assert again.name(0xFFFFFFFFC0001001) == KernelName("first", "[fat]")
    assert again.name(0xFFFFFFFF81000100) == KernelName("last_function", "[kernel]")


def test_a_kept_list_of_an_earlier_boot_goes(source: Path, tmp_path: Path) -> None:
    old = tmp_path / "kept" / "kallsyms-00000000"
    old.parent.mkdir(mode=0o700)
    old.write_bytes(CORE)
    KernelSymbols(old.parent, source=str(source)).name(0xFFFFFFFF81000000)
    assert not old.exists()


@pytest.mark.parametrize("how", ["writable", "readable", "link", "folder", "broken", "empty"])
def test_a_kept_list_that_is_not_to_be_trusted(source: Path, tmp_path: Path, how: str) -> None:
    folder = tmp_path / "kept"
    KernelSymbols(folder, source=str(source)).name(0xFFFFFFFF81000000)
    (kept,) = folder.iterdir()
    forged = CORE.replace(b"last_function", b"forged_functi")
    kept.write_bytes({"broken": b"\xff garbage\n" * 20, "empty": b""}.get(how, forged))
    if how in ("writable", "readable"):
        kept.chmod(0o662 if how == "writable" else 0o644)
    if how == "folder":
        folder.chmod(0o777)
    if how == "link":
        kept.rename(tmp_path / "elsewhere")
        kept.symlink_to(tmp_path / "elsewhere")
    assert KernelSymbols(folder, source=str(source)).name(0xFFFFFFFF81000100) == KernelName("last_function", "[kernel]")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_kept_list_of_somebody_else(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    KernelSymbols(folder, source=str(source)).name(0xFFFFFFFF81000000)
    (kept,) = folder.iterdir()
    os.chown(kept, 12345, 12345)
    assert kept_text.find(folder) is None
