"""Compiles the programs with bcc and prints the compiled form: run as a child, so that LLVM's memory ends with it.

    python -m icetop.sampler.loader.compile [NAME=VALUE ...]

The compiled form is one JSON object: maps with their types, sizes and layouts; programs as instructions in base64,
in which a map's descriptor stands as the number of the map in `maps`. On failure it is {"error": text}.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .source import FOLDER, PROGRAMS, enums, joined_source

RAW_TRACEPOINTS = frozenset(
    {
        *("follow_forks", "switch_threads", "wake_thread", "wake_new_thread"),
        *("emit_wait", "finish_wait_later", "complete_request"),
    }
)
LOAD_IMMEDIATE_64 = 0x18
MAP_DESCRIPTOR = 1
QUICKER = (
    "-g0",
    "-Xclang",
    "-disable-llvm-passes",
    "-Dbpf_probe_read_user=read_user_memory",
)
"""What halves the time. No debug information: maps' layouts come from the source. bcc optimizes what clang gives it,
so that clang need not. For each call of `bpf_probe_read_user` bcc looks through all names of the kernel, in case it is
one that lacks it: any that has ring buffers does not.
"""
MAP_FIELDS = ("key_size", "leaf_size", "max_entries", "flags", "type")


def compile_programs(options: dict[str, str]) -> dict[str, Any]:
    """The compiled form. Raises ImportError without bcc, and bcc's bare Exception when it cannot compile."""
    import ctypes

    with _kernel_tree():
        import bcc

        for name in ("bpf_table_name", "bpf_table_key_desc_id", "bpf_table_leaf_desc_id"):
            getattr(bcc.lib, name).restype = ctypes.c_char_p
        for name in ("key_size", "leaf_size", "max_entries"):
            getattr(bcc.lib, f"bpf_table_{name}_id").restype = ctypes.c_size_t
        flags = [f"-D{name}={value}" for name, value in {"PAGE_SIZE": "4096", **options}.items()]
        module = bcc.BPF(text=joined_source(), cflags=[*QUICKER, *flags, f"-I{FOLDER / 'include'}"])
    maps = [_describe_map(bcc.lib, module.module, index) for index in range(bcc.lib.bpf_num_tables(module.module))]
    numbers = {found.pop("fd"): number for number, found in enumerate(maps)}
    kinds = {name: "raw_tracepoint" if name in RAW_TRACEPOINTS else "perf_event" for name in PROGRAMS}
    programs = {
        name: {"kind": kind, "code": base64.b64encode(_unbind(module.dump_func(name), numbers)).decode()}
        for name, kind in kinds.items()
    }
    return {"bcc": str(bcc.__version__), "maps": maps, "programs": programs, "enums": enums()}


@contextlib.contextmanager
def _kernel_tree() -> Iterator[None]:
    """A folder that looks like a kernel tree to bcc, with the stub headers as its `include`."""
    with tempfile.TemporaryDirectory(prefix="icetop-") as folder:
        Path(folder, "include").symlink_to(FOLDER / "include")
        os.environ["BCC_KERNEL_SOURCE"] = folder
        yield


def _describe_map(lib: Any, module: Any, index: int) -> dict[str, Any]:
    found: dict[str, Any] = {field: int(getattr(lib, f"bpf_table_{field}_id")(module, index)) for field in MAP_FIELDS}
    found["name"] = lib.bpf_table_name(module, index).decode()
    found["fd"] = int(lib.bpf_table_fd_id(module, index))
    for side in ("key", "leaf"):
        text = getattr(lib, f"bpf_table_{side}_desc_id")(module, index)
        found[f"{side}_layout"] = json.loads(text) if text else None
    return found


def _unbind(code: bytes, numbers: dict[int, int]) -> bytes:
    """The instructions with the number of a map where its descriptor stood."""
    unbound = bytearray(code)
    for place in range(0, len(code), 8):
        operation, registers, _, value = struct.unpack_from("=BBhi", code, place)
        if operation == LOAD_IMMEDIATE_64 and registers >> 4 == MAP_DESCRIPTOR:
            struct.pack_into("=i", unbound, place + 4, numbers[value])
    return bytes(unbound)


def main() -> None:
    """Print the compiled form, or what went wrong. bcc writes the compiler's complaints to stderr."""
    options = dict(argument.split("=", 1) for argument in sys.argv[1:])
    try:
        answer = compile_programs(options)
    except ImportError as error:
        answer = {"error": str(error), "missing": "bcc"}
    except Exception as error:  # bcc raises bare Exception
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
