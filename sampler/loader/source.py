"""The C of `bpf/` as one text: bcc rewrites only what stands in the file it is given."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from .processor import HERE, Processor

FOLDER = Path(__file__).resolve().parent.parent.parent / "bpf"
PROGRAMS = (
    "sample",
    "walk_native",
    "walk_frames",
    "walk_python",
    "finish_later",
    "emit",
    "follow_forks",
    "switch_threads",
    "wake_thread",
    "wake_new_thread",
    "emit_wait",
    "finish_wait_later",
    "complete_request",
)
READ_MEMORY = """#undef bpf_probe_read_kernel
#undef bpf_probe_read_user
#define bpf_probe_read_user read_user_memory
"""
"""Where it may not read the kernel's names, bcc takes these functions to be missing and puts an older one in their
place; the name is that of `compile.QUICKER`."""
_INCLUDE = re.compile(r'^#include "([a-z0-9_]+\.h)"$', re.MULTILINE)


def joined_source(folder: Path = FOLDER, processor: Processor = HERE) -> str:
    """All programs with the headers they include, each once, in the order in which they are needed.

    For `arch.h` and `step.h` stand the processor's own.
    """
    seen: set[str] = set()

    def expand(name: str) -> str:
        if name in seen:
            return ""
        seen.add(name)
        name = processor.headers.get(name, name)
        text = (folder / name).read_text().replace("#pragma once\n", "")
        return f'#line 1 "{name}"\n' + _INCLUDE.sub(lambda found: expand(found.group(1)), text)

    prelude = READ_MEMORY + "#include <uapi/linux/types.h>\n"
    prelude += "#define offsetof(type, member) __builtin_offsetof(type, member)\n"
    return prelude + "".join(expand(f"{name}.bpf.c") for name in PROGRAMS)


def enums(folder: Path = FOLDER) -> dict[str, dict[str, int]]:
    """The enums of types.h by name, so that Python does not restate their values."""
    found: dict[str, dict[str, int]] = {}
    text = re.sub(r"/\*.*?\*/", "", (folder / "types.h").read_text(), flags=re.DOTALL)
    for name, body in re.findall(r"^enum (\w+) \{(.*?)\};", text, flags=re.MULTILINE | re.DOTALL):
        value, members = 0, found.setdefault(name, {})
        for member in filter(None, (part.strip() for part in body.split(","))):
            word, _, given = (part.strip() for part in member.partition("="))
            value = int(given, 0) if given else value
            members[word] = value
            value += 1
    return found


def identity(source: str, options: Mapping[str, str]) -> str:
    """What a compiled form is kept under: a hash of the source, the options and the stub headers."""
    digest = hashlib.sha256(source.encode())
    digest.update(repr(sorted(options.items())).encode())
    for header in sorted((FOLDER / "include").rglob("*.h")):
        digest.update(header.read_bytes())
    return digest.hexdigest()[:24]
