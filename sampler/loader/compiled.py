"""The compiled form of the programs: taken from where it is kept, or made by a child that has bcc."""

from __future__ import annotations

import base64
import ctypes
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .kept import Keeper
from .layouts import UnknownLayout, layout
from .source import identity, joined_source

COMPILE_SECONDS = 120


class CannotCompile(Exception):
    """There is no compiled form and none could be made. `missing` names what is not installed (`bcc`) or is empty."""

    def __init__(self, reason: str, missing: str = "") -> None:
        super().__init__(reason)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class MapForm:
    """A map as compiled: `key` and `value` are ctypes types, None where the map has none (ring buffer)."""

    name: str
    kind: int
    key_size: int
    value_size: int
    entries: int
    flags: int
    key: type[Any] | None
    value: type[Any] | None


@dataclass(frozen=True, slots=True)
class CompiledForm:
    """Maps, programs as (kind, instructions), the enums of types.h, and the version of bcc that made them."""

    bcc: str
    maps: tuple[MapForm, ...]
    programs: Mapping[str, tuple[str, bytes]]
    enums: Mapping[str, Mapping[str, int]]
    kept: bool


def compiled_form(keeper: Keeper, options: Mapping[str, str], stage: Callable[[str], None]) -> CompiledForm:
    """The compiled form for these options, compiled anew when source, options or bcc changed.

    Raises CannotCompile.
    """
    name = f"programs-{identity(joined_source(), options)}"
    installed = installed_bcc()
    kept = keeper.read(name)
    if kept is not None and (not installed or kept.get("installed") == installed):
        try:
            return parse(kept, kept=True)
        except (UnknownLayout, KeyError, TypeError, ValueError) as error:
            keeper.complaints.append(f"a kept file is not used: {name}.json: it is damaged ({error})")
    stage("compiling")
    found = _compile(options)
    found["installed"] = installed
    form = parse(found, kept=False)
    keeper.write(name, found)
    return form


def choices_for(has_task_pt_regs: object) -> dict[str, str]:
    """What the programs are compiled with for kernels that have that helper, 5.15 and newer, or lack it."""
    return {} if has_task_pt_regs else {"NO_TASK_PT_REGS": "1"}


def parse(found: dict[str, Any], *, kept: bool) -> CompiledForm:
    """A compiled form from its JSON. Raises UnknownLayout, KeyError, TypeError or ValueError when it is damaged."""
    maps = tuple(_map_form(described) for described in found["maps"])
    programs = {
        str(name): (str(program["kind"]), base64.b64decode(program["code"], validate=True))
        for name, program in found["programs"].items()
    }
    if not programs or any(not code or len(code) % 8 for _, code in programs.values()):
        raise ValueError("instructions are cut short")
    return CompiledForm(str(found["bcc"]), maps, programs, found["enums"], kept)


def installed_bcc() -> str:
    """What identifies the bcc that is installed, without importing it; empty when there is none."""
    from importlib.machinery import PathFinder
    from pathlib import Path

    found = PathFinder.find_spec("bcc")
    if found is None or not found.origin:
        return ""
    version = Path(found.origin).with_name("version.py")
    try:
        return f"{version.read_text().strip()[-200:]} {version.stat().st_mtime_ns}"
    except OSError:
        return ""


def _map_form(described: dict[str, Any]) -> MapForm:
    return MapForm(
        name=str(described["name"]),
        kind=int(described["type"]),
        key_size=int(described["key_size"]),
        value_size=int(described["leaf_size"]),
        entries=int(described["max_entries"]),
        flags=int(described["flags"]),
        key=_side(described, "key"),
        value=_side(described, "leaf"),
    )


def _side(described: dict[str, Any], side: str) -> type[Any] | None:
    """The type of a map's keys or values; a ring buffer has neither."""
    size = int(described[f"{side}_size"])
    if not size:
        return None
    found = layout(described[f"{side}_layout"])
    if ctypes.sizeof(found) != size:
        raise ValueError(f"the layout of map {described['name']} does not add up")
    return found


def _compile(options: Mapping[str, str]) -> dict[str, Any]:
    import subprocess

    command = [sys.executable, "-m", f"{__package__}.compile", *(f"{k}={v}" for k, v in sorted(options.items()))]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=COMPILE_SECONDS, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        raise CannotCompile(f"the compiler did not end within {COMPILE_SECONDS} s") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise CannotCompile(f"the compiler ended with status {done.returncode}") from None
    if "error" in answer:
        complaint = next((line for line in done.stderr.decode(errors="replace").splitlines() if "error" in line), "")
        raise CannotCompile(complaint or str(answer["error"]), str(answer.get("missing", "")))
    return dict(answer)
