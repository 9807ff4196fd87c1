"""Stacks of arm64, from a program that was single-stepped on an emulated machine: signed return addresses, leaves,
frames half set up and half taken down, functions without frame pointers. Each stop has the calls really made."""

from __future__ import annotations

import base64
import ctypes
import gzip
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from icetop.profiles.vocabulary import StackEnd
from icetop.sampler.loader.source import FOLDER
from icetop.symbols.elf_file import ElfFile
from icetop.symbols.plt_table import read_plt_table
from icetop.symbols.raw_bytes import MemoryBytes
from icetop.unwinding.frame_pointers import Keeps, keeps_at, true_stack
from icetop.unwinding.table import UnwindTable

RECORDED: dict[str, Any] = json.loads(gzip.decompress((Path(__file__).parent / "arm64_stops.json.gz").read_bytes()))
ELF = ElfFile(MemoryBytes(gzip.decompress(base64.b64decode(RECORDED["program"]))))
USER_ADDRESSES = (1 << 48) - 1
HEADERS = ("types.h", "futex.h", "arch_arm64.h", "native_walk.h", "frame_pointers.h")

BEFORE = """
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long u64;
typedef short s16; typedef int s32; typedef long s64;
static const u64 (*memory)[3];
static int records;
static long bpf_probe_read_user(void *into, u32 size, void *from)
{
    for (int index = 0; index < records; index++)
        if (memory[index][0] == (u64)from)
            return memcpy(into, &memory[index][1], size), 0;
    return -14;
}
"""
AFTER = """
int walk_all(struct registers *registers, u64 mask, const u64 (*given)[3], int number, u64 *frames, u32 *end)
{
    static struct stack_event event;
    struct walk walk = {};
    struct settings settings = {.address_mask = mask};
    memory = given;
    records = number;
    event.user_frames = 0;
    begin_walk(&walk, registers, &event);
    for (*end = GO_ON; *end == GO_ON; walk.depth++) {
        push_user_frame(&event, &walk);
        *end = step(&walk, &settings);
    }
    memcpy(frames, event.frames, event.user_frames * sizeof(u64));
    return event.user_frames;
}
"""
Walker = Callable[[dict[str, Any]], list[int]]


@pytest.fixture(scope="module")
def walker(tmp_path_factory: pytest.TempPathFactory) -> Walker:
    """The kernel's walker, compiled for this machine, over the memory of a stop."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc")
    folder = tmp_path_factory.mktemp("walker")
    texts = [re.sub(r'#include ".*"|#pragma once', "", (FOLDER / name).read_text()) for name in HEADERS]
    (folder / "walker.c").write_text("\n".join([BEFORE, *texts, AFTER]))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "walker.so", folder / "walker.c"], check=True)
    library = ctypes.CDLL(str(folder / "walker.so"))

    def walk(stop: dict[str, Any]) -> list[int]:
        registers = (ctypes.c_uint64 * 36)(*[0] * 29, stop["x29"], stop["x30"], stop["sp"], stop["pc"])
        flat = [word for record in stop["records"] for word in record]
        frames, end = (ctypes.c_uint64 * 64)(), ctypes.c_uint32()
        number = library.walk_all(
            registers, ctypes.c_uint64(USER_ADDRESSES), (ctypes.c_uint64 * len(flat))(*flat), len(stop["records"]),
            frames, ctypes.byref(end),
        )  # fmt: skip
        return list(frames[:number])

    return walk


class Code:
    """The program where it lay, and nothing known of the C library."""

    table = UnwindTable(ELF, Counter())

    def keeps(self, address: int) -> Keeps:
        inside = RECORDED["start"] <= address < RECORDED["end"]
        return keeps_at(self.table, address - RECORDED["start"]) if inside else Keeps.UNKNOWN


def test_every_instruction_of_a_program_has_its_true_callers(walker: Walker) -> None:
    found: Counter[StackEnd] = Counter()
    for stop in RECORDED["stops"]:
        stack, end = true_stack(walker(stop), Code(), StackEnd.NO_FRAME_POINTER)
        calls = stop["calls"]
        cut = len(stack) < len(calls)
        assert stack[: len(calls)] == calls[: len(stack)], (hex(stop["pc"] - RECORDED["start"]), stack, calls)
        assert not cut or end is StackEnd.NO_FRAME_POINTER
        found["cut" if cut else "whole"] += 1
    # One function was compiled without frame pointers: where it runs, or what it called, its callers are not known.
    assert found["whole"] > 240 and 0 < found["cut"] <= 10, found


def test_without_call_frame_information_the_link_register_is_not_believed(walker: Walker) -> None:
    """It mostly holds an address of a call that is over."""

    class Unknown:
        def keeps(self, address: int) -> Keeps:
            return Keeps.UNKNOWN

    stop = next(stop for stop in RECORDED["stops"] if len(stop["calls"]) > 4)
    walked = walker(stop)
    assert walked[1] == stop["x30"] & USER_ADDRESSES
    stack, end = true_stack(walked, Unknown(), StackEnd.NO_FRAME_POINTER)
    assert stack == [walked[0], *walked[2:]] and end is StackEnd.NO_FRAME_POINTER


def test_the_walk_ends_where_the_frame_pointer_leads_nowhere(walker: Walker) -> None:
    pc, sp, link = 0xAAAA00001000, 0xFFFF00001000, 0x7F_AAAA00002000
    for wrong in (0, sp - 16, sp + 4, sp + 4096):
        stop = {"pc": pc, "sp": sp, "x29": wrong, "x30": link, "records": [[sp - 16, sp, pc], [sp + 4, sp, pc]]}
        assert walker(stop) == [pc, link & USER_ADDRESSES]
    loop = {"pc": pc, "sp": sp, "x29": sp, "x30": link, "records": [[sp, sp, pc]]}
    assert walker(loop) == [pc, link & USER_ADDRESSES, pc], "a record that is its own caller"


def test_stubs_and_starts_of_threads_are_known() -> None:
    table = Code.table
    plt, text = (next(part for part in ELF.sections if part.name == name) for name in (".plt", ".text"))
    names = read_plt_table(ELF)
    assert names is not None and keeps_at(table, plt.offset + 32) is Keeps.LINK
    assert {names.find(plt.address + 32 + 16 * number) for number in range(40)} >= {b"qsort@plt", b"raise@plt"}
    start = int.from_bytes(ELF.data.read(24, 8), "little") + 8
    assert text.address <= start < text.address + text.size
    assert keeps_at(table, start - text.address + text.offset) is Keeps.NOWHERE
    assert true_stack([start + RECORDED["start"], 1, 2, 3], Code(), StackEnd.NO_FRAME_POINTER) == (
        [start + RECORDED["start"]],
        StackEnd.COMPLETE,
    )
